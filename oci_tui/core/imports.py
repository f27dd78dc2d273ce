"""Imports that a reply forgot: names of a Python file that nothing in it defines, and the lines that bring them.

A small model uses what stands elsewhere, or writes a file again, and leaves the import out. A line is added only where one
thing can be meant: what the file imported before, what one file of the repository defines, what Python's library is known for.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from keyword import iskeyword
from pathlib import PurePosixPath

from oci_tui.core.syntax import parsed
from oci_tui.core.tested import is_test

_MODULES = frozenset(
    """
    argparse asyncio bisect calendar collections contextlib copy csv dataclasses datetime enum functools hashlib heapq io
    itertools json logging math operator os random re shlex shutil statistics string subprocess sys tempfile textwrap threading
    time typing unittest
    """.split()  # noqa: SIM905
)
"""Modules of Python's own that code names; what is taken from them tells them from a variable of that name."""

_NAMES = {
    name: module
    for module, names in {
        "abc": "ABC abstractmethod",
        "collections": "Counter OrderedDict defaultdict deque namedtuple",
        "collections.abc": "Callable Generator Iterable Iterator Mapping MutableMapping Sequence",
        "contextlib": "contextmanager suppress",
        "dataclasses": "dataclass field",
        "datetime": "date datetime timedelta timezone",
        "decimal": "Decimal",
        "enum": "Enum IntEnum",
        "fractions": "Fraction",
        "functools": "cached_property lru_cache partial reduce total_ordering wraps",
        "io": "BytesIO StringIO",
        "math": "ceil floor gcd sqrt",
        "pathlib": "Path",
        "typing": "Any ClassVar Dict List NamedTuple Optional Protocol Set Tuple TypeVar TypedDict Union",
    }.items()
    for name in names.split()
}
"""Names that one module of Python's own is known for."""

_PYTEST = frozenset({"approx", "fail", "fixture", "importorskip", "mark", "param", "raises", "skip", "warns"})
_GIVEN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__builtins__", "WindowsError"}
_ROOTS = (PurePosixPath("."), PurePosixPath("src"))
_MOST_FILES = 500

Read = Callable[[str], str | None]


def completed(path: str, text: str, old: str | None, paths: Sequence[str], read: Read) -> tuple[str, tuple[str, ...]]:
    """`text` with the imports that it lacks, and those lines.

    `old` is what the file held before, whose own unknown names are left alone; `paths` and `read` are the repository's files.
    """
    tree, before = parsed(text), parsed(old or "")
    if not path.endswith(".py") or tree is None:
        return text, ()
    unknown = _unknown(tree)
    if before is not None:
        unknown -= _unknown(before)
    lines = [line for name in sorted(unknown) if (line := _line(name, path, tree, before, paths, read))]
    # both kinds of line come in the order that a person would write them
    lines = sorted(dict.fromkeys(lines), key=lambda line: (line.startswith("from"), line))
    if not lines or not (at := place(text)):
        return text, ()
    return _with(text, tree, at, lines), tuple(lines)


def place(text: str) -> int:
    """The line (from 1) ahead of which an import can stand: after the docstring and what is imported from __future__.

    -1 where it stands behind all there is, 0 where the text is no Python.
    """
    tree = parsed(text)
    if tree is None:
        return 0
    for statement in tree.body:
        if not _leads(statement, tree):
            decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
            return min([statement.lineno, *(one.lineno for one in decorators)])
    return -1 if text.endswith("\n") or not text else 0


def module_of(path: str) -> str:
    """What a Python file is called where it is imported from the repository's root, or from its folder `src`."""
    return path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")


def _leads(statement: ast.stmt, tree: ast.Module) -> bool:
    documents = statement is tree.body[0] and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return documents or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")


def _with(text: str, tree: ast.Module, at: int, lines: Sequence[str]) -> str:
    """The lines ahead of line `at`, set off as a person would: close to other imports, apart from all else."""
    held, added = text.splitlines(keepends=True), "".join(f"{line}\n" for line in lines)
    if at < 0:
        return f"{text}\n{added}"
    first = next(statement for statement in tree.body if not _leads(statement, tree))
    if isinstance(first, ast.Import | ast.ImportFrom):
        held.insert(at - 1, added)
    elif leading := [statement for statement in tree.body if _leads(statement, tree)]:
        end = leading[-1].end_lineno or 0
        held[end - 1] = held[end - 1].rstrip("\n") + "\n"
        held.insert(end, f"\n{added}")
    else:
        held.insert(at - 1, f"{added}\n\n")
    return "".join(held)


