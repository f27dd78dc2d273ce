"""The line in which a person types what to search for in a pane."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.cursor import CursorPane


class SearchLine(Input):
    """Shown while something is typed; Enter searches, Escape goes back to the pane."""

    class Missed(Message):
        """The pane has nothing like `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    DEFAULT_CSS = """
    SearchLine, SearchLine:focus { display: none; height: 1; border: none; padding: 0 1; background: $bar-background; }
    SearchLine.asked { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self) -> None:
        super().__init__(id="search", compact=True)
        self._pane: CursorPane | None = None

    def ask(self, pane: CursorPane) -> None:
        """Take what to search for in this pane."""
        self._pane = pane
        self.placeholder = f"search in {pane.LABEL} (Enter finds, n and N go on, Esc leaves)"
        self.value = ""
        self.add_class("asked")
        self.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        pane = self._pane
        self.action_leave()
        if pane is not None and not pane.search(self.value):
            self.post_message(self.Missed(self.value))

    def action_leave(self) -> None:
        self.remove_class("asked")
        if self._pane is not None:
            self._pane.focus()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(visible_line(event.text.splitlines()[0] if event.text else ""))
