"""The whole-symbol format beside Python: a block that defines again some of what a file defines replaces those."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.repository_map import Definition, definitions, source

_SCRIPTS = frozenset({"js", "jsx", "mjs", "cjs", "ts", "tsx"})
_SUFFIXES = {
    **dict.fromkeys(("javascript", "js", "jsx", "typescript", "ts", "tsx"), _SCRIPTS),
    **dict.fromkeys(("go", "golang"), frozenset({"go"})),
    **dict.fromkeys(("rust", "rs"), frozenset({"rs"})),
}
_AROUND = re.compile(r"\s*(?:$|//|/\*|\*|\*/|import\b|package\b|use\b|\"use strict\"|['\"]use strict|export \{)")


def place(tag: str, code: str, files: Mapping[str, str]) -> WriteFile | None:
    """The edit that a block without a path means; None when it is clear of no file, or more than definitions."""
    suffixes = _SUFFIXES.get(tag, frozenset())
    like = {path: text for path, text in files.items() if PurePosixPath(path).suffix[1:] in suffixes}
    homes = [path for path, text in like.items() if _top(path, text).keys() & _top(path, code).keys()]
    if len(homes) != 1:
        return None
    path = homes[0]
    text = within(path, like[path], code, "")
    return WriteFile(path, text) if text != code or _whole(path, like[path], code) else None


def within(path: str, text: str, code: str, prompt: str) -> str:
    """What a file becomes when a block that names it holds `code`: that, or where it is only some definitions, those replaced.

    Definitions go where the prompt speaks of them.
    """
    if PurePosixPath(path).suffix[1:] not in frozenset().union(*_SUFFIXES.values()):
        return code
    held, told = _top(path, text), _top(path, code)
    lost = {name for name in held.keys() - told.keys() if not re.search(rf"\b{re.escape(name)}\b", prompt)}
    if (not lost and _whole(path, text, code)) or not held.keys() & told.keys() or not _only_definitions(code, told):
        return code
    lines = text.splitlines(keepends=True)
    for name in sorted(held.keys() & told.keys(), key=lambda name: -held[name].line):
        start, length = held[name].line - 1, source(text, held[name]).count("\n") + 1
        lines[start : start + length] = [source(code, told[name]) + "\n"]
    added = [f"\n{source(code, told[name])}\n" for name in told if name not in held]
    return "".join([*lines, *added])


def _top(path: str, text: str) -> dict[str, Definition]:
    return {item.name: item for item in definitions(path, text) if item.column == 0}


def _whole(path: str, text: str, code: str) -> bool:
    """Whether a block holds all that the file defines and begins as the file does."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return _top(path, text).keys() <= _top(path, code).keys() and first in map(str.strip, code.splitlines())


def _only_definitions(code: str, told: Mapping[str, Definition]) -> bool:
    lines: list[str | None] = list(code.splitlines())
    for item in told.values():
        length = source(code, item).count("\n") + 1
        lines[item.line - 1 : item.line - 1 + length] = [None] * length
    return all(line is None or _AROUND.match(line) for line in lines)
