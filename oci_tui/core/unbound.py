"""Names that Python did not find: what a move or a shortened file most often leaves broken, with a command that mends it."""

from __future__ import annotations

import ast
import re
import shlex
import sys

from oci_tui.core.diff import Diff
from oci_tui.core.ports import Parser, Snapshot
from oci_tui.core.redefined import gone_and_new
from oci_tui.core.syntax import parsed

_NOT_THERE = re.compile(r"^(?:E +)?ImportError: cannot import name '(\w{1,100})' from '([\w.]{1,200})'", re.MULTILINE)
_UNKNOWN = re.compile(
    r"^(?:E +)?(?:NameError: name '(?P<name>\w{1,100})' is not defined"
    r"|AttributeError: .{1,200} has no attribute '(?P<attribute>\w{1,100})')",
    re.MULTILINE,
)
_FRAME = re.compile(r"^(?:  File \"(?:/workspace/)?([^\"\n]{1,300})\", line \d|([\w./-]{1,300}):\d{1,7}: )", re.MULTILINE)


def hint(output: str, diff: Diff, files: Snapshot, parser: Parser) -> str:
    """What the model is told of the first name that was not found, where the change says what is to be done; else ""."""
    if found := _NOT_THERE.search(output):
        return _moved(found[1], found[2], diff, files, parser)
    if not (found := _UNKNOWN.search(output)):
        return ""
    # a traceback ends with the frame in which it was raised, pytest's with its place below the error
    after = _FRAME.search(output, found.end()) if found[0].startswith("E ") else None
    *_, frame = None, *_FRAME.finditer(output, 0, found.start())
    place, old = after or frame, found["name"] or found["attribute"]
    path = (place[1] or place[2]) if place else ""
    if new := _renamed(diff).get(old, "") if files.read(path) is not None else "":
        command = f"sed -i 's/\\b{old}\\b/{new}/g' {shlex.quote(path)}"
        return _answer(f"`{old}` is `{new}` now, and {path} still says `{old}`.", command)
    if found["name"] in sys.stdlib_module_names and path in _changed(diff, files):
        return _import(f"{path} uses `{old}` and does not import it", path, f"import {old}", files)
    return ""


def _moved(name: str, module: str, diff: Diff, files: Snapshot, parser: Parser) -> str:
    """Where `module` has to take from what it no longer defines: the one changed file that does."""
    here = [path for path in files.paths() if _module(path) == module]
    there = [path for path in _changed(diff, files) if path not in here and _defines(path, name, files, parser)]
    # what stands in a command must be no more than a name
    if here and len(there) == 1 and all(part.isidentifier() for part in _module(there[0]).split(".")):
        return _import(f"`{name}` is in {there[0]} now", here[0], f"from {_module(there[0])} import {name}", files)
    return ""


def _renamed(diff: Diff) -> dict[str, str]:
    """New names by old ones: of files in which one definition went and one came."""
    pairs = [gone_and_new(file) for file in diff.files]
    return {min(gone): min(new) for gone, new in pairs if len(gone) == len(new) == 1}


def _changed(diff: Diff, files: Snapshot) -> list[str]:
    return [file.path for file in diff.files if file.path.endswith(".py") and files.read(file.path) is not None]


def _import(why: str, path: str, line: str, files: Snapshot) -> str:
    text, name = files.read(path) or "", shlex.quote(path)
    command = f"sed -i '{_first_import(text)}i {line}' {name}" if text else f"echo '{line}' > {name}"
    return _answer(f"{why}: {path} needs the line `{line}`.", command)


def _answer(why: str, command: str) -> str:
    return f"{why} Answer with this block, and write no file again:\n```bash\n{command}\n```"


def _first_import(text: str) -> int:
    """The line (from 1) ahead of which an import can stand: after the docstring and what is imported from __future__."""
    tree = parsed(text)
    body = tree.body if tree else []
    for statement in body:
        documents = statement is body[0] and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not documents and not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
            return min([statement.lineno, *(one.lineno for one in decorators)])
    return 1


def _defines(path: str, name: str, files: Snapshot, parser: Parser) -> bool:
    return any(one.name == name and not one.inside for one in parser.outline(path, files.read(path) or "").definitions)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")
