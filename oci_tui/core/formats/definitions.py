"""The whole-symbol format beside Python: a block that defines again some of what a file defines replaces those."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.outline import Definition
from oci_tui.core.ports import Parser
from oci_tui.core.repository_map import definitions, source

_SCRIPTS = frozenset({"js", "jsx", "mjs", "cjs", "ts", "tsx"})
_SUFFIXES = {
    **dict.fromkeys(("javascript", "js", "jsx", "typescript", "ts", "tsx"), _SCRIPTS),
    **dict.fromkeys(("go", "golang"), frozenset({"go"})),
    **dict.fromkeys(("rust", "rs"), frozenset({"rs"})),
}
AROUND = re.compile(r"\s*(?:$|//|/\*|\*|\*/|import\b|package\b|use\b|\"use strict\"|['\"]use strict|export \{)")


def place(tag: str, code: str, files: Mapping[str, str], parser: Parser) -> WriteFile | None:
    """The edit that a block without a path means; None when it is clear of no file, or more than definitions."""
    suffixes = _SUFFIXES.get(tag, frozenset())
    like = {path: text for path, text in files.items() if PurePosixPath(path).suffix[1:] in suffixes}
    homes = [path for path, text in like.items() if top(path, text, parser).keys() & top(path, code, parser).keys()]
    if len(homes) != 1:
        return None
    path = homes[0]
    text = within(parser, path, like[path], code, "")
    return WriteFile(path, text) if text != code or _whole(path, like[path], code, parser) else None


def within(parser: Parser, path: str, text: str, code: str, prompt: str) -> str:
    """What a file becomes when a block that names it holds `code`: that, or where it is only some definitions, those replaced.

    Definitions go where the prompt speaks of them.
    """
    if PurePosixPath(path).suffix[1:] not in frozenset().union(*_SUFFIXES.values()):
        return code
    held, told = top(path, text, parser), top(path, code, parser)
    lost = {name for name in held.keys() - told.keys() if not re.search(rf"\b{re.escape(held[name].name)}\b", prompt)}
    if (not lost and _whole(path, text, code, parser)) or not held.keys() & told.keys() or not _only_definitions(code, told):
        return code
    lines = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    for name in sorted(held.keys() & told.keys(), key=lambda name: -held[name].first):
        lines[held[name].first - 1 : held[name].last] = [source(code, told[name]) + "\n"]
    added = [f"\n{source(code, told[name])}\n" for name in told if name not in held]
    return "".join([*lines, *added])


def top(path: str, text: str, parser: Parser) -> dict[str, Definition]:
    """What a file defines that stands in nothing else, by its full name."""
    return {item.full_name: item for item in definitions(path, text, parser) if not (item.inside or item.column)}


def _whole(path: str, text: str, code: str, parser: Parser) -> bool:
    """Whether a block holds all that the file defines and begins as the file does."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return top(path, text, parser).keys() <= top(path, code, parser).keys() and first in map(str.strip, code.splitlines())


def _only_definitions(code: str, told: Mapping[str, Definition]) -> bool:
    lines: list[str | None] = list(code.split("\n"))
    for item in told.values():
        lines[item.first - 1 : item.last] = [None] * (item.last - item.first + 1)
    return all(line is None or AROUND.match(line) for line in lines)
