"""A change as rows, unified or side by side: found by number, so that tens of thousands of lines open at once."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.matching import Matcher
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.diff_tree import Folder, outline

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_LONGEST_RUN = 200
_MOST_PAIRS = 2500
_MOST_COMPARED = 4_000_000
"""So many characters of lines are compared with those of others, each line as often as there are others."""
_ALIKE = 0.4

Pairs = tuple[tuple[int, int], ...]
Ranges = Pairs


class Row(NamedTuple):
    """A folder, a file's heading, a remark about it, a hunk's heading (no sides), or a line: on both sides, or on one.

    `hunk` is its index in the file, -1 where there is none; `old` and `new` are indices of the hunk's lines, -1 for none.
    A folder's `file` is the first one in it; `depth` is how deep a folder or heading is in the tree.
    """

    file: FileDiff
    hunk: int = -1
    old: int = -1
    new: int = -1
    remark: str = ""
    folder: Folder | None = None
    depth: int = 0

    @property
    def is_heading(self) -> bool:
        """Whether it is a file's heading, or a folder."""
        return self.hunk < 0 and not self.remark

    @property
    def files(self) -> tuple[FileDiff, ...]:
        """The files that it is or belongs to."""
        return self.folder.files if self.folder else (self.file,)

    def is_in(self, folder: Folder) -> bool:
        """Whether it is the folder, or of something below it."""
        path = self.file.path if self.folder is None else f"{self.folder.path}/"
        return path.startswith(f"{folder.path}/")

    @property
    def is_line(self) -> bool:
        return self.old >= 0 or self.new >= 0

    @property
    def lines(self) -> Hunk:
        return self.file.hunks[self.hunk]


class _Block(NamedTuple):
    """A file's heading and remarks (hunk -1), or a hunk with its heading; `pairs` are its rows' sides."""

    file: FileDiff
    hunk: int
    pairs: list[tuple[int, int]]
    remarks: tuple[str, ...] = ()
    folder: Folder | None = None
    depth: int = 0


class DiffRows:
    """The rows of a change; of a file in `folded` only the heading. `split` puts old and new lines side by side.

    With `closed` the files are in a tree of folders; of those in it only the folder.
    """

    def __init__(self, diff: Diff, folded: AbstractSet[str], *, split: bool, closed: AbstractSet[str] | None = None) -> None:
        self.split, self.tree = split, closed is not None
        self.folded, self.closed = frozenset(folded), frozenset(closed or ())
        self._blocks: list[_Block] = []
        self._starts: list[int] = [0]
        for depth, file in ((0, file) for file in diff.files) if closed is None else outline(diff.files, closed):
            if isinstance(file, Folder):
                self._add(_Block(file.files[0], -1, [], folder=file, depth=depth), 1)
                continue
            remarks = () if file.path in folded else _remarks(file)
            self._add(_Block(file, -1, [], remarks, depth=depth), 1 + len(remarks))
            for number, hunk in enumerate(() if file.path in folded else file.hunks):
                pairs = paired(hunk) if split else [_sides(index, line) for index, line in enumerate(hunk.lines)]
                self._add(_Block(file, number, pairs), 1 + len(pairs))

    def _add(self, block: _Block, rows: int) -> None:
        self._blocks.append(block)
        self._starts.append(self._starts[-1] + rows)

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, index: int) -> Row:
        number = bisect_right(self._starts, index) - 1
        block, inside = self._blocks[number], index - self._starts[number] - 1
        if block.hunk < 0:
            remark = block.remarks[inside] if inside >= 0 else ""
            return Row(block.file, remark=remark, folder=block.folder, depth=block.depth)
        return Row(block.file, block.hunk, *(block.pairs[inside] if inside >= 0 else (-1, -1)))

    def index(self, row: Row) -> int:
        """Where a row of other rows of the same change is among these: the row with its line, else what it is a part of."""
        nearest = 0
        for number, block in enumerate(self._blocks):
            start = self._starts[number]
            if block.folder is not None:
                if row.folder is not None and row.folder.path == block.folder.path:
                    return start
                nearest = start if any(file is row.file for file in block.folder.files) else nearest
            elif block.file is row.file:
                nearest = start if block.hunk < 0 else nearest
                if block.hunk == row.hunk and row.folder is None:
                    sides = enumerate(block.pairs, start + 1)
                    wanted = {side for side in (row.old, row.new) if side >= 0}
                    return next((index for index, pair in sides if not wanted.isdisjoint(pair)), start)
        return nearest

    def starts(self, *, hunks: bool) -> Iterator[int]:
        """The rows of the headings, of hunks or of files."""
        for block, start in zip(self._blocks, self._starts, strict=False):
            if (block.hunk >= 0) is hunks:
                yield start


def _sides(index: int, line: Line) -> tuple[int, int]:
    return (-1 if line.kind == "+" else index, -1 if line.kind == "-" else index)


def _remarks(file: FileDiff) -> tuple[str, ...]:
    said = [f"! {visible_line(flag)}" for flag in file.flags]
    if file.binary:
        said.append("binary file: its content is not shown")
    elif not file.hunks:
        said.append("no lines changed" if file.status != "added" else "an empty file")
    return tuple(said)


