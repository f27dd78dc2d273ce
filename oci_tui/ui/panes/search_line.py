"""The line in which a person types what to search for in a pane."""

from __future__ import annotations

from textual.message import Message
from textual.widget import Widget

from oci_tui.ui import keys
from oci_tui.ui.panes.ask_line import AskLine
from oci_tui.ui.panes.cursor import CursorPane


class SearchLine(AskLine):
    """Enter searches, Escape goes back to the pane."""

    class Missed(Message):
        """The pane has nothing like `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="search")

    def search_in(self, pane: CursorPane) -> None:
        """Take what to search for in this pane."""
        names = ("line.take", "every-pane.next", "every-pane.previous", "line.leave")
        finds, on, back, leaves = (keys.hint(name, keys.keymap_of(self.app)) for name in names)
        self.ask(f"search in {pane.LABEL} ({finds} finds, {on} and {back} go on, {leaves} leaves)", pane, self._find)

    def move(self, pane: Widget, to: Widget) -> None:
        """What is searched in this pane, if it is, is searched in the other."""
        if self._back is pane:
            self._back = to

    def _find(self, text: str) -> bool:
        if isinstance(self._back, CursorPane) and not self._back.search(text):
            self.post_message(self.Missed(text))
        return True
