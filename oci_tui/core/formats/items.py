"""A file of code as its top-level statements, beside Python: what each is known by, what it is there for, what it defines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from oci_tui.core.outline import Definition
from oci_tui.core.ports import Parser
from oci_tui.core.repository_map import outlined

_IMPORT = re.compile(
    r"(?:pub\s+)?(?:import|use|package|extern|mod\s+\w+;)\b|(?:const|let|var)\s[^;]*?\brequire\(|[\"']use strict"
)
_EXPORT = re.compile(r"module\.exports\b|exports\.\w+\s*=|export\s+(?:default\b|\{|\*)")
_LIST = re.compile(r"(?:module\.exports\s*=|export\s+default)\s*\{")
_SHOWS = re.compile(r"console\.\w+\(|(?:console\.)?assert\b")
_VARIABLE = re.compile(r"(?:export\s+|pub(?:\(\w+\))?\s+|declare\s+)*(?:const|let|var|static(?:\s+mut)?)\s+([\w$]+)")
_END_OF_HEAD = re.compile(r"(?<!const )(?<!let )(?<!var )(?<!export )\{|(?<![=!<>])=(?![=>])")
_PUBLIC = re.compile(r"(?:export(?:\s+default)?|pub(?:\(\w+\))?)\s+")
_NAME = re.compile(r"[\w$]+")


class Item(msgspec.Struct, frozen=True):
    """A statement from line `start` to `last`, with its attributes from `first`; `key` is what it is known by.

    `names` are the definitions that it is, `members` those that stand in it. `source` holds the attributes, `text` does not.
    """

    key: str
    first: int
    start: int
    last: int
    source: str
    text: str
    names: tuple[str, ...] = ()
    members: tuple[Definition, ...] = ()

    @property
    def imports(self) -> bool:
        return bool(_IMPORT.match(self.text))

    @property
    def exports(self) -> bool:
        """Whether it only lets others see what is defined elsewhere."""
        return not self.names and bool(_EXPORT.match(self.text))

    @property
    def shows(self) -> bool:
        return bool(_SHOWS.match(self.text))

    @property
    def variable(self) -> str:
        """The name of the variable that it is; "" when it is none."""
        found = None if self.names else _VARIABLE.match(self.text)
        return found[1] if found else ""

    @property
    def head(self) -> str:
        """What stands before the body, but for whether others see it."""
        return " ".join(_PUBLIC.sub("", _END_OF_HEAD.split(self.text, maxsplit=1)[0]).split()).rstrip("; ")

    @property
    def public(self) -> str:
        """The words that let others see it."""
        return found[0] if (found := _PUBLIC.match(self.text)) else ""

    @property
    def words(self) -> set[str]:
        return set(_NAME.findall(self.text))

    @property
    def member_names(self) -> Counter[str]:
        return Counter(member.name for member in self.members)


def items(path: str, text: str, parser: Parser) -> list[Item]:
    """The statements of a file in order; [] where its language is not known."""
    read, lines = outlined(path, text, parser), text.split("\n")
    found: list[Item] = []
    for statement in read.statements:
        inner = [d for d in read.definitions if statement.start <= d.first and d.last <= statement.last]
        source, bare = ("\n".join(lines[line - 1 : statement.last]) for line in (statement.first, statement.start))
        names = () if _LIST.match(bare) else tuple(d.full_name for d in inner if not (d.inside or d.column))
        one = Item("", statement.first, statement.start, statement.last, source, bare, names, tuple(_direct(inner)))
        found.append(msgspec.structs.replace(one, key=", ".join(names) or one.variable or _key(one)))
    return found


def shown(told: Sequence[Item], held: Mapping[str, Item]) -> list[Item]:
    """Those of a part that only show what it defines, and what is assigned for them."""
    new = [item for item in told if item.key not in held and not item.imports]
    found = [item for item in new if item.shows]
    for item in reversed(new):
        users = [other for other in told if other is not item and item.variable in other.words]
        if item.variable and users and all(user in found for user in users):
            found.append(item)
    return found


def _key(item: Item) -> str:
    if found := _EXPORT.match(item.text):
        return found[0].strip()
    return item.head if not item.head.endswith("(") else " ".join(item.text.split())


def _direct(inner: Iterable[Definition]) -> list[Definition]:
    """Of definitions in order, those that stand in the statement itself."""
    found: list[Definition] = []
    for item in inner:
        if item.inside and not (found and item.first <= found[-1].last and item.last <= found[-1].last):
            found.append(item)
    return found
