"""The theme screen: each theme is shown on the whole app while it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from oci_tui.ui import keys
from oci_tui.ui.screens.choosing import ChoosingList, ChoosingScreen


class ThemeScreen(ChoosingScreen[str]):
    """Ends with the name of the chosen theme, with the one before when the person left."""

    DEFAULT_CSS = """
    ThemeScreen { align: right top; background: $background 0%; }
    ThemeScreen > Vertical { width: 34; height: auto; max-height: 80%; padding: 1 2; background: $surface; }
    """

    GROUP = "Themes"
    OFFERED = (("themes.choose", "takes it"), ("themes.leave", "leaves"))
    BINDINGS: ClassVar[list[BindingType]] = keys.of(GROUP)

    def __init__(self, names: Sequence[str], before: str) -> None:
        super().__init__()
        self._names = sorted(names)
        self._before = before

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.choices()
            yield ChoosingList(*(Option(name, id=name) for name in self._names))

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self._names.index(self._before)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if self.is_active:
            self.app.theme = str(event.option.id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(str(event.option.id))

    def action_leave(self) -> None:
        if self.is_active:
            self.app.theme = self._before
            self.dismiss(self._before)
