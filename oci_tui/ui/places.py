"""Where a line of a pane stands in the person's own files: programs speak of the mirror's, the model in blocks of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.diff import Diff, FileDiff
from oci_tui.core.matching import Matcher

_NAMED = (
    re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)'),
    re.compile(r"(?P<path>[\w./+@-]*\w\.\w{1,8}):(?P<line>\d+)"),
    re.compile(r"(?P<path>[\w./+@-]*\w\.\w{1,8})(?P<line>)"),
)
# any word may be a file's name: only one that is a file counts
_ANY = (
    re.compile(r"(?P<path>[\w./+@-]*\w):(?: line )?(?P<line>\d+)"),
    re.compile(r"(?P<path>[\w./+@-]*\w)(?P<line>)"),
)
_READ, _DIGITS = 1000, 9


class FileLine(NamedTuple):
    """A line of a file; `path` is relative to the repository.

    `line` is counted in the mirror's file, with `own` in the person's, and with `written` in those lines: what the model wrote.
    """

    path: str
    line: int
    own: bool = False
    written: tuple[str, ...] = ()


def place_in(text: str, is_file: Callable[[str], bool]) -> FileLine | None:
    """The file a line speaks of and the line in it (1 where it does not say): of a traceback, a compiler, pytest, grep.

    A line is read as far as such programs write.

    One that `is_file` goes first; what only looks like a file's name comes after.
    """
    text = text[:_READ]
    named, others = (
        [
            FileLine(found["path"].removeprefix("/workspace/"), int((found["line"] or "1")[:_DIGITS]))
            for shape in shapes
            for found in shape.finditer(text)
        ]
        for shapes in (_NAMED, _ANY)
    )
    return next((place for place in (*named, *others) if is_file(place.path)), named[0] if named else None)


def own_file(root: Path, path: str) -> Path | None:
    """The person's file at this path; None where there is none. Nothing outside the repository is."""
    file = Path(os.path.realpath(root / path))
    # a name may be longer than names can be, and `Path.is_file` raises that
    there = os.path.isfile(file)  # noqa: PTH113
    return file if there and file.is_relative_to(os.path.realpath(root)) else None


def pending_file(pending: Diff, path: str) -> FileDiff | None:
    """The pending change of this file."""
    return next((file for file in pending.files if file.path == os.path.normpath(path)), None)


def own_line(place: FileLine, change: FileDiff | None, file: Path) -> int:
    """The line of the person's file that is meant; for one that is not in it, the one before. Raises OSError."""
    if place.written:
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
        return _alike(place.written, place.line - 1, lines) + 1
    return place.line if place.own or change is None else change.old_line(place.line)


def _alike(written: Sequence[str], index: int, lines: Sequence[str]) -> int:
    there = 0
    # blank lines are alike everywhere: by themselves they say nothing
    for match in Matcher(written, lines, junk=lambda line: not line.strip()).get_matching_blocks():
        if match.size and match.a <= index:
            there = match.b + min(index - match.a, match.size - 1)
    return there
