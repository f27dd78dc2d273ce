"""Imports that a reply forgot: names of a Python file that nothing in it defines, and the lines that bring them.

A small model uses what stands elsewhere, or writes a file again, and leaves the import out. A line is added only where one
thing can be meant: what the file imported before, what one file of the repository defines, what Python's library is known for;
and where it cannot break what works: no import in a circle, none of what may as well be a variable.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
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
"""Names that one module of Python's own is known for; those in lower case may be variables, unless they are only called."""

_MADE = frozenset({"NamedTuple", "TypeVar", "TypedDict"})
"""Of the names for types, those that are called."""

_PYTEST = frozenset({"approx", "fail", "fixture", "importorskip", "mark", "param", "raises", "skip", "warns"})
_GIVEN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__builtins__", "WindowsError"}
_ROOTS = (PurePosixPath("."), PurePosixPath("src"))
_ASIDE = frozenset({"test", "tests", "doc", "docs", "example", "examples"})
MOST_FILES = 500
"""Of more Python files none is looked through."""
_MOST_NAMES = 50

# lines as Python counts them; str.splitlines knows more line ends
_LINE = re.compile(r"[^\n]*\n|[^\n]+")

Read = Callable[[str], str | None]


def completed(path: str, text: str, old: str | None, paths: Sequence[str], read: Read) -> tuple[str, tuple[str, ...]]:
    """`text` with the imports that it lacks, and those lines.

    `old` is what the file held before, whose own unknown names are left alone, and which does not come back as it was; `paths`
    and `read` are the repository's files.
    """
    if not path.endswith(".py") or (tree := parsed(text)) is None:
        return text, ()
    before = parsed(old or "")
    unknown = _unknown(tree) - (_unknown(before) if before else set())
    if not unknown or len(unknown) > _MOST_NAMES:
        return text, ()
    lacking = _Lacking(path, tree, before, _Files(sorted({*paths, path}), read))
    # both kinds of line come in the order that a person would write them
    lines = sorted({line for name in unknown for line in lacking.lines(name)}, key=lambda line: (line.startswith("from"), line))
    new = _with(text, tree, lines) if lines else text
    if new in (text, old) or (after := parsed(new)) is None or not _unknown(after) < _unknown(tree):
        return text, ()
    return new, tuple(lines)


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


class _Files:
    """The repository's Python files: each is read and parsed once."""

    def __init__(self, paths: Sequence[str], read: Read) -> None:
        self.all = frozenset(paths)
        self.python = [path for path in paths if path.endswith(".py")]
        self.text = cache(lambda path: read(path) or "")
        self.tree = cache(lambda path: parsed(self.text(path)))

    def defining(self, name: str) -> list[str]:
        """The files that define it."""
        if len(self.python) > MOST_FILES:
            return []
        return [path for path in self.python if name in self.text(path) and name in _defined(self.tree(path))]

    def package(self, folder: PurePosixPath) -> bool:
        return f"{folder}/__init__.py" in self.all

    def root(self, path: str) -> PurePosixPath:
        """The folder from which a file is imported, as far as the packages tell."""
        folder = PurePosixPath(path).parent
        while folder != PurePosixPath(".") and self.package(folder):
            folder = folder.parent
        return folder

    def imported(self, path: str) -> Iterator[str]:
        """The files of the repository that a file imports, their packages included."""
        tree, root = self.tree(path), self.root(path)
        for node in ast.walk(tree) if tree else ():
            for module in _modules(node, path, root):
                parts = module.split(".")
                for end in range(1, len(parts) + 1):
                    for home in {root, *_ROOTS}:
                        stem = home.joinpath(*parts[:end])
                        yield from (f for f in (f"{stem}.py", f"{stem}/__init__.py") if f in self.all)

    def reaches(self, path: str, other: str) -> bool:
        """Whether a file imports the other one, by whatever others."""
        waiting, seen = [path], {path}
        while waiting:
            for found in self.imported(waiting.pop()):
                if found == other:
                    return True
                if found not in seen and len(seen) < MOST_FILES:
                    seen.add(found)
                    waiting.append(found)
        return False


