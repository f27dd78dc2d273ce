"""A pane that is only read: its keys scroll it, and it has no cursor."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from oci_tui.ui import keys
from oci_tui.ui.panes.lines import LinePane


class ReadPane(LinePane):
    """Shows what it has from the first line on, whatever happens meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = keys.of(keys.MOVING)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.following = False

    def action_move(self, step: int) -> None:
        """So many rows down, or up."""
        self.scroll_relative(y=step, animate=False)
