"""A page over the workbench: a list, what is known of the row under the cursor, a line to type in, and the hints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen

from oci_tui.ui.panes.ask_line import AskLine
from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.frame import Frame, Hints
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.rows import RowsPane, TextPane
from oci_tui.ui.panes.search_line import SearchLine

_WIDE = 100
_CLOSE = (("Esc", "close"), ("/", "search"), ("F1", "help"))


class Page(Screen[None]):
    """Side by side where there is room, else one below the other. `HINTS` are the keys of the list."""

    LABEL: ClassVar[str]
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    DEFAULT_CSS = """
    Page { background: $background; layout: vertical; }
    Page #page { height: 1fr; layout: vertical; }
    Page #detail-frame { height: 40%; min-height: 3; }
    Page.wide #page { layout: horizontal; }
    Page.wide #detail-frame { height: 1fr; width: 48%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", show=False),
        Binding("question_mark", "app.help", show=False),
    ]
    AUTO_FOCUS = "#rows"

    def __init__(self, rows: RowsPane) -> None:
        super().__init__()
        self.rows = rows
        self.detail = TextPane("About it", id="detail")
        self.ask_line = AskLine(id="ask")
        self._search = SearchLine()
        self._hints = Hints()

    def compose(self) -> ComposeResult:
        with Container(id="page"):
            yield Frame(self.rows)
            yield Frame(self.detail)
        yield self.ask_line
        yield self._search
        yield self._hints

    def say(self, text: str, *, bad: bool = False) -> None:
        """A passing word, in the line of hints."""
        self._hints.say(text, "$warning" if bad else "$foreground")

    def list_rows(self, width: int) -> Sequence[Spans]:
        """The lines of the list."""
        raise NotImplementedError

    def detail_rows(self, width: int) -> Sequence[Spans]:
        """What is known of the row under the cursor."""
        raise NotImplementedError

    def redraw(self) -> None:
        """The list and what is known of its row, as they are now."""
        self.rows.tell(self.list_rows)
        self.detail.tell(self.detail_rows)

    def action_close(self) -> None:
        self.dismiss(None)

    def on_mount(self) -> None:
        self._hints.pairs = (*self.HINTS, *_CLOSE)
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "wide")

    @on(RowsPane.Moved)
    def _moved(self) -> None:
        self.detail.tell(self.detail_rows)

    @on(CursorPane.Asked)
    def _asked(self, message: CursorPane.Asked) -> None:
        self._search.search_in(message.pane)

    @on(SearchLine.Missed)
    def _missed(self, message: SearchLine.Missed) -> None:
        self.say(f"nothing here has {message.text!r}")

    @on(CursorPane.Copied)
    def _copied(self, message: CursorPane.Copied) -> None:
        self.app.copy_to_clipboard(message.text)
        self.say("copied")
