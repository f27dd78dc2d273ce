"""The SEARCH/REPLACE format: lines to find in a file and the lines to put in their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from oci_tui.core.formats.elision import elisions
from oci_tui.core.formats.indentation import reindent
from oci_tui.core.formats.likeness import Near, nearest, nearly
from oci_tui.core.labels import as_path

TEACH = """\
To change a few lines of a long file, write its path alone on a line, then a code block with the exact old and the new lines:

path/to/file.py
```python
<<<<<<< SEARCH
old lines, copied exactly
=======
new lines
>>>>>>> REPLACE
```
"""

OPENING = "<<<<<<<"
TWICE = "there are two ======= between SEARCH and REPLACE; write one, and lines that look like it as part of a whole file"
UNFINISHED = "the SEARCH part has no ======= and >>>>>>> REPLACE after it; write all of it"

_SEARCH = re.compile(r"^[ \t]{0,12}(?:<{5,9}|-{5,9}) ?(?:SEARCH|ORIGINAL|OLD|HEAD)\b:?[ \t]*([^\s>]*)[ >]*$", re.IGNORECASE)
_DIVIDER = re.compile(r"^[ \t]{0,12}={5,9}\s*$")
_REPLACE = re.compile(r"^[ \t]{0,12}(?:>{5,9}|\+{5,9}) ?(?:(?:REPLACE|UPDATED?|NEW)\b.*|[\w./-]*)$", re.IGNORECASE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MANY, _MOST_COMPARED = 50, 2_000_000
"""Places of the same lines are counted so far, and looked for in so many characters more."""


class ReplaceText(msgspec.Struct, frozen=True, tag=True):
    """In the file at `path` the lines `search` become `replace`; an empty `search` makes a new file."""

    path: str
    search: str
    replace: str


class Malformed(msgspec.Struct, frozen=True, tag=True):
    """A block that means an edit of the file at `path` ("": it names none) and cannot be understood; `why` is for the model."""

    path: str
    why: str


class Replaced(NamedTuple):
    """A text with an edit made; `how` says in a phrase what had to be overlooked, "" for an exact match."""

    text: str
    how: str = ""


class MismatchError(ValueError):
    """The lines to find are not in the file once and only once; the message is written for the model."""


def begins(line: str) -> bool:
    return bool(_SEARCH.match(line))


def ends(line: str) -> bool:
    return bool(_REPLACE.match(line))


def begun(text: str) -> bool:
    """Whether a block holds the beginning of a SEARCH part."""
    return any(map(_SEARCH.match, text.split("\n")))


def parse(path: str, text: str) -> list[ReplaceText | Malformed]:
    """The replacements written in a block; [] when it holds none. An unterminated last one counts.

    A path alone on a line between them, or after the word SEARCH, names the file of those that follow.
    """
    edits: list[ReplaceText | Malformed] = []
    search: list[str] = []
    replace: list[str] = []
    part: list[str] | None = None

    def end() -> None:
        if part is replace:
            twice = any(map(_DIVIDER.match, replace))
            edits.append(Malformed(path, TWICE) if twice else ReplaceText(path, _joined(search), _joined(replace)))
        elif part is search:
            edits.append(Malformed(path, UNFINISHED))

    for line in text.split("\n")[: -1 if text.endswith("\n") else None]:
        if begin := _SEARCH.match(line):
            end()
            search, replace = [], []
            part, path = search, as_path(begin[1]) or path
        elif part is search and _DIVIDER.match(line):
            part = replace
        elif part is not None and _REPLACE.match(line):
            end()
            part = None
        elif part is not None:
            part.append(line.removesuffix("\r"))
        elif named := as_path(line.strip(" \t`#*:")):
            path = named
    if part is search or replace:
        end()
    return edits


def occurs(text: str, search: str) -> bool:
    """Whether the lines `search` are in `text` once and only once, blanks at line ends aside."""
    wanted = _bare(_lines(search))
    return any(line.strip() for line in wanted) and len(_starts(_lines(text), wanted, str.rstrip)) == 1


def apply(text: str, edit: ReplaceText) -> Replaced:
    """`text` with the edit made: exact lines first, then overlooking blanks at line ends, then a shift of the indentation, then
    lines that `...` stands for, and last at the one place that is nearly the same.

    Raises MismatchError when the lines are not there, or are there more than once.
    """
    lines = _lines(text)
    wanted, new = _bare(_lines(edit.search)), _bare(_lines(edit.replace))
    if not any(line.strip() for line in wanted):
        if text.strip():
            raise MismatchError(f"{edit.path}: the SEARCH part is empty, but the file exists; copy the old lines into it")
        return Replaced(edit.replace)
    if wanted == new:
        raise MismatchError(f"{edit.path}: SEARCH and REPLACE are the same lines; nothing would change")
    for search, replace in ((wanted, new), _trimmed(wanted, new)):
        for bare, how in _WAYS:
            if starts := _starts(lines, search, bare):
                return Replaced(_spliced(lines, _only(edit.path, starts), search, replace), how)
    if (found := _in_a_line(text, wanted, new) or _around_elisions(edit.path, lines, wanted, new)) is not None:
        return found
    near = nearly(_bare(lines), *_trimmed(wanted, new))
    if isinstance(near, Near):
        put = _with_line_ends_of(lines[near.start : near.stop], _joined(near.lines))
        return Replaced("".join(lines[: near.start]) + put + "".join(lines[near.stop :]), near.how)
    if any(line.strip() for line in new) and _starts(lines, _trimmed(new, new)[0], str.rstrip):
        raise MismatchError(f"{edit.path}: the SEARCH lines are not in the file, and the REPLACE lines already are")
    close = nearest(_bare(lines), wanted)
    shown = f". Did you mean these lines?\n{close}" if close else ""
    raise MismatchError(f"{edit.path}: the SEARCH lines are not in the file{near}{shown}")


def _lines(text: str) -> list[str]:
    return _LINE.findall(text)


def _bare(lines: Sequence[str]) -> list[str]:
    return [*map(_without_end, lines)]


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _trimmed(wanted: Sequence[str], new: Sequence[str]) -> tuple[list[str], list[str]]:
    """Both without the blank lines that they have alike around them, and `wanted` without any."""
    wanted, new = list(wanted), list(new)
    for _ in range(2):
        wanted.reverse()
        new.reverse()
        while wanted and not wanted[-1].strip():
            wanted.pop()
            if new and not new[-1].strip():
                new.pop()
    return wanted, new


def _starts(lines: Sequence[str], wanted: Sequence[str], bare: Callable[[str], str]) -> list[int]:
    """Where the wanted lines stand, all of them made `bare`; of more than so many places only the first."""
    text, part = ("\n".join(["", *map(bare, each), ""]) for each in (lines, wanted))
    starts, line, before, after = list[int](), 0, 0, 0
    for _ in range(_MANY + _MOST_COMPARED // len(part)):
        if (place := text.find(part, after)) < 0 or len(starts) == _MANY:
            break
        line += text.count("\n", before, place)
        before, after = place, place + 1
        if bare is not str.strip or reindent(lines[line : line + len(wanted)], wanted) is not None:
            starts.append(line)
    return starts


def _only(path: str, starts: Sequence[int]) -> int:
    if len(starts) > 1:
        times = f"{len(starts)} times" if len(starts) < _MANY else f"{_MANY} times or more"
        raise MismatchError(f"{path}: the SEARCH lines occur {times}; copy more lines around the right place")
    return starts[0]


def _spliced(lines: list[str], start: int, wanted: Sequence[str], new: Sequence[str]) -> str:
    """The file with the lines at `start` replaced, indentation and line ends being those that it has there."""
    found = lines[start : start + len(wanted)]
    put = _with_line_ends_of(found, _joined(list(map(reindent(found, wanted) or str, new))))
    return "".join(lines[:start]) + put + "".join(lines[start + len(wanted) :])


def _without_end(line: str) -> str:
    return line.rstrip("\r\n")


_WAYS: tuple[tuple[Callable[[str], str], str], ...] = (
    (_without_end, ""),
    (str.rstrip, "blanks at line ends aside"),
    (str.strip, "with the file's indentation"),
)


def _with_line_ends_of(found: Sequence[str], new: str) -> str:
    if any(line.endswith("\r\n") for line in found):
        new = new.replace("\n", "\r\n")
    return new if not found or found[-1].endswith("\n") else new.removesuffix("\n")


def _in_a_line(text: str, wanted: Sequence[str], new: Sequence[str]) -> Replaced | None:
    """The edit made where the SEARCH part is not lines but the one place inside a line that it can mean, whole words."""
    part, put = "\n".join(wanted), "\n".join(new)
    if len(wanted) != 1 or text.count(part) != 1:
        return None
    start = text.index(part)
    around = (text[start - 1 : start] + part[:1], part[-1:] + text[start + len(part) :][:1])
    if any(len(pair) == 2 and all(sign.isalnum() or sign == "_" for sign in pair) for pair in around):
        return None
    return Replaced(text[:start] + put + text[start + len(part) :], "inside a line")


def _around_elisions(path: str, lines: list[str], wanted: list[str], new: list[str]) -> Replaced | None:
    """The edit made where `...` stands for lines in both parts: what it stands for stays. None when neither has any.

    Each piece between elisions must be found once, in order; a SEARCH part elided alone does not say what becomes of the lines.
    """
    pieces, replacements = _pieces(wanted), _pieces(new)
    if len(pieces) == 1:
        return None
    if len(pieces) != len(replacements):
        raise MismatchError(f"{path}: SEARCH and REPLACE do not leave out the same lines with '...'; write all lines of both")
    text, after = "".join(lines), 0
    for piece, replacement in zip(pieces, replacements, strict=True):
        if not any(line.strip() for line in piece):
            if any(line.strip() for line in replacement):
                raise MismatchError(f"{path}: new lines stand beside '...' without an old line; copy the lines around them")
            continue
        now = _lines(text)
        starts = next((starts for bare, _ in _WAYS if (starts := _starts(now, piece, bare))), [])
        if not starts:
            raise MismatchError(f"{path}: these SEARCH lines beside '...' are not in the file:\n{_joined(piece).rstrip()}")
        start = _only(path, starts)
        if start < after:
            raise MismatchError(f"{path}: the SEARCH lines around '...' are not in this order in the file")
        text = _spliced(now, start, piece, replacement)
        after = start + len(replacement)
    return Replaced(text, "keeping the lines that '...' stands for")


def _pieces(lines: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for line, elided in zip(lines, elisions(lines), strict=True):
        if elided:
            pieces.append([])
        else:
            pieces[-1].append(line)
    return pieces
