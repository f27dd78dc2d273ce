"""The time line: what the session remembers, the newest first; a round of it is gone back to, or only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from oci_tui.core.changes import Kept
from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys
from oci_tui.ui.screens.choosing import ChoosingList, ChoosingScreen
from oci_tui.ui.wording import moment

_SIGNS = {"round": "●", "accepted": "✓", "undone": "↶", "dropped": "✗", "committed": "◆"}


class Wanted(NamedTuple):
    """A round by its number in the session: to go back to, or only to `look` at."""

    number: int
    look: bool = False


class TimelineScreen(ChoosingScreen[Wanted | None]):
    """Ends with what is wanted of which round, None to stay."""

    DEFAULT_CSS = """
    TimelineScreen { align: center middle; }
    TimelineScreen > Vertical { width: 90; max-width: 100%; height: auto; max-height: 90%; padding: 1 2; background: $surface; }
    TimelineScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    TimelineScreen.-short > Vertical { padding: 0 1; max-height: 100%; }
    TimelineScreen.-short Choices { margin: 0; }
    """

    GROUP = "Time line"
    OFFERED = (
        ("time-line.choose", "goes back to a round: the mirror does, not your files"),
        ("time-line.look", "shows it"),
        ("time-line.leave", "stays"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*keys.of(GROUP), keys.closing("timeline", "dismiss(None)")]

    def __init__(self, kept: Sequence[Kept]) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]
        self._kept = list(reversed(kept))

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.choices()
            yield ChoosingList(*(self._row(kept) for kept in self._kept))

    @staticmethod
    def _row(kept: Kept) -> Option:
        what = f"{kept.kind} {kept.number}"
        said = Content.assemble(f"{_SIGNS[kept.kind]} ", f"{moment(kept.at)}  ", f"{what:<12}", visible_line(kept.rest()))
        return Option(said, disabled=kept.kind != "round")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Wanted(self._kept[event.option_index].number))

    def action_look(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(Wanted(self._kept[place].number, look=True))
