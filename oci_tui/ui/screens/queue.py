"""The queue: the prompts that wait, each to be taken back into the box or dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from oci_tui.core.terminal import visible_line


class QueueScreen(ModalScreen[str]):
    """Ends with the prompt that was taken back, "" for none; `take` has the one at a place wait no more, and says what it was.

    `show` what waits whenever that changes.
    """

    DEFAULT_CSS = """
    QueueScreen { align: center bottom; background: $background 70%; }
    QueueScreen > Vertical { width: 100%; height: auto; max-height: 90%; padding: 0 1; background: $surface; }
    QueueScreen OptionList, QueueScreen OptionList:focus {
        height: auto; max-height: 100%; border: none; background: $surface; padding: 0;
    }
    QueueScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    QueueScreen Label { width: 100%; height: auto; color: $ink-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss('')", show=False),
        Binding("d,delete", "drop", show=False),
    ]

    def __init__(self, waiting: Sequence[str], take: Callable[[int], str]) -> None:
        super().__init__()
        self._waiting = list(waiting)
        self._take = take
        self._ending = False
        self._list = OptionList(markup=False)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label("Enter takes one back into the box · d drops it · Esc leaves", markup=False)
            yield self._list

    def on_mount(self) -> None:
        self._fill(len(self._waiting) - 1)

    def show(self, waiting: Sequence[str]) -> None:
        """These wait now; the highlight stays on its prompt where that still waits."""
        if self._ending:
            return
        begun = len(self._waiting) - len(waiting) if self._waiting[-len(waiting) :] == [*waiting] else 0
        place = (self._list.highlighted or 0) - begun
        self._waiting = [*waiting]
        self._fill(min(max(place, 0), len(waiting) - 1))
        self._end_if_empty()

    def on_screen_resume(self) -> None:
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        # Textual takes away whichever screen is on top; one that came over this one stays
        if not self._waiting and self.app.screen is self and not self._ending:
            self._ending = True
            self.dismiss("")

    def _fill(self, place: int) -> None:
        self._list.set_options(
            Option(Content.assemble((f"{number:>3}  ", "$ink-faint"), visible_line(prompt)))
            for number, prompt in enumerate(self._waiting, 1)
        )
        self._list.highlighted = place if place >= 0 else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        # one of a list that was there before is none that waits at this place
        if event.option in self._list.options and self.app.screen is self:
            self._ending = True
            self.dismiss(self._take(self._list.options.index(event.option)))

    def action_drop(self) -> None:
        if self._list.highlighted is not None:
            self._take(self._list.highlighted)
