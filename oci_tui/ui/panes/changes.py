"""The changes pane: the pending change as a unified diff, with counts, line numbers and what to look at twice."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.events import DiffChanged, Event
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.highlight import one_line
from oci_tui.ui.panes.lines import LinePane, Spans
from oci_tui.ui.wording import change, plural

_SIDE = {"+": "added", "-": "removed", " ": "text"}
_SIGN = {"+": ("+", "added-sign"), "-": ("−", "removed-sign"), " ": (" ", "text")}

Row = tuple[FileDiff, Hunk | None, Line | str | None]
"""A file's heading (no hunk), a hunk's heading (no line), a line of it, or a remark about the file (a string)."""


class ChangesPane(LinePane):
    """A virtual diff: rows are made when they are drawn, so tens of thousands of lines open at once."""

    LABEL = "Changes"
    LESSON = "No change is pending. What the model changes appears here as a diff; Ctrl+Y accepts it, Ctrl+N drops it."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "app.accept", show=False),
        Binding("r", "app.reject", show=False),
        Binding("u,ctrl+z", "app.undo", show=False),
        Binding("n", "next_hunk(1)", show=False),
        Binding("N,shift+n", "next_hunk(-1)", show=False),
    ]

    def __init__(self, *, id: str = "changes") -> None:  # noqa: A002
        super().__init__(id=id)
        self.following = False
        self._rows: list[Row] = []
        self._diff = Diff()

    def show(self, event: Event) -> None:
        if not isinstance(event, DiffChanged) or event.diff == self._diff:
            return
        self._diff = event.diff
        self._rows = [row for file in self._diff.files for row in _rows_of(file)]
        self.detail = self._diff.summary() if self._diff.files else ""
        self.restart()
        self.following = False

    def action_next_hunk(self, step: int) -> None:
        """Bring the next (or with -1 the previous) hunk to the top edge."""
        top = self.scroll_offset.y
        starts = [index for index, (_, hunk, line) in enumerate(self._rows) if hunk is not None and line is None]
        ahead = [index for index in starts if (index > top if step > 0 else index < top)]
        if ahead:
            self.scroll_to(y=min(ahead) if step > 0 else max(ahead), animate=False)

    def line_count(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> Spans:
        file, hunk, line = self._rows[index]
        if isinstance(line, str):
            return ((f"   {line}", "warn" if line.startswith("!") else "muted"),)
        if hunk is None:
            return _heading(file)
        if line is None:
            return (("       ⋯ ", "number"), (_plain(hunk.heading), "number"))
        side = _SIDE[line.kind]
        number = line.old if line.kind == "-" else line.new
        sign, sign_style = _SIGN[line.kind]
        coloured = one_line("", file.path, _plain(line.text))
        if side != "text":
            coloured = tuple((text, f"{name} on {side}") for text, name in coloured)
        missing = () if line.newline else ((" no newline at end of file", f"muted on {side}"),)
        return ((f"{number or 0:>5} ", "number"), (f"{sign} ", sign_style), *coloured, *missing)

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
    return ((f" {name}  ", "bar"), (change(file), "accent on bar"), (more, "muted on bar"))


def _plain(text: str) -> str:
    return visible_line(text.removesuffix("\r").expandtabs(4))
