"""A screen over the others on which one of a few things is chosen from a list."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from oci_tui.ui import keys
from oci_tui.ui.panes.choices import Choices, offered

Chosen = TypeVar("Chosen")


class ChoosingList(OptionList, inherit_bindings=False):
    """The list. Its keys are those of every pane; which of them takes a row is the screen's to say."""

    BINDINGS: ClassVar[list[BindingType]] = keys.of(keys.MOVING)

    def __init__(self, *options: Option) -> None:
        super().__init__(*options, markup=False)

    def action_move(self, step: int) -> None:
        """A row down or up; with more than one to the end."""
        match step:
            case 1:
                self.action_cursor_down()
            case -1:
                self.action_cursor_up()
            case _ if step > 0:
                self.action_last()
            case _:
                self.action_first()


class ChoosingScreen(ModalScreen[Chosen]):
    """Its keys are those of `GROUP`; `OFFERED` is what is said of them, each to be clicked."""

    GROUP: ClassVar[str] = ""
    OFFERED: ClassVar[tuple[tuple[str, str], ...]] = ()

    DEFAULT_CSS = """
    ChoosingScreen { background: $background 70%; }
    ChoosingScreen OptionList, ChoosingScreen OptionList:focus {
        height: auto; max-height: 100%; border: none; background: $surface; padding: 0;
    }
    ChoosingScreen Choices { color: $ink-muted; margin: 0 0 1 0; }
    """

    def choices(self) -> Choices:
        """What can be done here."""
        return Choices(offered(self.OFFERED, keys.keymap_of(self.app)))

    def dismiss(self, result: Chosen | None = None) -> AwaitComplete:
        """End with this, once: of two keys in one read the first counts, and Textual would take the screen below away too."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def action_choose(self) -> None:
        """Take the row that is marked."""
        self.query_one(OptionList).action_select()
