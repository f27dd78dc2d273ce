"""A change that happened, as files, hunks and lines; read from git's patch format."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

FileStatus = Literal["added", "deleted", "modified", "renamed"]


class Line(msgspec.Struct, frozen=True):
    """One line of a hunk: `kind` is " ", "+" or "-"; `old` and `new` are its line numbers from 1, None where it is not."""

    kind: Literal[" ", "+", "-"]
    text: str
    old: int | None = None
    new: int | None = None
    newline: bool = True


class Hunk(msgspec.Struct, frozen=True):
    """A run of changed lines with their context; starts count from 1 (0 for an empty side)."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: str
    lines: tuple[Line, ...]


class FileDiff(msgspec.Struct, frozen=True):
    """The change of one file. Modes are git's ("100644", "100755", "120000"), "" where the side has no file.

    `flags` name what a reviewer should look at twice (for example "executable", "symlink", "runs on checkout").
    """

    path: str
    status: FileStatus
    old_path: str
    old_mode: str
    new_mode: str
    binary: bool
    hunks: tuple[Hunk, ...]
    flags: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        return sum(line.kind == "+" for hunk in self.hunks for line in hunk.lines)

    @property
    def removed(self) -> int:
        return sum(line.kind == "-" for hunk in self.hunks for line in hunk.lines)

    def old_line(self, number: int) -> int:
        """The line of the old side that is line `number` of the new one; for an added line, the last one before it."""
        old = new = 0
        for line in (line for hunk in self.hunks for line in hunk.lines):
            if line.new is not None and line.new >= number:
                if line.new == number:
                    return line.old or max(1, old)
                break
            old, new = line.old or old, line.new or new
        return max(1, old + number - new)


class Diff(msgspec.Struct, frozen=True):
    """What changed between two states of the workspace."""

    files: tuple[FileDiff, ...] = ()

    @property
    def added(self) -> int:
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        return sum(file.removed for file in self.files)

    def summary(self) -> str:
        """One line of people's words, for example "2 files +9 −3"."""
        if not self.files:
            return "no changes"
        count = len(self.files)
        return f"{count} file{'s' if count > 1 else ''} +{self.added} −{self.removed}"


_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abfnrtv"\\])')
_NAMED = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b'"': b'"', b"\\": b"\\"}


def unquote(name: str) -> str:
    """A path as git prints it in a patch header, C-quoted or not; bytes that are not UTF-8 become `\\xNN`."""
    if not (len(name) >= 2 and name.startswith('"') and name.endswith('"')):
        return name
    raw = name[1:-1].encode("utf-8", "surrogateescape")
    plain = _ESCAPE.sub(lambda m: _NAMED.get(m[1]) or bytes([int(m[1], 8) & 0xFF]), raw)
    return plain.decode("utf-8", "backslashreplace")


class _File:
    """The header lines of one file while they are read."""

    def __init__(self) -> None:
        self.old = self.new = self.old_mode = self.new_mode = ""
        self.status: FileStatus = "modified"
        self.binary = False
        self.hunks: list[Hunk] = []

    def header(self, line: str) -> None:
        match line.split(" ", 2):
            case ["---", *_]:
                self.old = _side(line[4:], "a/") or self.old
            case ["+++", *_]:
                self.new = _side(line[4:], "b/") or self.new
            case ["old", "mode", mode]:
                self.old_mode = mode
            case ["new", "mode", mode]:
                self.new_mode = mode
            case ["new", "file", rest]:
                self.status, self.new_mode = "added", rest.removeprefix("mode ")
            case ["deleted", "file", rest]:
                self.status, self.old_mode = "deleted", rest.removeprefix("mode ")
            case ["rename", "from", name]:
                self.status, self.old = "renamed", unquote(name)
            case ["rename", "to", name]:
                self.new = unquote(name)
            case ["index", _, mode]:
                self.old_mode = self.new_mode = mode
            case ["Binary", *_] | ["GIT", "binary", *_]:
                self.binary = True

    def finished(self) -> FileDiff:
        return FileDiff(
            path=self.new if self.status != "deleted" else self.old,
            status=self.status,
            old_path=self.old if self.status != "added" else "",
            old_mode=self.old_mode,
            new_mode=self.new_mode,
            binary=self.binary,
            hunks=tuple(self.hunks),
        )


