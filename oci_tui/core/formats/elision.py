"""Lines that stand for others ("# rest unchanged", "..."): where they are written to a file, what they stand for is lost."""

from __future__ import annotations

import ast
import re

from oci_tui.core.syntax import parsed

_DOTS = r"(?:\.{3,}|…)"
_THING = (
    r"(?:(?:of\s+)?(?:the\s+|your\s+|this\s+|my\s+)?(?:\w+\s+)?"
    r"(?:code|file|class|functions?|methods?|implementations?|imports?|tests?|logic|content|contents|definitions?|fields|lines|body|script|module|program))"
)
_STAYS = (
    r"(?:(?:stays?|remains?|is|are|goes|go|left|kept)?\s*(?:the\s+)?"
    r"(?:unchanged|same|here|as\s+(?:before|is|above)|unmodified|omitted|not\s+shown|intact)(?:\s+for\s+brevity)?)"
)
_WORDS = (
    rf"(?:(?:the\s+)?(?:rest|remainder|remaining|existing|previous|original|other|unchanged|same)\s*{_THING}?\s*{_STAYS}?"
    rf"|{_THING}\s+{_STAYS}|(?:no\s+changes?|unchanged|omitted(?:\s+for\s+brevity)?|same\s+as\s+(?:before|above))(?:\s+here)?)"
)
_COMMENTED = re.compile(
    rf"\s*(?:#+|//+|--|/\*+|<!--|;+|%)\s*\(?\[?{_DOTS}?\s*{_WORDS}\s*[.…]*\)?\]?\s*(?:\*+/|-->)?\s*", re.IGNORECASE
)
_DOTTED = re.compile(rf"\s*(?:(?:#+|//+|--|/\*+|<!--|;+|%)\s*{_DOTS}|{_DOTS}\s*(?=[\w(\[])).{{0,80}}", re.IGNORECASE)
_BARE = re.compile(rf"\s*{_DOTS}\s*")
_NOT_ELISIONS = frozenset({"other", "same", "rest", "original", "existing", "previous", "remaining", "remainder"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_elision(line: str, *, bare: bool = True) -> bool:
    """Whether a line stands for lines that are left out; `bare`: three dots alone do too."""
    if bare and _BARE.fullmatch(line):
        return True
    if _DOTTED.fullmatch(line):
        return True
    return bool(_COMMENTED.fullmatch(line)) and line.strip(" \t#/-*<!>;%.").lower() not in _NOT_ELISIONS


def elided(old: str | None, new: str, *, python: bool) -> str:
    """The first line of `new` that stands for lines left out and was not in `old`; "" when there is none.

    In Python three dots alone are code: there a function counts whose body became `...` or `pass`.
    """
    before = set(map(str.strip, (old or "").splitlines()))
    for line in new.splitlines():
        if line.strip() not in before and is_elision(line, bare=not python):
            return line.strip()
    return _hollowed(old, new) if python and old else ""


def _hollowed(old: str, new: str) -> str:
    bodies, emptied = _bodies(old), _bodies(new)
    for name, hollow in emptied.items():
        if hollow and bodies.get(name) is False:
            return f"def {name.rpartition('.')[2]}(...): ..."
    return ""


def _bodies(text: str) -> dict[str, bool]:
    """Each function of a Python text by its dotted name, and whether its body is nothing but `...` or `pass`."""
    if (tree := parsed(text)) is None:
        return {}
    found: dict[str, bool] = {}

    def visit(body: list[ast.stmt], lead: str) -> None:
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                visit(statement.body, f"{lead}{statement.name}.")
            elif isinstance(statement, _Function):
                found[lead + statement.name] = all(map(_is_nothing, statement.body))

    visit(tree.body, "")
    return found


def _is_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