class _Lacking:
    """What brings a name into the file at `path`, whose text is `tree` and was `before`."""

    def __init__(self, path: str, tree: ast.Module, before: ast.Module | None, files: _Files) -> None:
        self._path, self._tree, self._before, self._files = path, tree, before, files
        self._uses: dict[str, list[tuple[str, str]]] = {}
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.Name):
                    self._uses.setdefault(child.id, []).append(_use(node, child))

    def lines(self, name: str) -> tuple[str, ...]:
        """The lines that bring it; () where it is not plain which."""
        if lines := tuple(self._again(name)):
            return lines
        if defining := [path for path in self._files.defining(name) if path != self._path and not is_test(path)]:
            home = self._reached(defining[0]) if len(defining) == 1 else ""
            return (f"from {home} import {name}",) if home else ()
        kinds, taken = ({use[at] for use in self._uses.get(name, ())} for at in (0, 1))
        if name == "pytest" and is_test(self._path) and taken & _PYTEST:
            return ("import pytest",)
        if name in _MODULES and kinds == {"taken"} and not self._hidden(name) and _has(importlib.import_module(name), taken):
            return (f"import {name}",)
        if module := _NAMES.get(name):
            known = getattr(importlib.import_module(module), name)
            called = kinds <= {"called", "taken"} and _has(known, taken - {""})
            if name != name.lower():
                called = "called" not in kinds or module not in ("collections.abc", "enum", "typing") or name in _MADE
            if called and not self._hidden(module.partition(".")[0]):
                return (f"from {module} import {name}",)
        return ()

    def _again(self, name: str) -> Iterator[str]:
        """The file's own earlier lines that brought the name, unless another file has it now."""
        taken = (node for node in (self._before.body if self._before else ()) if isinstance(node, ast.Import | ast.ImportFrom))
        for node in taken:
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) != name:
                    continue
                if isinstance(node, ast.Import):
                    yield f"import {ast.unparse(alias)}"
                elif node.module != "__future__" and not self._gone(node, alias.name):
                    yield f"from {'.' * node.level}{node.module or ''} import {ast.unparse(alias)}"

    def _gone(self, node: ast.ImportFrom, name: str) -> bool:
        """Whether the line takes from a file of the repository what that no longer has."""
        module = next(iter(_modules(node, self._path, self._files.root(self._path))), "")
        homes = [path for path in self._files.python if module and module_of(path) == module]
        return bool(homes) and not any(name in _bound(self._files.tree(path)) for path in homes)

    def _reached(self, home: str) -> str:
        """The module that the file can take it from: as others call it, from the root, or as a neighbour.

        "" where it has no such name, may act when it is imported, or needs the file itself.
        """
        file, own = PurePosixPath(home), PurePosixPath(self._path)
        root, full = self._files.root(home), [*file.parent.parts, file.stem]
        aside = set(file.parts[:-1]) & _ASIDE and not set(own.parts[:-1]) & _ASIDE
        acts = file.stem in ("__main__", "__init__", "setup", "conftest", "manage") or _runs(self._files.tree(home))
        inside = own.stem == "__init__" and own.parent in file.parents
        if aside or acts or inside or self._files.reaches(home, self._path):
            return ""
        if file.parent == own.parent and any(isinstance(node, ast.ImportFrom) and node.level == 1 for node in self._tree.body):
            return f".{file.stem}" if file.stem.isidentifier() and not iskeyword(file.stem) else ""
        if root == self._files.root(self._path) or root in _ROOTS:
            full = full[len(root.parts) :]
        elif not self._is_imported(".".join(full[:-1])):
            return ""
        named = all(part.isidentifier() and not iskeyword(part) for part in full)
        return ".".join(full) if named and full[0] not in sys.stdlib_module_names else ""

    def _is_imported(self, package: str) -> bool:
        """Whether a file takes something from the package by that name."""
        line = re.compile(rf"^[ \t]*(?:from|import)[ \t]+{re.escape(package)}\b", re.MULTILINE)
        return bool(package) and any(line.search(self._files.text(path)) for path in self._files.python[:MOST_FILES])

    def _hidden(self, module: str) -> bool:
        """Whether a file of the repository is taken for the module of Python's own."""
        stems = [folder / module for folder in (*_ROOTS, PurePosixPath(self._path).parent)]
        return any(f"{stem}{end}" in self._files.all for stem in stems for end in (".py", "/__init__.py"))


