"""A part of a pending change that a person chose: files, hunks or lines, as they were shown."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oci_tui.core.diff import Diff, FileDiff

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
