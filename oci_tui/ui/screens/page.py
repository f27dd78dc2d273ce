"""A page over the workbench: its panes, a line to type in, and the hints; most have a list and what is known of its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from oci_tui.ui import keys
from oci_tui.ui.panes.ask_line import AskLine
from oci_tui.ui.panes.frame import Frame
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.progress import ProgressLines
from oci_tui.ui.panes.rows import RowsPane, TextPane
from oci_tui.ui.screens.searching import SearchingScreen
from oci_tui.ui.work import Work

_WIDE = 100
_CLOSE = (("page.close", "close"), ("every-pane.search", "search"), ("help", "help"))


class Page(SearchingScreen):
    """Panes side by side where there is room, else one below the other. `HINTS` are the keys of the first one."""

    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()
    DEFAULT_CSS = """
    Page { background: $background; layout: vertical; }
    Page #page { height: 1fr; layout: vertical; }
    Page.wide #page { layout: horizontal; }
    Page.wide.stacked #page { layout: vertical; }
    """
    BINDINGS: ClassVar[list[BindingType]] = keys.of("Page")
    AUTO_FOCUS = "TextPane"

    def __init__(self, *panes: TextPane, progress: Work | None = None) -> None:
        super().__init__()
        self._panes = panes
        self._progress = ProgressLines(progress or Work())
        self.ask_line = AskLine(id="ask")

    def compose(self) -> ComposeResult:
        with Container(id="page"):
            yield from (Frame(pane) for pane in self._panes)
        yield self._progress
        yield self.ask_line
        yield self._search
        yield self._hints

    def redraw(self) -> None:
        """Show what there is to tell, as it is now. Here: nothing changes on a page without contents."""

    def action_close(self) -> None:
        self.dismiss(None)

    def on_mount(self) -> None:
        self._hints.pairs = (*self.HINTS, *_CLOSE)
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "wide")


class ListPage(Page):
    """A list, and what is known of the row under its cursor."""

    DEFAULT_CSS = """
    ListPage #detail-frame { height: 40%; min-height: 3; }
    ListPage.wide #detail-frame { height: 1fr; width: 48%; }
    ListPage.wide.stacked #detail-frame { width: 100%; }
    """
    BESIDE: ClassVar[bool] = True
    """Whether the list may have the other beside it."""

    def __init__(self, rows: RowsPane, detail: str = "About it", progress: Work | None = None) -> None:
        self.rows, self.detail = rows, TextPane(detail, id="detail")
        super().__init__(self.rows, self.detail, progress=progress)
        self.set_class(not self.BESIDE, "stacked")

    def list_rows(self, width: int) -> Sequence[Spans]:  # noqa: ARG002
        """The lines of the list."""
        return ()

    def detail_rows(self, width: int) -> Sequence[Spans]:  # noqa: ARG002
        """What is known of the row under the cursor."""
        return ()

    def redraw(self) -> None:
        self.rows.tell(self.list_rows)
        self.detail.tell(self.detail_rows)

    @on(RowsPane.Moved)
    def _moved(self) -> None:
        self.detail.tell(self.detail_rows)
