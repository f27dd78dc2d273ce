"""The queue: the prompts that wait, each to be taken back into the box or dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys
from oci_tui.ui.screens.choosing import ChoosingList, ChoosingScreen


class QueueScreen(ChoosingScreen[str]):
    """Ends with the prompt that was taken back, "" for none; `take` has the one at a place wait no more, and says what it was.

    `show` what waits whenever that changes.
    """

    DEFAULT_CSS = """
    QueueScreen { align: center bottom; }
    QueueScreen > Vertical { width: 100%; height: auto; max-height: 90%; padding: 0 1; background: $surface; }
    QueueScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    QueueScreen Choices { margin: 0; }
    """

    GROUP = "Queue"
    OFFERED = (("queue.choose", "takes one back into the box"), ("queue.drop", "drops it"), ("queue.leave", "leaves"))
    BINDINGS: ClassVar[list[BindingType]] = keys.of(GROUP)

    def __init__(self, waiting: Sequence[str], take: Callable[[int], str]) -> None:
        super().__init__()
        self._waiting = list(waiting)
        self._take = take
        self._ending = False
        self._list = ChoosingList()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.choices()
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
