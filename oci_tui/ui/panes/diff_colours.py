"""The colours of a change's lines, found as they are drawn: each side of a hunk is lexed by itself, a block at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from oci_tui.core.diff import Hunk
from oci_tui.ui.panes.diff_rows import Ranges, plain
from oci_tui.ui.panes.highlight import Highlighter, lexer_of
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Span

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

_MOST_CHARACTERS = 50_000
"""A block of more is data: it would take its lexer a second."""
_BLOCK, _BEFORE, _AFTER = 128, 128, 64
"""Lines that are coloured at once, and how many around them the lexer reads first and on."""
_JUDGED = 64
_LONG = (('"""', '"""'), ("'''", "'''"), ("/*", "*/"), ("<!--", "-->"))
"""What opens and closes strings and comments of many lines."""


class DiffColours:
    """Of one change, for as long as that is shown."""

    def __init__(self) -> None:
        self._sides: dict[tuple[int, bool], _Side] = {}

    def line(self, path: str, hunk: Hunk, index: int, *, old: bool) -> Spans:
        """A line of a hunk as its old or its new side has it."""
        key = id(hunk), old
        if key not in self._sides:
            self._sides[key] = _Side(path, hunk, old=old)
        return self._sides[key].line(index)


def over(coloured: Spans, side: str, ranges: Ranges) -> Spans:
    """The spans on the ground of their side, the ranges, one after the other, on a stronger one."""
    out: list[Span] = []
    edges = [edge for pair in ranges for edge in pair]
    at = 0
    for text, name in coloured:
        inner = edges[bisect_right(edges, at) : bisect_left(edges, at + len(text))]
        for start, end in pairwise([at, *dict.fromkeys(inner), at + len(text)]):
            strong = bisect_right(edges, start) % 2
            out.append((text[start - at : end - at], f"{name} on {side}{'-word' if strong else ''}"))
        at += len(text)
    return tuple(out)


class _Side:
    def __init__(self, path: str, hunk: Hunk, *, old: bool) -> None:
        self._path, self._hunk = path, hunk
        self._at_top = (hunk.old_start if old else hunk.new_start) <= 1
        self._indices = [index for index, line in enumerate(hunk.lines) if line.kind != ("+" if old else "-")]
        self._blocks: dict[int, list[Spans]] = {}

    def line(self, index: int) -> Spans:
        block, inside = divmod(bisect_left(self._indices, index), _BLOCK)
        if block not in self._blocks:
            self._blocks[block] = self._coloured(block * _BLOCK)
        return self._blocks[block][inside]

    def _coloured(self, start: int) -> list[Spans]:
        first = max(0, start - _BEFORE)
        texts = [plain(self._hunk.lines[index].text) for index in self._indices[first : start + _BLOCK + _AFTER]]
        if sum(map(len, texts)) > _MOST_CHARACTERS:
            return [((text, "text"),) for text in texts[start - first :][:_BLOCK]]
        opener = "" if self._at_top and not first else opened(self._path, texts[:_JUDGED])
        lines = [opener, *texts] if opener else texts
        highlighter = Highlighter("", self._path)
        # some lexers leave out a last line without an end
        highlighter.read(lines, "")
        above = start - first + len(lines) - len(texts)
        return highlighter.lines[above : above + _BLOCK]


class _Doubt(NamedTuple):
    """How little a text reads as code: names beside names and what is no token at all; lines of it in a string at an end."""

    oddities: int
    lines: int


def opened(path: str, lines: Sequence[str]) -> str:
    """What opened the string or comment that lines from the middle of a file begin in, as far as they tell; "" for none."""
    lexer, text = lexer_of("", path), "\n".join(lines)
    found = [(opener, closer) for opener, closer in _LONG if closer in text]
    if lexer is None or not found:
        return ""
    best, least = "", _doubt(lexer, text)
    for opener, closer in found:
        if opener != closer and opener in text[: text.index(closer)]:
            continue
        doubt = _doubt(lexer, text, opener)
        if doubt is not None and least is not None and (doubt < least if opener == closer else doubt[0] <= least[0]):
            best, least = opener, doubt
    return best


def _doubt(lexer: Lexer, text: str, opener: str = "") -> _Doubt | None:
    """None where the opener opens nothing in this language."""
    from pygments.token import Comment, Error, Name, String  # type: ignore[import-untyped]

    oddities = lines = leading = 0
    named = begun = False
    for _, token, value in lexer.get_tokens_unprocessed(f"{opener}\n{text}" if opener else text):
        if token in String or token in Comment:
            lines += value.count("\n")
            named = False
            continue
        if value and not begun:
            begun, leading = True, lines
        lines = 0
        oddities += token in Error or (named and token in Name)
        named = token in Name or (named and value.isspace() and "\n" not in value)
    if not opener:
        return _Doubt(oddities, lines)
    return _Doubt(oddities, lines + leading - 1) if leading else None
