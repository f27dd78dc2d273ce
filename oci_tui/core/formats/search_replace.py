"""The SEARCH/REPLACE format: lines to find in a file and the lines to put in their place."""

from __future__ import annotations

import difflib
import re

import msgspec

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

_NEAREST_WITHIN = 3_000

_SEARCH = re.compile(r"^<{5,9} ?SEARCH\s*$")
_DIVIDER = re.compile(r"^={5,9}\s*$")
_REPLACE = re.compile(r"^>{5,9} ?REPLACE\s*$")


class ReplaceText(msgspec.Struct, frozen=True, tag=True):
    """In the file at `path` the lines `search` become `replace`; an empty `search` makes a new file."""

    path: str
    search: str
    replace: str


class Malformed(msgspec.Struct, frozen=True, tag=True):
    """A block for the file at `path` that begins a SEARCH part and does not end it."""

    path: str


class MismatchError(ValueError):
    """The lines to find are not in the file once and only once; the message is written for the model."""


def parse(path: str, text: str) -> list[ReplaceText]:
    """The replacements written in a block; [] when it holds none. An unterminated last one counts."""
    edits: list[ReplaceText] = []
    search: list[str] = []
    replace: list[str] = []
    part: list[str] | None = None
    for line in text.splitlines():
        if _SEARCH.match(line):
            search, replace = [], []
            part = search
        elif part is search and _DIVIDER.match(line):
            part = replace
        elif part is replace and _REPLACE.match(line):
            edits.append(ReplaceText(path, _lines(search), _lines(replace)))
            part = None
        elif part is not None:
            part.append(line)
    if part is replace and replace:
        edits.append(ReplaceText(path, _lines(search), _lines(replace)))
    return edits


def begun(text: str) -> bool:
    """Whether a block holds the beginning of a SEARCH part."""
    return any(map(_SEARCH.match, text.splitlines()))


def apply(text: str, edit: ReplaceText) -> str:
    """`text` with the edit made: exact lines first, then ignoring trailing blanks, then with one indentation shift.

    Raises MismatchError when the lines are not there, or are there more than once.
    """
    lines = text.splitlines(keepends=True)
    wanted = edit.search.splitlines()
    if not wanted:
        raise MismatchError(f"{edit.path}: the SEARCH part is empty, but the file exists; copy the old lines into it")
    for same in (_equal, _equal_but_trailing, _equal_but_indent):
        starts = [i for i in range(len(lines) - len(wanted) + 1) if same(lines[i : i + len(wanted)], wanted)]
        if len(starts) > 1:
            raise MismatchError(
                f"{edit.path}: the SEARCH lines occur {len(starts)} times; copy more lines around the right place"
            )
        if starts:
            found = lines[starts[0] : starts[0] + len(wanted)]
            new = _shifted(edit.replace, _shift(found, wanted)) if same is _equal_but_indent else edit.replace
            new = _with_line_ends_of(found, new)
            return "".join(lines[: starts[0]]) + new + "".join(lines[starts[0] + len(wanted) :])
    raise MismatchError(f"{edit.path}: the SEARCH lines are not in the file{_nearest(lines, wanted)}")


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _equal(found: list[str], wanted: list[str]) -> bool:
    return [line.rstrip("\r\n") for line in found] == wanted


def _equal_but_trailing(found: list[str], wanted: list[str]) -> bool:
    return [line.rstrip() for line in found] == [line.rstrip() for line in wanted]


def _equal_but_indent(found: list[str], wanted: list[str]) -> bool:
    return _shift(found, wanted) is not None


def _shift(found: list[str], wanted: list[str]) -> tuple[str, str] | None:
    """What must be taken off and put on every line's front to turn `wanted` into `found`; None when no one shift does."""
    shift: tuple[str, str] | None = None
    for line, want in zip(found, wanted, strict=True):
        if line.strip() != want.strip():
            return None
        if not want.strip():
            continue
        have, asked = line[: len(line) - len(line.lstrip())], want[: len(want) - len(want.lstrip())]
        if have.endswith(asked):
            this = ("", have[: len(have) - len(asked)])
        elif asked.endswith(have):
            this = (asked[: len(asked) - len(have)], "")
        else:
            return None
        if shift not in (None, this):
            return None
        shift = this
    return shift


def _shifted(text: str, shift: tuple[str, str] | None) -> str:
    off, on = shift or ("", "")
    return "".join(on + line.removeprefix(off) if line.strip() else line for line in text.splitlines(keepends=True))


def _with_line_ends_of(found: list[str], new: str) -> str:
    if any(line.endswith("\r\n") for line in found):
        new = new.replace("\n", "\r\n")
    return new if found[-1].endswith("\n") else new.removesuffix("\n")


def _nearest(lines: list[str], wanted: list[str]) -> str:
    """The real lines most like the wanted ones, for the model to copy; "" when nothing is near.

    Looked for by the first wanted line that is not blank, within the first lines of the file: a mismatch must not take seconds.
    """
    first = next((number for number, line in enumerate(wanted) if line.strip()), 0)
    bare = [line.strip() for line in lines[:_NEAREST_WITHIN]]
    near = difflib.get_close_matches(wanted[first].strip()[:200], bare, n=1, cutoff=0.6)
    if not near:
        return ""
    start = max(bare.index(near[0]) - first, 0)
    return ". Did you mean these lines?\n" + "".join(lines[start : start + len(wanted)]).rstrip()
