"""The help screen: every key and what it does, those of the focused pane first, with the names that settings call them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from oci_tui.ui.keys import EVERY_PANE, KEYS, MOVING, of, shown_all
from oci_tui.ui.panes.choices import Choices, offered
from oci_tui.ui.slash import SLASHES
from oci_tui.ui.wording import wrap

_WRITTEN_IN = ("Prompt", "Code, edited", "Line")
"""Where keys are text: none moves."""
_ASKING = ("Command", "Conflict", "Time line", "Themes", "Queue")
"""Where there is something to answer, and nothing to search in."""
_AROUND, _COLUMN, _INDENT, _WIDE = 5, 24, 6, 60


class HelpText(VerticalScroll, inherit_bindings=False):
    """What scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = of(MOVING)

    def action_move(self, step: int) -> None:
        """So many rows down, or up."""
        self.scroll_relative(y=step, animate=False)


class HelpScreen(ModalScreen[None]):
    """Begins with the keys of `group`, and those that hold beside them."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 70%; }
    HelpScreen > VerticalScroll {
        width: 100; max-width: 100%; height: auto; max-height: 100%; padding: 1 2; background: $surface; border: none;
        scrollbar-size-vertical: 1;
    }
    HelpScreen Choices { color: $ink-faint; margin: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = of("Help")

    def __init__(self, group: str, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._first = group
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        with HelpText():
            yield Static(markup=False)
            yield Choices(offered([("help.leave", "closes this")], self._keymap))

    def on_resize(self, _event: events.Resize) -> None:
        scroll = self.query_one(VerticalScroll)
        self.query_one(Static).update(self._text(min(scroll.size.width, self.size.width) - _AROUND))

    def _text(self, width: int) -> Content:
        lines: list[Content] = []
        beside = () if self._first in _WRITTEN_IN else (MOVING,) if self._first in _ASKING else (MOVING, EVERY_PANE)
        first = (self._first, *beside)
        for group in dict.fromkeys([*first, *(key.group for key in KEYS)]):
            lines.append(Content.assemble((group, "bold $accent")))
            for key in KEYS:
                if key.group == group:
                    lines += _rows(shown_all(key, self._keymap), key.does, key.id if key.keys else "", width)
            lines.append(Content(""))
        lines.append(Content.assemble(("Commands", "bold $accent")))
        for slash in SLASHES:
            lines += _rows(f"/{slash.name} {slash.takes}", slash.does, "", width)
        lines.append(Content(""))
        ends = "[ui.keys] in the settings gives an action other keys: f9, leader g."
        lines += [Content.styled(row, "$ink-faint") for row in wrap(ends, width)]
        return Content("\n").join(lines)


def _rows(typed: str, does: str, name: str, width: int) -> list[Content]:
    """What is typed, and beside it what that does and its name, in as many rows as they take; narrow ones below."""
    column = _COLUMN if width >= _WIDE else _INDENT
    beside = width >= _WIDE or cell_len(typed) <= _INDENT - 3
    said = wrap(does, width - column)
    if name and cell_len(said[-1]) + 2 + cell_len(name) > width - column:
        said.append("")
    pads = [" " * max(1, column - 2 - cell_len(typed))] if beside else []
    head = Content.assemble("  ", (typed, "bold"), *pads)
    if beside and head.cell_length > column and cell_len(said[0]) + head.cell_length > width:
        said = ["", *said]
    rows = [Content.styled(row, "$ink-muted") for row in said]
    if name:
        rows[-1] = Content.assemble(rows[-1], "  " if said[-1] else "", (name, "$ink-faint"))
    under = [Content.assemble(" " * column, row) for row in rows]
    return [Content.assemble(head, rows[0]), *under[1:]] if beside else [head, *under]