def left_out(file: FileDiff, number: int) -> tuple[int, str]:
    """How many lines are not shown above a hunk, and what of the file they lead into: "" where that line is shown."""
    hunk = file.hunks[number]
    before = file.hunks[number - 1] if number else None
    hidden = hunk.old_start - (before.old_start + before.old_count if before else 1)
    shown = before is not None and any(line.kind != "+" and line.text.startswith(hunk.heading) for line in before.lines)
    return max(hidden, 0), "" if shown else hunk.heading


def paired(hunk: Hunk) -> list[tuple[int, int]]:
    """The hunk's lines side by side: a removed line stands beside the added one that took its place."""
    pairs: list[tuple[int, int]] = []
    old: list[int] = []
    new: list[int] = []

    def flush() -> None:
        left = right = 0
        for old_end, new_end in (*_partners(hunk, old, new), (len(old), len(new))):
            pairs.extend(zip_longest(old[left:old_end], new[right:new_end], fillvalue=-1))
            pairs.extend(zip(old[old_end : old_end + 1], new[new_end : new_end + 1], strict=False))
            left, right = old_end + 1, new_end + 1
        old.clear()
        new.clear()

    for index, line in enumerate(hunk.lines):
        if line.kind == " ":
            flush()
            pairs.append((index, index))
        else:
            (old if line.kind == "-" else new).append(index)
    flush()
    return pairs


def partner(hunk: Hunk, index: int) -> int:
    """The line that took this changed line's place, or that it took: the one most like it; -1 for none, or for too many."""
    first = last = index
    while first > 0 and hunk.lines[first - 1].kind != " " and index - first < _LONGEST_RUN:
        first -= 1
    while last + 1 < len(hunk.lines) and hunk.lines[last + 1].kind != " " and last - index < _LONGEST_RUN:
        last += 1
    if last - first >= _LONGEST_RUN:
        return -1
    old, new = ([number for number in range(first, last + 1) if hunk.lines[number].kind == kind] for kind in "-+")
    side = 0 if hunk.lines[index].kind == "-" else 1
    pairs = ((old[before], new[after]) for before, after in _partners(hunk, old, new))
    return next((pair[1 - side] for pair in pairs if pair[side] == index), -1)


def _partners(hunk: Hunk, old: Sequence[int], new: Sequence[int]) -> Pairs:
    """Which of these removed lines became which of these added ones, by their positions; of many, line for line."""
    if len(old) * len(new) <= _MOST_PAIRS:
        before, after = (tuple(hunk.lines[index].text for index in side) for side in (old, new))
        if len(new) * sum(map(len, before)) + len(old) * sum(map(len, after)) <= _MOST_COMPARED:
            return _most_alike(before, after)
    return tuple((at, at) for at in range(len(old))) if len(old) == len(new) else ()


@lru_cache(256)
def _most_alike(old: tuple[str, ...], new: tuple[str, ...]) -> Pairs:
    """The pairs of lines, in order on both sides, that have the most in common together."""
    before, after = (
        [Counter(word for word in _WORD.findall(text) if not word.isspace()) for text in side] for side in (old, new)
    )
    none: tuple[float, Pairs] = (0.0, ())
    best = [[none] * (len(new) + 1)]
    for row, words in enumerate(before):
        above, here = best[-1], [none]
        for column, others in enumerate(after):
            found = max(above[column + 1], here[column], key=lambda known: known[0])
            alike = _alike(words, others)
            if alike >= _ALIKE and above[column][0] + alike > found[0]:
                found = above[column][0] + alike, (*above[column][1], (row, column))
            here.append(found)
        best.append(here)
    return best[-1][-1][1]


def _alike(words: Counter[str], others: Counter[str]) -> float:
    """How much two lines have in common, by the lengths of their words: 0 to 1."""
    common = sum(len(word) * min(count, others[word]) for word, count in words.items() if word in others)
    total = sum(len(word) * count for word, count in (*words.items(), *others.items()))
    return 2 * common / total if total else 0.0


@lru_cache(1024)
def changed_words(old: str, new: str) -> tuple[Ranges, Ranges]:
    """Where two lines differ, as ranges of characters in each; none where they have little in common."""
    if len(old) + len(new) > 2000:
        return (), ()
    before, after = _WORD.findall(old), _WORD.findall(new)
    matcher = Matcher(before, after, autojunk=False)
    if matcher.ratio() < 0.4:
        return (), ()
    lengths = [[0, *_running(words)] for words in (before, after)]
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return (
        tuple((lengths[0][code[1]], lengths[0][code[2]]) for code in changed if code[1] < code[2]),
        tuple((lengths[1][code[3]], lengths[1][code[4]]) for code in changed if code[3] < code[4]),
    )


def plain(text: str) -> str:
    """A line's text as it is shown."""
    return visible_line(text.removesuffix("\r").expandtabs(4))


def _running(words: list[str]) -> Iterator[int]:
    total = 0
    for word in words:
        total += len(word)
        yield total
