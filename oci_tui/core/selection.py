"""A part of a pending change that a person chose: files, hunks or lines, as they were shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from oci_tui.core.diff import Diff, FileDiff
from oci_tui.core.errors import SelectionError

_RANGES = re.compile(r"[+-]?\d{1,9}(?:-\d{1,9})?(?:,[+-]?\d{1,9}(?:-\d{1,9})?)*")

Place = tuple[int, int]
"""A changed line: its hunk's index in the file, and its index in the hunk."""


class Pick(msgspec.Struct, frozen=True):
    """The chosen part of one file's change. `lines` None is all of it, with name and mode; a rename goes with any line."""

    file: FileDiff
    lines: frozenset[Place] | None = None

    @property
    def whole(self) -> bool:
        """Whether it is all of the file's change. What is not shown as lines can only be taken whole."""
        if (
            self.lines is None
            or self.file.binary
            or not self.file.hunks
            or "120000" in (self.file.old_mode, self.file.new_mode)
        ):
            return True
        mode_too = self.file.status in ("modified", "renamed") and self.file.old_mode != self.file.new_mode
        return not mode_too and self.lines >= frozenset(changed_lines(self.file))

    def content(self, old: bytes, new: bytes, *, without: bool = False) -> bytes:
        """The file's text with only these lines taken from `old` to `new`; `without`: with all the others taken."""
        chosen = self.lines or frozenset()
        before, after = _lines(old), _lines(new)
        kept: list[bytes] = []
        copied = 0
        for number, hunk in enumerate(self.file.hunks):
            start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
            kept += before[copied:start]
            copied = start + hunk.old_count
            for index, line in enumerate(hunk.lines):
                taken = ((number, index) in chosen) is not without
                if line.kind == "+" and taken:
                    kept.append(after[(line.new or 0) - 1])
                elif line.kind == " " or (line.kind == "-" and not taken):
                    kept.append(before[(line.old or 0) - 1])
        kept += before[copied:]
        return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in kept[:-1]) + b"".join(kept[-1:])


class Selection(msgspec.Struct, frozen=True):
    """Picks of one Diff, at most one a file."""

    picks: tuple[Pick, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(pick.file.path for pick in self.picks)

    @classmethod
    def of_file(cls, file: FileDiff) -> Selection:
        return cls((Pick(file),))

    @classmethod
    def of_hunk(cls, file: FileDiff, hunk: int) -> Selection:
        """One hunk, by its index; the only hunk of a new or deleted file is the whole of it."""
        return cls((Pick(file, frozenset(place for place in changed_lines(file) if place[0] == hunk)),))


def parse(diff: Diff, words: Iterable[str]) -> Selection:
    """The parts that a person named: `PATH`, `PATH#1,3-4` (hunks from 1), `PATH:+10-14,-3` (lines as the patch numbers them).

    Raises SelectionError.
    """
    picks: dict[str, Pick] = {}
    for word in words:
        pick = _pick(diff, word)
        before = picks.get(pick.file.path)
        if before and before.lines is not None and pick.lines is not None:
            pick = Pick(pick.file, before.lines | pick.lines)
        picks[pick.file.path] = pick if not before or before.lines is not None else before
    return Selection(tuple(picks.values()))


def _pick(diff: Diff, word: str) -> Pick:
    files = {file.path: file for file in diff.files}
    if word in files:
        return Pick(files[word])
    for sign, choose in (("#", _of_hunks), (":", _of_lines)):
        path, found, numbers = word.rpartition(sign)
        if found and path in files and (ranges := _RANGES.fullmatch(numbers)):
            lines = frozenset(choose(files[path], [_range(part) for part in ranges[0].split(",")]))
            if lines:
                return Pick(files[path], lines)
            raise SelectionError(f"{word}: the change has no such part in {path}; it has {_parts(files[path])}")
    raise SelectionError(f"{word}: no such file in the change; write PATH, PATH#1,3-4 for hunks or PATH:+10-14,-3 for lines")


def _range(part: str) -> tuple[str, range]:
    """The sign of a range ("" for hunks) and its numbers."""
    sign = part[0] if part[0] in "+-" else ""
    first, _, last = part.removeprefix(sign).partition("-")
    return sign, range(int(first), int(last or first) + 1)


def _of_hunks(file: FileDiff, ranges: list[tuple[str, range]]) -> Iterator[Place]:
    return (place for place in changed_lines(file) if any(not sign and place[0] + 1 in numbers for sign, numbers in ranges))


def _of_lines(file: FileDiff, ranges: list[tuple[str, range]]) -> Iterator[Place]:
    for number, index in changed_lines(file):
        line = file.hunks[number].lines[index]
        at = line.new if line.kind == "+" else line.old
        if any(sign == line.kind and at in numbers for sign, numbers in ranges):
            yield number, index


def _parts(file: FileDiff) -> str:
    ends = [f"{hunk.new_start}-{hunk.new_start + max(hunk.new_count - 1, 0)}" for hunk in file.hunks]
    return f"hunks 1 to {len(ends)} (new lines {', '.join(ends)})" if ends else "no hunks"


def changed_lines(file: FileDiff) -> Iterator[Place]:
    """Where the + and − lines of a file's change are."""
    for number, hunk in enumerate(file.hunks):
        for index, line in enumerate(hunk.lines):
            if line.kind != " ":
                yield number, index


def rest(diff: Diff, selection: Selection) -> Diff:
    """What is still pending after whole files or hunks were taken out; the numbers of the other lines stay as they were."""
    files = []
    for file in diff.files:
        pick = next((pick for pick in selection.picks if pick.file == file), None)
        if pick is None:
            files.append(file)
        elif not pick.whole:
            gone = {number for number, _ in pick.lines or ()}
            hunks = tuple(hunk for number, hunk in enumerate(file.hunks) if number not in gone)
            files.append(msgspec.structs.replace(file, hunks=hunks))
    return Diff(tuple(files))


def _lines(data: bytes) -> list[bytes]:
    """The lines, each with the newline that ends it."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
