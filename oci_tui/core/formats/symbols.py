"""The whole-symbol format: a Python block without a path that defines again what one file defines replaces it there.

Small models often leave the path out; the names they define say which file is meant.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from oci_tui.core.formats.whole_file import WriteFile

_DOCSTRING, _MAIN = '"""', "__main__"

# lines as Python counts them; str.splitlines knows more line ends
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def place(code: str, files: Mapping[str, str]) -> WriteFile | None:
    """The edit a block means, `files` being the Python files it may mean; None when it is a program to run, or not clear."""
    block = _parsed(code)
    if block is None or not all(map(_declares, block.body)) or not (names := _names(block)):
        return None
    trees = {path: tree for path, text in files.items() if (tree := _parsed(text)) is not None}
    shared = {path: len(names & _names(tree)) for path, tree in trees.items()}
    best = max(shared.values(), default=0)
    meant = [path for path, count in shared.items() if count == best]
    if best == 0 or len(meant) != 1:
        return None
    path = meant[0]
    return WriteFile(path, merged(files[path], code))


def merged(text: str, code: str) -> str:
    """`text` with the definitions of `code` in place of its own of the same name; both are Python that parses.

    A block that defines all that the file does, and imports no less, is the whole file.
    """
    file, block = ast.parse(text), ast.parse(code)
    told = set(map(_key, block.body))
    if all(_key(statement) and _key(statement) in told for statement in file.body):
        return code
    old = {_key(statement): statement for statement in file.body if _key(statement)}
    lines, new = _LINE.findall(text), _LINE.findall(code)
    replacing: dict[str, str] = {}
    imports, added = "", ""
    for statement in block.body:
        key, source = _key(statement), _ended("".join(new[_start(statement) - 1 : statement.end_lineno]))
        if key in old:
            replacing[key] = replacing.get(key, "") + source
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            imports += source
        elif key:
            added += f"\n\n{source}"
    for statement in sorted((old[key] for key in replacing), key=_start, reverse=True):
        lines[_start(statement) - 1 : statement.end_lineno] = [replacing[_key(statement)]]
    if imports:
        first = next((s for s in file.body if not _is_docstring(s) and not _is_future(s)), None)
        place = _start(first) - 1 if first else len(lines)
        lines.insert(place, imports)
    return _ended("".join(lines)) + added


def _ended(source: str) -> str:
    return source if source.endswith(("\n", "\r")) else source + "\n"


def _parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _declares(statement: ast.stmt) -> bool:
    kinds = _Definition | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
    return isinstance(statement, kinds) or _key(statement) in (_DOCSTRING, _MAIN)


def _names(tree: ast.Module) -> set[str]:
    return {statement.name for statement in tree.body if isinstance(statement, _Definition)}


def _key(statement: ast.stmt) -> str:
    """What makes two top-level statements the same one; "" for those that are nobody's (calls, loops, ...)."""
    if _is_docstring(statement):
        return _DOCSTRING
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return _MAIN
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.Import() | ast.ImportFrom():
            return ast.unparse(statement)
    return ""


def _start(statement: ast.stmt) -> int:
    decorators = statement.decorator_list if isinstance(statement, _Definition) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    )


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
