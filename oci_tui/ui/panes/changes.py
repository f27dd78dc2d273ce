"""The changes pane: the pending change as a unified diff; a hunk or file of it is accepted or rejected under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.events import DiffChanged, Event
from oci_tui.core.selection import Pick, Place, Selection
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.highlight import one_line
from oci_tui.ui.panes.lines import LinePane, Spans
from oci_tui.ui.wording import change, plural

_SIDE = {"+": "added", "-": "removed", " ": "text"}
_SIGN = {"+": ("+", "added-sign"), "-": ("−", "removed-sign"), " ": (" ", "text")}

Row = tuple[FileDiff, Hunk | None, Line | str | None]
"""A file's heading (no hunk), a hunk's heading (no line), a line of it, or a remark about the file (a string)."""


class ChangesPane(LinePane):
    """A virtual diff: rows are made when they are drawn, so tens of thousands of lines open at once.

    The cursor is a row, always on screen; the rows that `a` and `r` would take have a bar at their left.
    """

    class Chosen(Message):
        """The person wants only this part accepted (or rejected)."""

        def __init__(self, selection: Selection, *, accept: bool) -> None:
            super().__init__()
            self.selection = selection
            self.accept = accept

    LABEL = "Changes"
    LESSON = "No change is pending. What the model changes appears here as a diff; Ctrl+Y accepts it, Ctrl+N drops it."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "choose(True, False)", show=False),
        Binding("r", "choose(False, False)", show=False),
        Binding("A,shift+a", "choose(True, True)", show=False),
        Binding("R,shift+r", "choose(False, True)", show=False),
        Binding("m", "mark", show=False),
        Binding("c", "screen.propose_commit", show=False),
        Binding("u,ctrl+z", "app.undo", show=False),
        Binding("U,shift+u", "app.redo", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("g", "move(-1_000_000_000)", show=False),
        Binding("G,shift+g", "move(1_000_000_000)", show=False),
        Binding("n", "next_hunk(1)", show=False),
        Binding("N,shift+n", "next_hunk(-1)", show=False),
    ]

    def __init__(self, *, id: str = "changes") -> None:  # noqa: A002
        super().__init__(id=id)
        self.following = False
        self._rows: list[Row] = []
        self._diff = Diff()
        self._cursor = 0
        self._marks: set[int] = set()

    def show(self, event: Event) -> None:
        if not isinstance(event, DiffChanged) or event.diff == self._diff:
            return
        self._diff = event.diff
        self._marks = set()
        self._rows = [row for file in self._diff.files for row in _rows_of(file)]
        self.detail = self._diff.summary() if self._diff.files else ""
        kept = min(self._cursor, max(0, len(self._rows) - 1)), self.scroll_offset.y
        self.restart()
        self.following = False
        if self.has_focus:
            self._cursor = kept[0]
            self.call_after_refresh(self._go_to, *kept)
        else:
            self._cursor = 0

    def action_choose(self, accept: bool, file: bool) -> None:
        """Accept or reject the marked lines, else the hunk that has the bar; with `file`, or on its heading, its file."""
        if self._marks:
            self.post_message(self.Chosen(self._marked_lines(), accept=accept))
        elif self._rows:
            where, hunk, _ = self._rows[self._cursor]
            whole = file or hunk is None
            selection = Selection.of_file(where) if whole else Selection.of_hunk(where, _index(where, hunk))
            self.post_message(self.Chosen(selection, accept=accept))

    def action_mark(self) -> None:
        """Mark the changed line under the cursor (on a hunk's heading all of them), or take the mark off; then go down."""
        if not self._rows:
            return
        _, hunk, line = self._rows[self._cursor]
        here = {self._cursor} if isinstance(line, Line) else set()
        if hunk and line is None:
            here = set(range(self._cursor + 1, self._cursor + 1 + len(hunk.lines)))
        here = {index for index in here if self._is_changed(index)}
        self._marks = self._marks - here if self._marks >= here else self._marks | here
        self._go_to(self._cursor + 1)

    def _is_changed(self, index: int) -> bool:
        line = self._rows[index][2]
        return isinstance(line, Line) and line.kind != " "

    def _marked_lines(self) -> Selection:
        """The marked lines as a selection; a row of a line counts from its hunk's heading."""
        places: dict[int, set[Place]] = {}
        files: dict[int, FileDiff] = {}
        heading = 0
        for index, (file, hunk, line) in enumerate(self._rows):
            if line is None:
                heading = index
            elif index in self._marks:
                files[id(file)] = file
                places.setdefault(id(file), set()).add((_index(file, hunk), index - heading - 1))
        return Selection(tuple(Pick(file, frozenset(places[key])) for key, file in files.items()))

    def action_move(self, step: int) -> None:
        """The cursor a row down or up."""
        self._go_to(self._cursor + step)

    def action_next_hunk(self, step: int) -> None:
        """The cursor to the next (or with -1 the previous) hunk."""
        starts = [index for index, (_, hunk, line) in enumerate(self._rows) if hunk is not None and line is None]
        ahead = [index for index in starts if (index > self._cursor if step > 0 else index < self._cursor)]
        if ahead:
            wanted = min(ahead) if step > 0 else max(ahead)
            self._go_to(wanted, wanted - 1)

    def on_click(self, event: events.Click) -> None:
        self._go_to(self.scroll_offset.y + event.y)

    def on_focus(self) -> None:
        self.changed(0)

    def on_blur(self) -> None:
        self.changed(0)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        top = round(new_value)
        self._go_to(min(max(self._cursor, top), top + self._height - 1), top)

    def _go_to(self, row: int, top: int | None = None) -> None:
        """The cursor to a row (the nearest there is), with `top` at the upper edge, or as little scrolling as shows it."""
        self._cursor = min(max(row, 0), max(0, len(self._rows) - 1))
        if top is None:
            top = min(max(self.scroll_offset.y, self._cursor - self._height + 1), self._cursor)
        if top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)
        self.changed(0)

    def _barred(self, index: int) -> bool:
        """Whether the row has the cursor, or is part of what the keys would take (where no lines are marked)."""
        if not self.has_focus or not self._rows:
            return False
        if self._marks:
            return index == self._cursor
        (file, hunk, _), (here, part, _) = self._rows[self._cursor], self._rows[index]
        return here is file and (hunk is None or part is hunk)

    def line_count(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> Spans:
        file, hunk, line = self._rows[index]
        mark = "●" if index in self._marks else ("▌" if index == self._cursor else "▎") if self._barred(index) else " "
        if isinstance(line, str):
            return ((mark, "accent"), (f"  {line}", "warn" if line.startswith("!") else "muted"))
        if hunk is None:
            return ((mark, "accent on bar"), *_heading(file))
        if line is None:
            return ((mark, "accent"), ("      ⋯ ", "number"), (_plain(hunk.heading), "number"))
        side = _SIDE[line.kind]
        number = line.old if line.kind == "-" else line.new
        sign, sign_style = _SIGN[line.kind]
        coloured = one_line("", file.path, _plain(line.text))
        if side != "text":
            coloured = tuple((text, f"{name} on {side}") for text, name in coloured)
        missing = () if line.newline else ((" no newline at end of file", f"muted on {side}"),)
        return ((mark, "accent"), (f"{number or 0:>5} ", "number"), (f"{sign} ", sign_style), *coloured, *missing)

    def fill(self, index: int) -> str:
        _, hunk, line = self._rows[index]
        if isinstance(line, Line):
            return _SIDE[line.kind]
        return "bar" if hunk is None and line is None else "text"


def _rows_of(file: FileDiff) -> list[Row]:
    rows: list[Row] = [(file, None, None)]
    rows.extend((file, None, f"! {visible_line(flag)}") for flag in file.flags)
    if file.binary:
        rows.append((file, None, "binary file: its content is not shown"))
    elif not file.hunks:
        rows.append((file, None, "no lines changed" if file.status != "added" else "an empty file"))
    for hunk in file.hunks:
        rows.append((file, hunk, None))
        rows.extend((file, hunk, line) for line in hunk.lines)
    return rows


def _heading(file: FileDiff) -> Spans:
    name = visible_line(file.path)
    if file.status == "renamed":
        name = f"{visible_line(file.old_path)} → {name}"
    facts = ["" if file.status == "modified" else file.status, plural(len(file.hunks), "hunk") if file.hunks else ""]
    more = "".join(f"  {fact}" for fact in facts if fact)
    return ((f"{name}  ", "bar"), (change(file), "accent on bar"), (more, "muted on bar"))


def _index(file: FileDiff, hunk: Hunk | None) -> int:
    return next(index for index, other in enumerate(file.hunks) if other is hunk)


def _plain(text: str) -> str:
    return visible_line(text.removesuffix("\r").expandtabs(4))
