"""A list with a cursor, and a text: panes whose lines somebody else makes, for the width that there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message

from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.lines import Spans

Make = Callable[[int], Sequence[Spans]]


class TextPane(CursorPane):
    """Lines made by the last `tell`, anew for every width."""

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.LABEL = label  # type: ignore[misc]  # of one pane, not of all
        self.following = False
        self._make: Make = lambda _width: ()
        self._rows: Sequence[Spans] | None = None

    def tell(self, make: Make) -> None:
        """Show these lines; the cursor and the scrolling stay where they are."""
        self._make, self._rows = make, None
        self.changed(0)

    def line_count(self) -> int:
        if self._rows is None:
            self._rows = self._make(max(self.size.width - 1, 20))
        return len(self._rows)

    def line(self, index: int) -> Spans:
        assert self._rows is not None
        return self._rows[index]

    def on_resize(self, _event: events.Resize) -> None:
        self._rows = None
        self.changed(0)


class RowsPane(TextPane):
    """A list; `row` is the line under the cursor."""

    class Moved(Message):
        """The cursor is on another row."""

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002
        super().__init__(label, id=id)
        self._cursor = 0

    @property
    def row(self) -> int:
        return self.here

    def moved(self, before: int | None) -> None:
        super().moved(before)
        if self._cursor != before:
            self.post_message(self.Moved())

    def line(self, index: int) -> Spans:
        spans = super().line(index)
        return tuple((text, f"{style} on bar") for text, style in spans) if index == self._cursor else spans

    def fill(self, index: int) -> str:
        return "bar" if index == self._cursor else "text"
