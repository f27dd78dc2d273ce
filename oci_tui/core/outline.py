"""What a file of code defines and which names it uses, as a parser reads it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Definition(msgspec.Struct, frozen=True):
    """A named thing that a file defines, from line `first` to line `last` (from 1), its name in line `line`.

    `kind` is "class", "function", "type" or "module", `column` how far it is indented, `signature` the line with its name.
    `owner` is the class, interface or module that it is in or is said to belong to, else ""; `inside`: it stands in another.
    """

    path: str
    name: str
    kind: str
    first: int
    line: int
    last: int
    column: int
    signature: str
    owner: str = ""
    inside: bool = False

    @property
    def full_name(self) -> str:
        """With its owner: "Class.method"."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


class Outline(msgspec.Struct, frozen=True):
    """Definitions in order, and how often each name is used: code only, no comments and no strings."""

    definitions: tuple[Definition, ...] = ()
    uses: Mapping[str, int] = {}


class Unread:
    """The parser of who has none: no language is known, nothing is wrong."""

    def knows(self, path: str) -> bool:  # noqa: ARG002
        return False

    def outline(self, path: str, text: str) -> Outline:  # noqa: ARG002
        return Outline()

    def problem(self, path: str, text: str) -> str:  # noqa: ARG002
        return ""