def _leads(statement: ast.stmt, tree: ast.Module) -> bool:
    documents = statement is tree.body[0] and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return documents or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")


def _with(text: str, tree: ast.Module, lines: Sequence[str]) -> str:
    """The lines where they can stand, set off as a person would: close to other imports, apart from all else."""
    held, added, at = _LINE.findall(text), "".join(f"{line}\n" for line in lines), place(text)
    if at < 1:
        return f"{text}\n{added}" if at else text
    first = next(statement for statement in tree.body if not _leads(statement, tree))
    end = max((statement.end_lineno or 0 for statement in tree.body if _leads(statement, tree)), default=0)
    if at <= end:
        return text
    if isinstance(first, ast.Import | ast.ImportFrom):
        held.insert(at - 1, added)
    elif end:
        held.insert(end, f"\n{added}")
    else:
        held.insert(at - 1, f"{added}\n\n")
    return "".join(held)


def _unknown(tree: ast.Module) -> set[str]:
    """Names that are read and that nothing in the file, in whatever scope, binds; none of annotations that are only words."""
    read, bound = set[str](), set(_GIVEN)
    words = set[int]()
    if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
        for node in ast.walk(tree):
            for note in (getattr(node, "annotation", None), getattr(node, "returns", None)):
                words.update(map(id, ast.walk(note)) if isinstance(note, ast.AST) else ())
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.update(() if id(node) in words else (name,))
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


def _defined(tree: ast.Module | None) -> set[str]:
    """Functions, classes and constants of a file; a variable may as well be another of that name."""
    names = set[str]()
    for statement in tree.body if tree else ():
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names.update(target.id for target in targets if isinstance(target, ast.Name) and target.id != target.id.lower())
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.update({name} if name != name.lower() else ())
    return names


def _bound(tree: ast.Module | None) -> set[str]:
    """All that a file may have by name."""
    nodes = list(ast.walk(tree)) if tree else []
    names = {getattr(node, "name", None) or getattr(node, "id", None) for node in nodes}
    return {name for name in names if name} | {node.asname for node in nodes if isinstance(node, ast.alias) and node.asname}


def _runs(tree: ast.Module | None) -> bool:
    """Whether a file does something more than define when it is imported."""
    for statement in tree.body if tree else ():
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await):
            return True
        nodes = ast.walk(statement) if isinstance(statement, ast.Assign) else ()
        if any(isinstance(node, ast.Attribute) and node.attr == "parse_args" for node in nodes):
            return True
    return False


def _modules(node: ast.AST, path: str, root: PurePosixPath) -> Iterable[str]:
    """The modules that a statement imports, and what may be modules in them, as they are called from the root."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return ()
    folder, module = PurePosixPath(path).parent.parts[len(root.parts) :], (node.module or "").split(".")
    above = folder[: len(folder) - node.level + 1] if node.level else ()
    whole = ".".join(part for part in (*above, *module) if part)
    return [*([whole] if whole else ()), *(f"{whole}.{alias.name}".removeprefix(".") for alias in node.names)]


def _use(node: ast.AST, name: ast.Name) -> tuple[str, str]:
    """How a name is used in `node`, and what is taken from it."""
    if isinstance(node, ast.Attribute):
        return "taken", node.attr
    decorates = name in getattr(node, "decorator_list", ())
    return "called" if decorates or (isinstance(node, ast.Call) and node.func is name) else "read", ""


def _has(held: object, attributes: set[str]) -> bool:
    return all(hasattr(held, attribute) for attribute in attributes)
