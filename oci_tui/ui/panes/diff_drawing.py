"""How the rows of a change look: a row as spans, and what of it is its own text."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from oci_tui.core.diff import Line
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui.panes.diff_colours import DiffColours, over
from oci_tui.ui.panes.diff_rows import DiffRows, Ranges, Row, changed_words, left_out, partner, plain
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Own, Span
from oci_tui.ui.wording import change, plural, tail

_SIDE = {"+": "added", "-": "removed", " ": "text"}
_SIGN = {"+": ("+", "added-sign"), "-": ("−", "removed-sign"), " ": (" ", "text")}


@dataclass(frozen=True)
class DiffDrawing:
    """The rows of a change in `width` cells, the first of which is the pane's mark."""

    rows: DiffRows
    colours: DiffColours
    width: int

    def row(self, row: Row, mark: str, *, coloured: bool) -> Spans:
        """A row behind its mark; its colours take their time, and who searches does without them."""
        if row.remark:
            return ((mark, "accent"), (f"  {row.remark}", "warn" if row.remark.startswith("!") else "muted"))
        if row.is_heading:
            return ((mark, "accent on bar"), *self._heading(row))
        if not row.is_line:
            hidden, within = left_out(row.file, row.hunk)
            gap = f"      ⋯ {plural(hidden, 'line')}  " if hidden else " " * 8
            return ((mark, "accent"), (f"{gap}{plain(within)}", "number"))
        if self.rows.split:
            left, right = self._halves(row, coloured=coloured)
            return ((mark, "accent"), *left, ("│", "number"), *right)
        sides = (row.old,) if row.new < 0 or row.old == row.new else (row.new,)
        return ((mark, "accent"), *self._code(row, sides[0], old=row.new < 0, coloured=coloured))

    def own(self, row: Row, column: int | None) -> Own | None:
        """The own text of a hunk's heading or a line; of two sides that of the one at `column`, else the new."""
        if not row.is_line:
            within = _visible(left_out(row.file, row.hunk)[1])
            length = sum(len(text) for text, _ in self.row(row, " ", coloured=False))
            return Own(within, length - len(plain(within)))
        old, gutter, room = row.new < 0, 1, sys.maxsize
        if self.rows.split:
            left, right = (sum(len(text) for text, _ in half) for half in self._halves(row, coloured=False))
            old = old if column is None else column <= left
            gutter, room = (1, left) if old else (left + 2, right)
        number = row.old if old else row.new
        if number < 0:
            return None
        line = row.lines.lines[number]
        before = len(_number(line, old=old)[0]) + 2
        return Own(_visible(line.text), gutter + before, room - before)

    def whole(self, row: Row) -> str:
        """The text of all that the row is or belongs to, as it is after the change."""
        hunks = [hunk for file in row.files for hunk in file.hunks] if row.hunk < 0 else [row.lines]
        lines = [line for hunk in hunks for line in hunk.lines]
        return "\n".join(_visible(line.text) for line in [line for line in lines if line.kind != "-"] or lines)

    def fill(self, row: Row) -> str:
        """The style of the rest of the row, to the right edge."""
        if row.is_line:
            lines = row.lines.lines
            if self.rows.split:
                return _SIDE[lines[row.new].kind] if row.new >= 0 else "text"
            return _SIDE[lines[row.old if row.new < 0 else row.new].kind]
        return "bar" if row.is_heading else "text"

    def _halves(self, row: Row, *, coloured: bool) -> tuple[Spans, Spans]:
        """A row's two sides, in as many cells each."""
        half = (self.width - 4) // 2
        left, right = (
            _fitted(self._code(row, index, old=old, coloured=coloured), half)
            for index, old in ((row.old, True), (row.new, False))
        )
        return left, right

    def _code(self, row: Row, index: int, *, old: bool, coloured: bool) -> Spans:
        """One line of a hunk: its number, its sign, its text in colour with the words that changed; nothing for none."""
        if index < 0:
            return (("      ", "number"),)
        line = row.lines.lines[index]
        side = _SIDE[line.kind]
        text: Spans = ((plain(line.text), "text"),)
        if coloured:
            text = self.colours.line(row.file.path, row.lines, index, old=old)
            text = text if side == "text" else over(text, side, _words(row, index, line))
        missing = () if line.newline else ((" no newline at end of file", f"muted on {side}"),)
        return (_number(line, old=old), _SIGN[line.kind], (" ", side), *text, *missing)

    def _heading(self, row: Row) -> Spans:
        """A folder or a file: whether it is folded, its name, and what is in it."""
        file, changed = row.file, row.folder or row.file
        if row.folder is not None:
            folded, name = row.folder.path in self.rows.closed, f"{visible_line(row.folder.name)}/"
            facts = [plural(len(row.files), "file")]
        else:
            folded, name = (
                file.path in self.rows.folded,
                visible_line(file.path.rpartition("/")[2] if self.rows.tree else file.path),
            )
            if file.status == "renamed":
                name = f"{visible_line(file.old_path)} → {name}"
            facts = ["" if file.status == "modified" else file.status, plural(len(file.hunks), "hunk") if file.hunks else ""]
        more = "".join(f"  {fact}" for fact in facts if fact)
        told = changed.flags if folded or row.folder else ()
        flags = f"  ! {', '.join(visible_line(flag) for flag in told)}" if told else ""
        fold = "  " * row.depth + ("▸ " if folded else "▾ " if self.rows.tree else "")
        room = self.width - 5 - sum(map(cell_len, (fold, change(changed), more, flags)))
        name = tail(name, max(room, 12))
        return ((f"{fold}{name}  ", "bar"), (change(changed), "accent on bar"), (more, "muted on bar"), (flags, "warn on bar"))


def _number(line: Line, *, old: bool) -> Span:
    return f"{(line.old if old else line.new) or 0:>5} ", "number"


def _words(row: Row, index: int, line: Line) -> Ranges:
    """The characters of a changed line that its partner does not have."""
    other = partner(row.lines, index)
    if other < 0:
        return ()
    texts = plain(line.text), plain(row.lines.lines[other].text)
    return changed_words(*texts)[0] if line.kind == "-" else changed_words(*reversed(texts))[1]


def _fitted(spans: Spans, width: int) -> Spans:
    """The spans in exactly `width` cells; the last one's style fills up."""
    out: list[Span] = []
    room = width
    for text, name in spans:
        kept = text if cell_len(text) <= room else set_cell_size(text, room)
        out.append((kept, name))
        room -= cell_len(kept)
        if not room:
            return tuple(out)
    ground = spans[-1][1].rpartition(" on ")[2]
    return (*out, (" " * room, ground.removesuffix("-word")))


def _visible(text: str) -> str:
    return visible(text.removesuffix("\r"))
