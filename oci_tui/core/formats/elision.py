"""Lines that stand for others ("# rest unchanged", "..."): where they are written to a file, what they stand for is lost."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import compress

from oci_tui.core.matching import Matcher
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
_DOTTED = re.compile(rf"\s*(?:#+|//+|--|/\*+|<!--|;+|%)\s*{_DOTS}", re.IGNORECASE)
_SAID = re.compile(rf"\s*{_DOTS}\s*[(\[]?\s*{_WORDS}\s*[.…]*[)\]]?\s*", re.IGNORECASE)
_ONE_WORD = re.compile(rf"\s*{_DOTS}\S*\s*")
_UNSURE = re.compile(rf"\s*{_DOTS}(?:\s+\S.{{0,80}})?\s*")
_BEGINNINGS = ("#", "//", "--", "/*", "<!--", ";", "%", "...", "…")
_NOT_ELISIONS = frozenset({"other", "same", "rest", "original", "existing", "previous", "remaining", "remainder"})
_FEW = 3
"""More lines than these are not taken to be replaced by those beside a line that says that it stands for others."""

_PYTHON = (".py", ".pyi")
_OWN_DOTS = (*_PYTHON, ".md", ".markdown", ".rst", ".txt", ".adoc", ".yaml", ".yml")
"""Files in which a line of dots may be text or syntax."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_elision(line: str) -> bool:
    """Whether a line may stand for lines that are left out: it says so, or is dots and perhaps words after them."""
    return line.lstrip().startswith(_BEGINNINGS) and (_plain(line) or bool(_UNSURE.fullmatch(line)))


def elisions(lines: Sequence[str]) -> list[bool]:
    """Which of the lines are elisions; the dots of a doctest that goes on from `>>>` are none."""
    found, doctest = list[bool](), False
    for line in lines:
        said = line.lstrip()
        doctest = said.startswith(">>>") or (doctest and said.startswith("...") and not _plain(line))
        found.append(not doctest and is_elision(line))
    return found


def losing(path: str, old: str | None, new: str) -> str:
    """The first line of `new` in whose place stood lines that it does not hold; "" when there is none.

    In Python three dots alone are code: there a function counts whose body became `...` or `pass`.
    """
    lost = next((line for line, loses in _elided(path, old, new) if loses), "")
    return lost or (_hollowed(old, new) if old and path.endswith(_PYTHON) else "")


def doubtful(path: str, old: str | None, new: str) -> str:
    """The first line that stands for others, as it says or as it seems in a new file, though none are lost; else ""."""
    unsure = old is None and not path.endswith(_OWN_DOTS)
    return next((line for line, loses in _elided(path, old, new) if not loses and (unsure or _plain(line))), "")


def _plain(line: str) -> bool:
    """Whether the line says that it stands for others: not a spread (`...state`), nor dots that may be prose or code."""
    line = " ".join(line.split())  # many blanks could be any of the blanks that stand between words
    if _DOTTED.fullmatch(line) or (_SAID.fullmatch(line) and not _ONE_WORD.fullmatch(line) and _words(line)):
        return True
    return bool(_COMMENTED.fullmatch(line)) and _words(line)


def _words(line: str) -> bool:
    return line.strip(" \t#/-*<!>;%.…").lower() not in _NOT_ELISIONS


def _elided(path: str, old: str | None, new: str) -> list[tuple[str, bool]]:
    """The elisions of `new` that were not in `old`, each with whether its place held more lines than stand there now."""
    before, after = _lines(old or ""), _lines(new)
    there, python = set(before), path.endswith(_PYTHON)
    if not any(map(is_elision, set(after) - there)):
        return []
    standing = elisions(after)
    elided = [
        standing[number] and line not in there and not (python and not line.strip(".…")) for number, line in enumerate(after)
    ]
    found = list[tuple[str, bool]]()
    for _, start, stop, begin, end in Matcher(before, after).get_opcodes() if any(elided) else ():
        others = end - begin - sum(standing[begin:end])
        for line in compress(after[begin:end], elided[begin:end]):
            found.append((line, stop - start > (min(others, _FEW) if _plain(line) else others)))
    return found


def _lines(text: str) -> list[str]:
    return [bare for line in text.splitlines() if (bare := line.strip())]


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
