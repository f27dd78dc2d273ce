"""The whole-symbol format beside Python: a block that defines again some of what a file defines replaces those."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath

from oci_tui.core.formats.items import Item, items, shown
from oci_tui.core.formats.joining import joined
from oci_tui.core.formats.parts import GOING, left_out, refuse_part
from oci_tui.core.formats.search_replace import MismatchError, Replaced
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.outline import Definition
from oci_tui.core.ports import Parser
from oci_tui.core.repository_map import definitions

_SCRIPTS = frozenset({"js", "jsx", "mjs", "cjs", "ts", "tsx"})
_C = frozenset({"c", "h", "cc", "hh", "cpp", "hpp", "cxx", "hxx"})
_SUFFIXES = {
    **dict.fromkeys(("javascript", "js", "jsx", "typescript", "ts", "tsx"), _SCRIPTS),
    **dict.fromkeys(("go", "golang"), frozenset({"go"})),
    **dict.fromkeys(("rust", "rs"), frozenset({"rs"})),
}
_PUT_TOGETHER = frozenset().union(*_SUFFIXES.values())

_LEAST = 0.7
"""A block of less than this share of the file's lines is no whole file with other names."""

AROUND = re.compile(r"\s*(?:$|//|/\*|\*|\*/|import\b|package\b|use\b|\"use strict\"|['\"]use strict|export \{)")


def place(tag: str, code: str, files: Mapping[str, str], parser: Parser) -> WriteFile | None:
    """The edit that a block without a path means; None when it is clear of no file, or more than definitions."""
    suffixes = _SUFFIXES.get(tag, frozenset())
    like = {path: text for path, text in files.items() if PurePosixPath(path).suffix[1:] in suffixes}
    homes = [path for path, text in like.items() if top(path, text, parser).keys() & top(path, code, parser).keys()]
    if len(homes) != 1:
        return None
    path = homes[0]
    if _whole(path, like[path], code, parser):
        return WriteFile(path, code)
    if not _only_definitions(code, top(path, code, parser)):
        return None
    try:
        return WriteFile(path, within(parser, path, like[path], code, "", lambda _: True).text)
    except MismatchError:
        return None


def within(
    parser: Parser,
    path: str,
    text: str,
    code: str,
    prompt: str,
    used_by: Callable[[str], bool] = lambda _: False,
    moved: Collection[str] = (),
) -> Replaced:
    """What a file becomes when a block that names it holds `code`: that, or where it is only a part, the file with it in place.

    Definitions go where the prompt speaks of them, where the reply writes them to another file (`moved`), or where as many new
    ones come in a block of about the file's length that begins as the file does, and nothing uses them (`used_by` other files).
    Raises MismatchError where it cannot be told.
    """
    held, told = items(path, text, parser), items(path, code, parser)
    begins, of_length = _begins(text, code), code.count("\n") >= _LEAST * text.count("\n")
    spoken = prompt if of_length or GOING.search(prompt) else ""
    lost = {name for name in _lost(held, told, spoken) if name.rpartition(".")[2] not in moved}
    uses = parser.outline(path, code).uses
    new = {name for item in told for name in item.names} - {name for item in held for name in item.names}
    whole = begins and of_length
    unused = not any(last in uses or used_by(last) for last in (name.rpartition(".")[2] for name in lost))
    renamed = len(new) >= len(lost) and whole and unused
    if PurePosixPath(path).suffix[1:] not in _PUT_TOGETHER or not held or not told or parser.problem(path, code):
        if lost and not (whole and unused):
            raise left_out(lost)
        refuse_part(text, code)
        return Replaced(code, f"without {', '.join(sorted(lost))}" if lost else "")
    keys = {item.key for item in told}
    said = {word for item in told if item.imports for word in item.words} | {item.variable for item in told}
    left = [item for item in held if item.key not in keys]
    needed = any(
        (item.words if item.imports else {item.variable}) & uses.keys() - said - {""} for item in left if not item.names
    )
    mute = not any(item.exports or item.public for item in told) and any(item.exports for item in left)
    only = all(item.names or item.members or item.imports for item in told) and bool(keys & {item.key for item in held})
    if (renamed or not lost) and not needed and not mute and (whole or (begins and not left) or (of_length and not only)):
        return Replaced(code)
    if not lost and not needed and not mute and not keys & {item.key for item in held}:
        refuse_part(text, code)
        return Replaced(code)
    aside = shown(told, {item.key: item for item in held})
    if all(item in aside or item.imports for item in told):
        raise left_out(lost)
    how = ", ".join(item.text.partition("\n")[0] for item in told if item in aside)
    return Replaced(joined(path, text, held, told), how and f"without what only shows its use: {how}")


def _lost(held: Sequence[Item], told: Sequence[Item], prompt: str) -> set[str]:
    """What of the file's definitions and their members the block leaves out and the prompt does not speak of.

    Of a class not those in whose place as many new ones come: they are renamed.
    """
    names = {name for item in held for name in item.names} - {name for item in told for name in item.names}
    lost = {name.rpartition(".")[2]: name for name in names}
    for old in held:
        new = sum((item.member_names for item in told if item.key == old.key), Counter[str]())
        gone, come = old.member_names - new, new - old.member_names
        if len(gone) > len(come) and (new or old.key not in {item.key for item in told}):
            lost |= {name: f"{old.key}.{name}" for name in gone}
    return {lost[name] for name in lost if not re.search(rf"\b{re.escape(name)}\b", prompt)}


def alike(path: str, other: str) -> bool:
    """Whether one of the files can use what the other defines, by their languages."""
    suffixes = {PurePosixPath(one).suffix[1:] for one in (path, other)}
    return len(suffixes) == 1 or suffixes <= _SCRIPTS or suffixes <= _C


def top(path: str, text: str, parser: Parser) -> dict[str, Definition]:
    """What a file defines that stands in nothing else, by its full name."""
    return {item.full_name: item for item in definitions(path, text, parser) if not (item.inside or item.column)}


def _whole(path: str, text: str, code: str, parser: Parser) -> bool:
    """Whether a block holds all that the file defines and begins as the file does."""
    return top(path, text, parser).keys() <= top(path, code, parser).keys() and _begins(text, code)


def _begins(text: str, code: str) -> bool:
    """Whether a block holds the line that the file begins with."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "") in map(str.strip, code.splitlines())


def _only_definitions(code: str, told: Mapping[str, Definition]) -> bool:
    lines: list[str | None] = list(code.split("\n"))
    for item in told.values():
        lines[item.first - 1 : item.last] = [None] * (item.last - item.first + 1)
    return all(line is None or AROUND.match(line) for line in lines)
