"""A pane of entries, each as many rows as it takes; a round among them can be shown again."""

from __future__ import annotations

from bisect import bisect_right

from textual import events
from textual.message import Message

from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.story import Entry, Lesson, Parts, Told


class EntriesPane(CursorPane):
    """Begins with the parts and a lesson, which the first entry takes away. `unfolded` shows the prose that is folded away."""

    class Wanted(Message):
        """The person wants to see this round of a turn again."""

        def __init__(self, turn: int, number: int) -> None:
            super().__init__()
            self.turn = turn
            self.number = number

    GUTTER = 3

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._parts = Parts()
        self._entries: list[Entry] = [self._parts, Lesson()]
        self._rows: list[Spans] = []
        self._starts: list[int] = []
        self._stale: int | None = 0
        self.unfolded = False

    # keys

    def action_unfold(self) -> None:
        """Show the prose that is folded, or fold it."""
        self.unfolded = not self.unfolded
        self.rest()
        self._again(0)

    def action_round(self) -> None:
        """On the line of a round have it shown again; elsewhere, and without a cursor, as `action_unfold`."""
        place = bisect_right(self._starts, self.here) - 1
        entry = self._entries[place] if self._cursor is not None and 0 <= place < len(self._entries) else None
        if isinstance(entry, Told) and self.here - self._starts[place] < len(entry.head(self._width)):
            self.post_message(self.Wanted(entry.turn, entry.number))
        else:
            self.action_unfold()

    # drawing

    @property
    def _width(self) -> int:
        return max(self.size.width - 1, 20)

    def prepare(self) -> None:
        if self._stale is None:
            return
        first, self._stale = self._stale, None
        start = self._starts[first] if first < len(self._starts) else len(self._rows)
        del self._rows[start:], self._starts[first:]
        for entry in self._entries[first:]:
            self._starts.append(len(self._rows))
            self._rows.extend(entry.rows(self._width, self.unfolded))
        self.changed(start)

    def on_resize(self, _event: events.Resize) -> None:
        self._stale = 0

    def line_count(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> Spans:
        return self._rows[index]

    # entries

    def _tell(self, entry: Entry) -> None:
        if isinstance(self._entries[-1], Lesson) and not isinstance(entry, Parts):
            self._again(len(self._entries) - 1)
            del self._entries[-1]
        self._entries.append(entry)
        self._again(len(self._entries) - 1)

    def _again(self, first: int) -> None:
        self._stale = first if self._stale is None else min(first, self._stale)
        self.changed(self.line_count())

    def _touch(self, entry: Entry) -> None:
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index] is entry:
                self._again(index)
                return
