"""Names that Python did not find: what a move, a rename or a shortened file leaves broken, with a command that mends it.

A small model writes whole files again and overlooks the line; it copies a command. Nothing is said where the change, or for a
rename the prompt, does not make plain what was meant.
"""

from __future__ import annotations

import keyword
import re
import shlex
from typing import NamedTuple

from oci_tui.core.diff import Diff
from oci_tui.core.imports import module_of, place
from oci_tui.core.ports import Parser, Snapshot
from oci_tui.core.redefined import gone_and_new
from oci_tui.core.tested import is_test

_NOT_THERE = re.compile(r"^(?:E +)?ImportError: cannot import name '(\w{1,100})' from '([\w.]{1,200})'", re.MULTILINE)
_UNKNOWN = re.compile(
    r"^(?:E +)?AttributeError: (?:module |type object )?'(?P<owner>[\w.]{1,200})'(?: object)? has no attribute"
    r" '(?P<attribute>\w{1,100})'",
    re.MULTILINE,
)
_FRAME = re.compile(
    r"^(?:  File \"(?:/workspace/)?(?P<file>[^\"\n]{1,300})\", line (?P<at>\d{1,7})"
    r"|(?P<path>[\w./-]{1,300}):(?P<line>\d{1,7}): )",
    re.MULTILINE,
)
_BELOW = re.compile(r"[^\n]*(?:\nE [^\n]*)*+\n\n(?P<path>[\w./-]{1,300}):(?P<line>\d{1,7}): \w+Error$", re.MULTILINE)
_MOST_FILES = 500


class _Place(NamedTuple):
    path: str
    line: int


def hint(output: str, prompt: str, diff: Diff, files: Snapshot, parser: Parser) -> str:
    """What the model is told of the first name that was not found, where it is plain what is to be done; else ""."""
    if found := _NOT_THERE.search(output):
        return _moved(found[1], found[2], diff, files, parser)
    found = _UNKNOWN.search(output)
    if not found or not (where := _place(output, found)):
        return ""
    text = (files.read(where.path) or "").splitlines()
    source = text[where.line - 1] if 0 < where.line <= len(text) else ""
    return _renamed(found["attribute"], found["owner"], where, source, prompt, diff, files, parser)


def _place(output: str, error: re.Match[str]) -> _Place | None:
    """Where it was raised: a traceback ends with that frame, of a test that failed pytest has the place below the error."""
    if below := _BELOW.match(output, error.end()):
        return _Place(below["path"], int(below["line"]))
    *_, frame = None, *_FRAME.finditer(output, 0, error.start())
    return _Place(frame["file"] or frame["path"], int(frame["at"] or frame["line"])) if frame else None


def _moved(name: str, module: str, diff: Diff, files: Snapshot, parser: Parser) -> str:
    """Where `module` has to take from what it no longer defines: the one changed file that does, and does not need it."""
    here = [path for path in files.paths() if module_of(path) == module and files.read(path) is not None]
    there = [path for path in _changed(diff, files) if path not in here and name in _own(path, files, parser)]
    if len(here) != 1 or len(there) != 1 or is_test(there[0]):
        return ""
    home, needs = module_of(there[0]), re.search(rf"\b{re.escape(module)}\b", files.read(there[0]) or "")
    # what stands in a command must be no more than a name
    if needs or not all(part.isidentifier() and not keyword.iskeyword(part) and part != "__main__" for part in home.split(".")):
        return ""
    return _import(f"`{name}` is in {there[0]} now", here[0], f"from {home} import {name}", files)


def _renamed(old: str, owner: str, place: _Place, source: str, prompt: str, diff: Diff, files: Snapshot, parser: Parser) -> str:
    """Of a file in which one definition went and one came, where the prompt names both and nothing else is called so."""
    said = set(re.findall(r"\w+", prompt))
    for file in diff.files:
        gone, new = gone_and_new(file)
        if gone != {old} or len(new) != 1 or not (said >= gone | new) or not file.path.endswith(".py"):
            continue
        paths = [path for path in files.paths() if path.endswith(".py")]
        if owner not in (*_own(file.path, files, parser), module_of(file.path)) or len(paths) > _MOST_FILES:
            return ""
        elsewhere = any(old in _all(path, files, parser) for path in paths)
        if elsewhere or is_test(place.path) or not re.search(rf"\.{old}\b", source):
            return ""
        command = f"sed -i '{place.line}s/\\b{old}\\b/{min(new)}/g' -- {shlex.quote(place.path)}"
        return _answer(f"`{old}` is `{min(new)}` now, and line {place.line} of {place.path} still says `{old}`.", command)
    return ""


def _changed(diff: Diff, files: Snapshot) -> list[str]:
    return [file.path for file in diff.files if file.path.endswith(".py") and files.read(file.path) is not None]


def _all(path: str, files: Snapshot, parser: Parser) -> set[str]:
    return {one.name for one in parser.outline(path, files.read(path) or "").definitions}


def _own(path: str, files: Snapshot, parser: Parser) -> set[str]:
    """What a file itself defines."""
    return {one.name for one in parser.outline(path, files.read(path) or "").definitions if not one.inside}


def _import(why: str, path: str, line: str, files: Snapshot) -> str:
    at = place(files.read(path) or "")
    if not at:
        return ""
    name = shlex.quote(path)
    command = f"echo '{line}' >> ./{name}" if at < 0 else f"sed -i '{at}i {line}' -- {name}"
    return _answer(f"{why}: {path} needs the line `{line}`.", command)


def _answer(why: str, command: str) -> str:
    return f"{why} Answer with this block, and write no file again:\n```bash\n{command}\n```"
