"""The unified diff: accepted when it comes, never asked for; its hunks are found by their lines, never by line numbers."""

from __future__ import annotations

import re
from itertools import pairwise

from oci_tui.core.formats.search_replace import Malformed, ReplaceText
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.labels import as_path

TAGS = frozenset({"diff", "patch", "udiff"})

_OLD = re.compile(r"--- (?!.* ---$)([^\t]+?)(?:\t.*)?\s*$")
_NEW = re.compile(r"\+\+\+ ([^\t]+?)(?:\t.*)?\s*$")
_HUNK = re.compile(r"@@(?: .*)?")
_HEADER = re.compile(
    r"(?:diff --git |index [0-9a-f]+\.\.|(?:new|deleted) file mode |(?:old|new) mode |similarity index |rename )"
)
_NOWHERE = "/dev/null"

NO_FILE = "the diff names no file; begin it with --- and +++ lines, or write the file's path above it"
NO_CONTEXT = "a hunk of the diff has no old lines to find its place by; write the lines around the new ones too"
DELETES = "a diff cannot delete a file here; write a ```bash block with rm and the path"


def is_diff(tag: str, path: str, text: str) -> bool:
    """Whether a block is a diff to apply; one for a file that is itself a patch is not."""
    if path.endswith((".diff", ".patch")):
        return False
    lines = text.split("\n")
    headed = any(_OLD.match(line) and _NEW.match(after) for line, after in pairwise(lines))
    hunks = any(line.startswith("@@") for line in lines)
    return headed and hunks if tag not in TAGS else any(line.startswith(("+", "-", "@@")) for line in lines)


def parse(path: str, text: str) -> list[WriteFile | ReplaceText | Malformed]:
    """An edit for each hunk; `path` is the file that the block names, for a diff that names none."""
    edits: list[WriteFile | ReplaceText | Malformed] = []
    old, hunk = "", list[str]()
    lines = text.split("\n")[: -1 if text.endswith("\n") else None]

    def end() -> None:
        if any(line.startswith(("+", "-")) for line in hunk):
            edits.append(_edit(path, hunk, new_file=old == _NOWHERE))
        hunk.clear()

    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if (named := _OLD.match(line)) and (_NEW.match(following) or not hunk):
            end()
            old, path = named[1], _path(named[1]) or path
        elif (named := _NEW.match(line)) and not hunk:
            if named[1] == _NOWHERE:
                edits.append(Malformed(path, DELETES))
            path = _path(named[1]) or path
        elif _HUNK.fullmatch(line) or _HEADER.match(line):
            end()
        elif not line.startswith("\\"):
            hunk.append(line)
    end()
    deleted = {edit.path for edit in edits if isinstance(edit, Malformed) and edit.why == DELETES}
    return [edit for edit in edits if edit.path not in deleted or isinstance(edit, Malformed)]


def _edit(path: str, hunk: list[str], *, new_file: bool) -> WriteFile | ReplaceText | Malformed:
    context = [line for line in hunk if line.strip() and not line.startswith(("+", "-"))]
    # a model that forgets the blank before context lines forgets it before all of them
    lead = 1 if all(line.startswith(" ") for line in context) else 0
    old = [line[1:] if line.startswith("-") else line[lead:] for line in hunk if not line.startswith("+")]
    new = [line[1:] if line.startswith("+") else line[lead:] for line in hunk if not line.startswith("-")]
    if new_file:
        return WriteFile(path, _joined(new)) if path else Malformed(path, NO_FILE)
    if not any(line.strip() for line in old):
        return Malformed(path, NO_CONTEXT)
    return ReplaceText(path, _joined(old), _joined(new))


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _path(named: str) -> str:
    """The path in a header without git's `a/` and `b/`; "" for /dev/null."""
    bare = named.strip().strip('"')
    return "" if bare == _NOWHERE else as_path(re.sub(r"^[ab]/", "", bare))
