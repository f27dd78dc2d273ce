"""What commands printed, as lines found by number: pages of raw text that are split when they are looked at."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field

from oci_tui.core.terminal import printed


@dataclass(eq=False)
class _Page:
    """Text of one style. `lines` counts an unfinished last line too."""

    style: str
    parts: list[str] = field(default_factory=list)
    characters: int = 0
    lines: int = 0
    unfinished: bool = False

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.characters += len(text)
        self.lines += text.count("\n") - self.unfinished
        self.unfinished = not text.endswith("\n")
        self.lines += self.unfinished

    @property
    def text(self) -> str:
        if len(self.parts) > 1:
            self.parts = ["".join(self.parts)]
        return self.parts[0] if self.parts else ""


class Log:
    """Appending costs a count of newlines: a million lines are no work. Beyond `MOST` characters the oldest pages go."""

    MOST = 64_000_000
    PAGE = 65_536

    def __init__(self) -> None:
        self.dropped = 0
        self._pages: list[_Page] = []
        self._starts: list[int] = []
        self._kept = 0
        self._split: OrderedDict[int, tuple[int, list[str]]] = OrderedDict()

    def __len__(self) -> int:
        return self._starts[-1] + self._pages[-1].lines if self._pages else 0

    def add(self, style: str, text: str) -> int:
        """Append what was printed; an unfinished line goes on if its style is the same. Returns how many lines were dropped."""
        if not text:
            return 0
        last = self._pages[-1] if self._pages else None
        if last is None or last.style != style or (last.characters > self.PAGE and not last.unfinished):
            self._starts.append(len(self))
            self._pages.append(_Page(style))
        self._pages[-1].add(text)
        self._kept += len(text)
        return self._shortened()

    def end_line(self) -> None:
        """Finish an unfinished line."""
        if self._pages and self._pages[-1].unfinished:
            self.add(self._pages[-1].style, "\n")

    def line(self, index: int) -> tuple[str, str]:
        """The raw text and the style of a line."""
        number = bisect_right(self._starts, index) - 1
        return self._lines(number)[index - self._starts[number]], self._pages[number].style

    def find(self, wanted: re.Pattern[str], start: int, step: int) -> int | None:
        """The nearest line from `start` on (with step -1: up to it) that has, as it is read, what is wanted."""
        in_page = re.compile(wanted.pattern, wanted.flags | re.MULTILINE)
        number = bisect_right(self._starts, start) - 1
        while 0 <= number < len(self._pages):
            text, first = printed(self._pages[number].text), self._starts[number]
            if in_page.search(text):
                lines = text.split("\n")
                numbered = range(first, first + self._pages[number].lines)
                for index in numbered if step > 0 else reversed(numbered):
                    if (index >= start if step > 0 else index <= start) and wanted.search(lines[index - first]):
                        return index
            number += step
        return None

    def above(self, index: int, style: str) -> int:
        """The last line of this style up to `index`; the first line of all where none has it."""
        number = bisect_right(self._starts, index) - 1
        while number > 0 and self._pages[number].style != style:
            number -= 1
        page = self._pages[number]
        return min(index, self._starts[number] + page.lines - 1) if page.style == style else 0

    def _lines(self, number: int) -> list[str]:
        page = self._pages[number]
        kept = self._split.get(id(page))
        if kept is None or kept[0] != page.characters:
            lines = page.text.split("\n")
            kept = page.characters, lines if page.unfinished else lines[:-1]
            self._split[id(page)] = kept
            while len(self._split) > 8:
                self._split.popitem(last=False)
        return kept[1]

    def _shortened(self) -> int:
        lines = pages = 0
        while self._kept > self.MOST and pages < len(self._pages) - 1:
            self._kept -= self._pages[pages].characters
            lines += self._pages[pages].lines
            pages += 1
        if pages:
            del self._pages[:pages]
            self._starts = [start - lines for start in self._starts[pages:]]
            self._split.clear()
            self.dropped += lines
        return lines
