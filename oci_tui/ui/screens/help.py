"""The help screen: every key and what it does, those of the focused pane first, with the names that settings call them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from oci_tui.ui.keys import EVERY_PANE, KEYS, shown_all
from oci_tui.ui.slash import SLASHES


class HelpScreen(ModalScreen[None]):
    """Closed by Escape, q or F1."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 70%; }
    HelpScreen > VerticalScroll {
        width: 100; max-width: 100%; height: auto; max-height: 100%; padding: 1 2; background: $surface; border: none;
        scrollbar-size-vertical: 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark", "dismiss", show=False)]

    def __init__(self, group: str, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._first = group
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._text(), markup=False)

    def _text(self) -> Content:
        column = 22
        lines: list[Content] = []
        first = [self._first, *([] if self._first == "Prompt" else [EVERY_PANE])]
        for group in dict.fromkeys([*first, *(key.group for key in KEYS)]):
            lines.append(Content.assemble((group, "bold $accent")))
            for key in KEYS:
                if key.group == group:
                    keys = shown_all(key, self._keymap)
                    pad = " " * max(1, column - cell_len(keys))
                    name = (f"  {key.id}" if key.keys else "", "$ink-faint")
                    lines.append(Content.assemble("  ", (keys, "bold"), pad, (key.does, "$ink-muted"), name))
            lines.append(Content(""))
        lines.append(Content.assemble(("Commands", "bold $accent")))
        for slash in SLASHES:
            typed = f"/{slash.name} {slash.takes}".ljust(column)
            lines.append(Content.assemble("  ", (typed, "bold"), (slash.does, "$ink-muted")))
        lines.append(Content(""))
        lines.append(
            Content.assemble(
                ("Esc closes this. [ui.keys] in the settings gives an action other keys: f9, leader g.", "$ink-faint")
            )
        )
        return Content("\n").join(lines)
