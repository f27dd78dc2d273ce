"""How numbers and states read on screen: exact, short, with units."""

from __future__ import annotations

import re
import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

from rich.cells import cell_len, chop_cells, set_cell_size

from oci_tui.core.ports import Exit
from oci_tui.core.terminal import visible_line

_WORD = re.compile(r"\S+\s*|\s+")


def seconds(value: float) -> str:
    """A duration: "0.84 s", "12.3 s", "3 min 05 s"."""
    if value < 10:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60):02d} s"


def moment(at: float) -> str:
    """A time in 11 cells: today's hour, else the day."""
    try:
        then, now = time.localtime(at), time.localtime()
    except (OverflowError, ValueError, OSError):
        return "at no time "
    if then[:3] == now[:3]:
        return time.strftime("today %H:%M", then)
    return time.strftime("%m-%d %H:%M" if then[0] == now[0] else "%Y-%m-%d ", then)


def thousands(count: int) -> str:
    """A count of tokens: "812", "3.1k", "16k"."""
    if count < 1000:
        return str(count)
    if count < 10_000:
        return f"{count / 1000:.1f}k".replace(".0k", "k")
    return f"{round(count / 1000)}k"


def size(count: int) -> str:
    """A number of bytes: "812 B", "3.4 KiB", "2.0 GiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def gauge(share: float, cells: int = 8) -> str:
    """A bar of so many cells, filled to `share` (0 to 1)."""
    filled = round(min(max(share, 0.0), 1.0) * cells)
    return "█" * filled + "░" * (cells - filled)


def head(text: str, cells: int) -> str:
    """The text in at most so many cells, its end left out."""
    return text if cell_len(text) <= cells else f"{set_cell_size(text, max(cells - 1, 0)).rstrip()}…"


def tail(text: str, cells: int) -> str:
    """The text in at most so many cells, its beginning left out: of a path the end tells more."""
    if cell_len(text) <= cells:
        return text
    start = bisect_left(range(len(text)), True, key=lambda at: cell_len(text[at:]) < max(cells, 1))
    return f"…{text[start:]}"


def plural(count: int, noun: str) -> str:
    """ "1 file", "2 files" """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


class Counted(Protocol):
    """What has lines that were added and removed."""

    @property
    def added(self) -> int: ...
    @property
    def removed(self) -> int: ...


def change(diff: Counted) -> str:
    """The counts of a change: "+9 −3"."""
    return f"+{diff.added} −{diff.removed}"


def names(paths: Sequence[str], most: int = 3) -> str:
    """A few file names, the rest as a count."""
    shown = ", ".join(visible_line(path) for path in paths[:most])
    return shown if len(paths) <= most else f"{shown} and {len(paths) - most} more"


def ending(end: Exit) -> str:
    """How a command ended: "exit 0", "timeout", "signal 9 (exit 137)"."""
    if end.reason != "exited":
        return f"{end.reason} (exit {end.code})"
    return f"exit {end.code}"


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken between words where possible."""
    rows: list[str] = []
    width = max(width, 8)
    for line in text.split("\n"):
        row, cells = "", 0
        for match in _WORD.finditer(line):
            word, bare = match[0], match[0].rstrip()
            if cells + cell_len(bare) > width and row.strip():
                rows.append(row.rstrip())
                row, cells = "", 0
            if cells + cell_len(bare) > width:
                *whole, rest = chop_cells(row + bare, width)
                rows += whole
                row, cells, word = rest, cell_len(rest), word[len(bare) :]
            row += word
            cells += cell_len(word)
        rows.append(row.rstrip())
    return rows
