"""What of a drawn line is its own text, and what is ours: numbers, signs, blanks in place of tabs, a cut at its end."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NamedTuple

Span = tuple[str, str]


class Own(NamedTuple):
    """A line's own text, whole and with its tabs, drawn after `gutter` characters of ours.

    Of a line that is cut only `shown` characters are drawn of it, blanks in place of tabs counted.
    """

    text: str
    gutter: int = 0
    shown: int = sys.maxsize
    tab: int = 4

    def drawn(self, start: int, end: int) -> tuple[int, int]:
        """Which characters of the drawn line are of the text between these two; `end` -1 is the end of the line."""
        last = self.gutter + min(len(self.text.expandtabs(self.tab)), self.shown)
        return max(start, self.gutter), last if end == -1 else min(end, last)

    def part(self, start: int, end: int) -> str:
        """The text between these two characters of the drawn line; to its real end where all that is drawn is taken."""
        last = self.drawn(start, -1)[1]
        return self.text[self._at(start) : None if end == -1 or end >= last else self._at(end)]

    def _at(self, drawn: int) -> int:
        """How many characters of the text stand before this one of the drawn line."""
        column = 0
        for index, char in enumerate(self.text):
            if column >= drawn - self.gutter:
                return index
            column += self.tab - column % self.tab if char == "\t" else 1
        return len(self.text)


def expanded(parts: Iterable[Span], tab: int) -> tuple[Span, ...]:
    """The parts of a line with blanks in place of tabs, which reach to the next column that `tab` divides."""
    out: list[Span] = []
    column = 0
    for part, style in parts:
        shown = (" " * (column % tab) + part).expandtabs(tab)[column % tab :]
        out.append((shown, style))
        column += len(shown)
    return tuple(out)
