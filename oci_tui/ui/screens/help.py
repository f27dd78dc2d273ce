"""The help screen: every key and what it does, made from the table of keys."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from oci_tui.ui.keys import KEYS
from oci_tui.ui.slash import SLASHES


class HelpScreen(ModalScreen[None]):
    """Closed by Escape, q or F1."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 70%; }
    HelpScreen > VerticalScroll {
        width: 86; max-width: 100%; height: auto; max-height: 100%; padding: 1 2; background: $surface; border: none;
        scrollbar-size-vertical: 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark", "dismiss", show=False)]

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._text(), markup=False)

    def _text(self) -> Content:
        column = 22
        lines: list[Content] = []
        for group in dict.fromkeys(key.group for key in KEYS):
            lines.append(Content.assemble((group, "bold $accent")))
            for key in KEYS:
                if key.group == group:
                    wide = cell_len(key.shown) > column
                    pad = "\n" + " " * (column + 2) if wide else " " * (column - cell_len(key.shown))
                    lines.append(Content.assemble("  ", (key.shown, "bold"), pad, (key.does, "$ink-muted")))
            lines.append(Content(""))
        lines.append(Content.assemble(("Commands", "bold $accent")))
        for slash in SLASHES:
            name = f"/{slash.name} {slash.takes}".ljust(column)
            lines.append(Content.assemble("  ", (name, "bold"), (slash.does, "$ink-muted")))
        lines.append(Content(""))
        lines.append(Content.assemble(("Esc closes this.", "$ink-faint")))
        return Content("\n").join(lines)