def _side(name: str, prefix: str) -> str:
    """The path of a `---` or `+++` line; "" for /dev/null."""
    name = unquote(name.removesuffix("\t"))
    return "" if name == "/dev/null" else name.removeprefix(prefix)


def _names(line: str) -> tuple[str, str]:
    """Both paths of a `diff --git a/x b/x` line, where no rename can make them differ."""
    rest = line.removeprefix("diff --git ")
    if quoted := _QUOTED.match(rest):
        old, new = quoted[0], rest[quoted.end() + 1 :]
    else:
        middle = len(rest) // 2
        old, new = rest[:middle], rest[middle + 1 :]
    return unquote(old).removeprefix("a/"), unquote(new).removeprefix("b/")


def parse_patch(patch: str) -> Diff:
    """Read the output of `git diff-tree -p` (prefixes a/ and b/). Text that is no patch gives an empty Diff."""
    files: list[FileDiff] = []
    current: _File | None = None
    lines = patch.split("\n")
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if line.startswith("diff --git "):
            if current:
                files.append(current.finished())
            current = _File()
            current.old, current.new = _names(line)
        elif current and (match := _HUNK.match(line)):
            hunk, index = _hunk(match, lines, index)
            current.hunks.append(hunk)
        elif current:
            current.header(line)
    if current:
        files.append(current.finished())
    return Diff(tuple(files))


def _hunk(match: re.Match[str], lines: list[str], index: int) -> tuple[Hunk, int]:
    """The hunk whose header is `match` and whose lines begin at `index`, and the index behind it."""
    old, new = int(match[1]), int(match[3])
    old_count, new_count = int(match[2] or 1), int(match[4] or 1)
    old_left, new_left = old_count, new_count
    body: list[Line] = []
    while index < len(lines) and (old_left > 0 or new_left > 0 or lines[index].startswith("\\")):
        text = lines[index]
        index += 1
        if text.startswith("\\"):
            if body:
                body[-1] = msgspec.structs.replace(body[-1], newline=False)
            continue
        kind = text[:1]
        if kind == "+":
            body.append(Line("+", text[1:], None, new))
            new, new_left = new + 1, new_left - 1
        elif kind == "-":
            body.append(Line("-", text[1:], old, None))
            old, old_left = old + 1, old_left - 1
        else:
            body.append(Line(" ", text[1:], old, new))
            old, new, old_left, new_left = old + 1, new + 1, old_left - 1, new_left - 1
    return Hunk(int(match[1]), old_count, int(match[3]), new_count, match[5], tuple(body)), index


def to_patch(diff: Diff) -> str:
    """The diff as a unified patch that `git apply` takes; binary files are named in a line each."""
    out: list[str] = []
    for file in diff.files:
        old, new = file.old_path or file.path, file.path
        out.append(f"diff --git a/{old} b/{new}")
        if file.status == "added":
            out.append(f"new file mode {file.new_mode}")
        elif file.status == "deleted":
            out.append(f"deleted file mode {file.old_mode}")
        elif file.old_mode != file.new_mode:
            out += [f"old mode {file.old_mode}", f"new mode {file.new_mode}"]
        if file.status == "renamed":
            out += [f"rename from {old}", f"rename to {new}"]
        if file.binary:
            out.append(f"Binary files a/{old} and b/{new} differ")
        if file.hunks:
            out.append("--- /dev/null" if file.status == "added" else f"--- a/{old}")
            out.append("+++ /dev/null" if file.status == "deleted" else f"+++ b/{new}")
        for hunk in file.hunks:
            place = f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@"
            out.append(f"{place} {hunk.heading}".rstrip())
            for line in hunk.lines:
                out.append(line.kind + line.text)
                if not line.newline:
                    out.append("\\ No newline at end of file")
    return "".join(f"{line}\n" for line in out)
