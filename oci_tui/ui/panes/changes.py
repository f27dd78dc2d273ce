"""The changes pane: the pending change, unified or side by side; a line, hunk or file of it is accepted or rejected."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from oci_tui.core.diff import Diff, FileDiff
from oci_tui.core.events import DiffChanged, Event
from oci_tui.core.selection import Pick, Place, Selection
from oci_tui.ui import keys
from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.diff_colours import DiffColours
from oci_tui.ui.panes.diff_drawing import DiffDrawing
from oci_tui.ui.panes.diff_rows import DiffRows, Row
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Own
from oci_tui.ui.places import FileLine

_NARROWEST_SPLIT = 80


class ChangesPane(CursorPane):
    """A virtual diff: rows are made when they are drawn, so tens of thousands of lines open at once.

    The cursor is a row, always on screen; the rows that `a` and `r` would take have a bar at their left.
    """

    class Chosen(Message):
        """The person wants only this part accepted (or rejected); with `reason` they will say why, to the model."""

        def __init__(self, selection: Selection, *, accept: bool, reason: bool = False) -> None:
            super().__init__()
            self.selection = selection
            self.accept = accept
            self.reason = reason

    class TooNarrow(Message):
        """Side by side was asked for, but the pane has no room for it: it comes where there are `wanted` columns."""

        def __init__(self, wanted: int) -> None:
            super().__init__()
            self.wanted = wanted

    LABEL = "Changes"
    LESSON = "No change is pending. What the model changes appears here as a diff; Ctrl+Y accepts it, Ctrl+N drops it."
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("changes.split", "side by side"),
        ("changes.files", "files"),
        ("changes.undo changes.redo", "undo, redo"),
    )

    BINDINGS: ClassVar[list[BindingType]] = keys.of("Changes")

    def __init__(self, *, id: str = "changes") -> None:  # noqa: A002
        super().__init__(id=id)
        self.following = False
        self._diff = Diff()
        self._colours = DiffColours()
        self._rows = DiffRows(self._diff, frozenset(), split=False)
        self._split = False
        self._tree = False
        self._turned: set[str] = set()
        self._shut: set[str] = set()
        self._marks: set[tuple[int, Place]] = set()

    def show(self, event: Event) -> None:
        if not isinstance(event, DiffChanged) or event.diff == self._diff:
            return
        self._diff, self._colours = event.diff, DiffColours()
        self._marks = set()
        if not self._diff.files:
            self._turned, self._shut = set(), set()
        self.detail = self._diff.summary() if self._diff.files else ""
        kept = min(self.here, max(0, len(self._rows) - 1)), self.scroll_offset.y
        self._lay_out()
        self.restart()
        self.following = False
        self._cursor = 0
        if self.has_focus:
            self._cursor = min(kept[0], max(0, len(self._rows) - 1))
            self.call_after_refresh(self.go_to, *kept)

    def _lay_out(self) -> None:
        folded = {file.path for file in self._diff.files if self._is_folded(file)}
        self._rows = DiffRows(self._diff, folded, split=self._paired, closed=self._shut if self._tree else None)

    def _is_folded(self, file: FileDiff) -> bool:
        """In the tree files are folded until they are turned over, else they are not."""
        return (file.path in self._turned) is not self._tree

    @property
    def _paired(self) -> bool:
        """Whether rows have both sides: half of a narrow pane shows too little of a line to judge it by."""
        return self._split and self.size.width >= _NARROWEST_SPLIT

    # keys

    def action_choose(self, accept: bool, file: bool, reason: bool = False) -> None:
        """Accept or reject the marked lines, else what has the bar: a hunk, a folder, a file (with `file` always)."""
        if self._marks:
            self.post_message(self.Chosen(self._marked_lines(), accept=accept, reason=reason))
        elif len(self._rows):
            row = self._rows[self.here]
            whole = file or row.hunk < 0
            selection = Selection(tuple(map(Pick, row.files))) if whole else Selection.of_hunk(row.file, row.hunk)
            self.post_message(self.Chosen(selection, accept=accept, reason=reason))

    def action_mark(self) -> None:
        """Mark the changed lines under the cursor (on a hunk's heading all of them), or take the marks off; then go down."""
        if not len(self._rows):
            return
        row = self._rows[self.here]
        indices: set[int] = set()
        if row.is_line:
            indices = {index for index in (row.old, row.new) if index >= 0}
        elif row.hunk >= 0:
            indices = set(range(len(row.lines.lines)))
        places = {(id(row.file), (row.hunk, index)) for index in indices if row.lines.lines[index].kind != " "}
        self._marks = self._marks - places if self._marks >= places else self._marks | places
        self._strips.clear()
        self.go_to(self.here + 1)

    def _marked_lines(self) -> Selection:
        places: dict[int, set[Place]] = {}
        for marked, place in self._marks:
            places.setdefault(marked, set()).add(place)
        files = (file for file in self._diff.files if id(file) in places)
        return Selection(tuple(Pick(file, frozenset(places[id(file)])) for file in files))

    def action_next(self, step: int) -> None:
        """The cursor to the next (or with -1 the previous) hunk; while something is searched for, to the next match."""
        if self._needle is not None:
            super().action_next(step)
            return
        starts = [*self._rows.starts(hunks=True)] or [*self._rows.starts(hunks=False)]
        ahead = [index for index in starts if (index > self.here if step > 0 else index < self.here)]
        if ahead:
            wanted = min(ahead) if step > 0 else max(ahead)
            self.go_to(wanted, wanted - 1)

    def action_split(self) -> None:
        """Old and new side by side, or one below the other; side by side waits for a pane that is wide enough."""
        self._split = not self._split
        if self._split and not self._paired:
            self.post_message(self.TooNarrow(_NARROWEST_SPLIT))
        self._again()

    def action_fold(self) -> None:
        """Fold the file or folder under the cursor to its heading, or unfold it."""
        if len(self._rows):
            row = self._rows[self.here]
            if row.folder is not None:
                self._shut ^= {row.folder.path}
            else:
                self._turned ^= {row.file.path}
            self._again()

    def action_tree(self) -> None:
        """The files by folder, or one after the other with their lines."""
        self._tree, self._turned = not self._tree, set()
        self._again()

    def _again(self) -> None:
        """Other rows of the same change; the cursor stays in its folder or file."""
        here = self._rows[self.here] if len(self._rows) else None
        self._lay_out()
        self._strips.clear()
        self.go_to(0 if here is None else self._rows.index(here._replace(hunk=-1, old=-1, new=-1)))
        self.changed(0)

    def on_click(self, event: events.Click) -> None:
        """In the tree a click on a heading does what Enter does."""
        index = self.scroll_offset.y + event.y
        if self._tree and index < len(self._rows) and self._rows[index].is_heading:
            event.prevent_default()
            if event.chain == 1:
                self.go_to(index)
                self.action_fold()

    def place_at(self, index: int) -> FileLine | None:
        row = self._rows[index]
        if row.folder is not None:
            return None
        line = row.lines.lines[row.old if row.old >= 0 else row.new] if row.is_line else None
        if line is None:
            return FileLine(row.file.path, row.lines.old_start if row.hunk >= 0 else 1, own=True)
        return FileLine(row.file.path, line.old or row.file.old_line(line.new or 1), own=True)

    def whole_at(self, index: int) -> str:
        return self._drawing.whole(self._rows[index])

    def own(self, index: int, column: int | None = None) -> Own | None:
        row = self._rows[index]
        return super().own(index, column) if row.is_heading or row.remark else self._drawing.own(row, column)

    # drawing

    def moved(self, before: int | None) -> None:  # noqa: ARG002
        self.changed(0)

    def on_focus(self) -> None:
        self.changed(0)

    def on_blur(self) -> None:
        self.changed(0)

    def line_count(self) -> int:
        return len(self._rows)

    @property
    def _drawing(self) -> DiffDrawing:
        return DiffDrawing(self._rows, self._colours, self.size.width)

    def text_at(self, index: int) -> str:
        return "".join(part for part, _ in self._row(index, coloured=False))

    def line(self, index: int) -> Spans:
        return self._row(index, coloured=True)

    def fill(self, index: int) -> str:
        return self._drawing.fill(self._rows[index])

    def _row(self, index: int, *, coloured: bool) -> Spans:
        row = self._rows[index]
        return self._drawing.row(row, self._mark(index, row), coloured=coloured)

    def _mark(self, index: int, row: Row) -> str:
        marked = any((id(row.file), (row.hunk, line)) in self._marks for line in (row.old, row.new) if line >= 0)
        if marked:
            return "●"
        return ("▌" if index == self.here else "▎") if self._barred(index, row) else " "

    def _barred(self, index: int, row: Row) -> bool:
        """Whether the row has the cursor, or is part of what the keys would take (where no lines are marked)."""
        if not self.has_focus:
            return False
        if self._marks:
            return index == self.here
        here = self._rows[self.here]
        if here.folder is not None:
            return row.is_in(here.folder)
        return row.folder is None and row.file is here.file and (here.hunk < 0 or row.hunk == here.hunk)

    def on_resize(self, _event: object) -> None:
        self._strips.clear()
        if self._rows.split is not self._paired and len(self._rows):
            here = self._rows[self.here]
            self._lay_out()
            self.go_to(self._rows.index(here))
        self.changed(0)