def _unknown(tree: ast.Module) -> set[str]:
    """Names that are read and that nothing in the file, in whatever scope, binds."""
    read, bound = set[str](), set(_GIVEN)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name):
                bound.add(name)
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return set()
            case ast.alias(name=name, asname=alias):
                bound.add(alias or name.partition(".")[0])
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                bound.update(names)
            case _:
                # type parameters, which Python 3.11 does not know
                bound.update(one.name for one in getattr(node, "type_params", ()))
    return read - bound


def _line(name: str, path: str, tree: ast.Module, before: ast.Module | None, paths: Sequence[str], read: Read) -> str:
    """The line that brings `name` into the file; "" where it is not plain which."""
    if before is not None and (line := next(_imported(name, before), "")):
        return line
    if defining := list(_homes(name, path, paths, read)):
        home = _reached(defining[0], path, tree, paths, read) if len(defining) == 1 else ""
        return f"from {home} import {name}" if home else ""
    taken = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is(node.value, name)}
    if name == "pytest" and is_test(path) and taken & _PYTEST:
        return "import pytest"
    if name in _MODULES and taken and _bare(name, tree) == 0 and _has(name, taken):
        return f"import {name}"
    return f"from {_NAMES[name]} import {name}" if name in _NAMES else ""


def _imported(name: str, before: ast.Module) -> Iterator[str]:
    """The file's own earlier lines that brought the name."""
    for node in before.body:
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if (alias.asname or alias.name.partition(".")[0]) == name:
                taken = f"from {'.' * node.level}{node.module or ''} " if isinstance(node, ast.ImportFrom) else ""
                yield f"{taken}import {ast.unparse(alias)}"


def _homes(name: str, path: str, paths: Sequence[str], read: Read) -> Iterator[str]:
    """The other files, tests aside, that define it."""
    others = [other for other in paths if other.endswith(".py") and other != path and not is_test(other)]
    for other in others if len(others) <= _MOST_FILES else ():
        if name in (text := read(other) or "") and (tree := parsed(text)) is not None and name in _defined(tree):
            yield other


def _defined(tree: ast.Module) -> set[str]:
    names = set[str]()
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names.update(target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


def _reached(home: str, path: str, tree: ast.Module, paths: Sequence[str], read: Read) -> str:
    """The module that the file can take it from, called as others are: from the root, from its own package, or as a neighbour.

    "" where it has no such name, or takes something from the file itself.
    """
    folder, stem = PurePosixPath(home).parent, PurePosixPath(home).stem
    near, package = folder == PurePosixPath(path).parent, module_of(f"{folder}/__init__.py")
    if re.search(rf"^[ \t]*(?:from|import)\b.*\b{re.escape(PurePosixPath(path).stem)}\b", read(home) or "", re.MULTILINE):
        return ""
    if near and any(isinstance(node, ast.ImportFrom) and node.level == 1 for node in tree.body):
        module = f".{stem}"
    elif folder in _ROOTS or f"{folder}/__init__.py" in paths or _is_imported(package, paths, read):
        module = module_of(home)
    else:
        module = stem if near else ""
    named = all(part.isidentifier() and not iskeyword(part) for part in module.removeprefix(".").split("."))
    return module if named and stem != "__main__" else ""


def _is_imported(package: str, paths: Sequence[str], read: Read) -> bool:
    """Whether a file takes something from the package by that name."""
    line = re.compile(rf"^[ \t]*(?:from|import)[ \t]+{re.escape(package)}\b", re.MULTILINE)
    return any(line.search(read(path) or "") for path in paths if path.endswith(".py"))


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _bare(name: str, tree: ast.Module) -> int:
    """How often the name stands for itself, with nothing taken from it."""
    taken = sum(isinstance(node, ast.Attribute) and _is(node.value, name) for node in ast.walk(tree))
    return sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree)) - taken


def _has(module: str, attributes: set[str]) -> bool:
    held = importlib.import_module(module)
    return all(hasattr(held, attribute) for attribute in attributes)
