"""A screen with panes that are searched and copied from, and a line that says what came of it."""

from __future__ import annotations

from textual import on
from textual.screen import Screen

from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.frame import Hints
from oci_tui.ui.panes.search_line import SearchLine


class SearchingScreen(Screen[None]):
    """Its own `compose` puts the line to search in and the hints where they belong."""

    def __init__(self) -> None:
        super().__init__()
        self._search = SearchLine()
        self._hints = Hints()

    def say(self, text: str, *, bad: bool = False, again: str = "") -> None:
        """A passing word, in the line of hints; `again` is the key that does this when it is pressed once more."""
        self._hints.say(f"{again} again {text}" if again else text, "$warning" if bad or again else "$foreground", again)

    @on(CursorPane.Asked)
    def _asked(self, message: CursorPane.Asked) -> None:
        self._search.search_in(message.pane)

    @on(SearchLine.Missed)
    def _missed(self, message: SearchLine.Missed) -> None:
        self.say(f"nothing here has {message.text!r}")

    @on(CursorPane.Copied)
    def _copied(self, message: CursorPane.Copied) -> None:
        self.app.copy_to_clipboard(message.text)
