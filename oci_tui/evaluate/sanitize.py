"""The code of a reply as EvalPlus takes it: the longest run of lines that is Python, of it what the entry point needs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sanitize(text: str, entry_point: str = "") -> str:
    """Imports first, then each definition that `entry_point` reaches by name ("": all), in order; "" when there is no code.

    As EvalPlus 0.3.1 does: of definitions of one name the first stays, and a function without `return` goes. Unlike there,
    decorated definitions stay.
    """
    code = _longest_python(text)
    return _kept(code, entry_point).strip() or code


def _longest_python(text: str) -> str:
    """The run of lines with the most that are not blank, among those that parse; the first of them."""
    lines = text.split("\n")
    filled = [bool(line.strip()) for line in lines]
    counts = [0]
    for each in filled:
        counts.append(counts[-1] + each)
    best, found = 0, (0, 0)
    for begin in range(len(lines)):
        # only what would be longer than the best so far is worth parsing, and the longest first
        for end in range(len(lines), begin + 1, -1):
            count = counts[end] - counts[begin]
            if count <= best:
                break
            if _parses("\n".join(lines[begin:end])):
                shortest = next(stop for stop in range(begin + 2, end + 1) if counts[stop] - counts[begin] == count)
                stop = next(stop for stop in range(shortest, end + 1) if _parses("\n".join(lines[begin:stop])))
                best, found = count, (begin, stop)
                break
    begin, end = found
    return "\n".join(lines[begin : end or 1])


def _parses(code: str) -> bool:
    try:
        _tree(code)
    except (SyntaxError, MemoryError, ValueError, RecursionError):
        return False
    return True


def _tree(code: str) -> ast.Module:
    with warnings.catch_warnings(action="ignore"):
        return ast.parse(code)


def _kept(code: str, entry_point: str) -> str:
    if not _parses(code):
        return ""
    imports: list[str] = []
    definitions: dict[str, tuple[str, set[str]]] = {}
    for node in _tree(code).body:
        source = "\n".join([*_decorators(code, node), ast.get_source_segment(code, node) or ""])
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(source)
            continue
        name = _name(node)
        if name is not None and name not in definitions:
            definitions[name] = (source, set(_identifiers(node)))
    reached = set(definitions) if not entry_point else _reached(entry_point, definitions)
    return "\n".join([*imports, *(source for name, (source, _) in definitions.items() if name in reached)])


def _decorators(code: str, node: ast.stmt) -> list[str]:
    each = node.decorator_list if isinstance(node, _DEFINITIONS) else []
    return [f"@{ast.get_source_segment(code, decorator)}" for decorator in each]


def _identifiers(node: ast.stmt) -> Iterator[str]:
    """Every word in it that could be the name of another definition."""
    for each in ast.walk(node):
        for name in ("id", "attr", "arg", "name"):
            if isinstance(found := getattr(each, name, None), str):
                yield found


def _name(node: ast.stmt) -> str | None:
    """What a statement defines; None for one that is dropped."""
    if isinstance(node, ast.ClassDef):
        return node.name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name if any(isinstance(each, ast.Return) for each in ast.walk(node)) else None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return None


def _reached(entry_point: str, definitions: dict[str, tuple[str, set[str]]]) -> set[str]:
    reached, waiting = {entry_point}, [entry_point]
    while waiting:
        for name in definitions.get(waiting.pop(), ("", set()))[1] - reached:
            reached.add(name)
            waiting.append(name)
    return reached
