"""Which commands a pattern is about: shell scripts are taken apart, so that none hides behind another."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase

import msgspec

from oci_tui.core.labels import SHELL_TAGS
from oci_tui.core.ports import Command

# what a script does beyond running commands one after another, which is not looked into
_INVOLVED = re.compile(r"[`$<>(){}\\]")
_BETWEEN = re.compile(r"[;&|\n(){}`]")
_RUN_ANYTHING = frozenset("bash dash env eval exec find node npx perl python python3 rm sh source sudo xargs".split())  # noqa: SIM905


class Rules(msgspec.Struct, frozen=True):
    """Patterns (as of fnmatch, on one command's line) of what may run unasked and of what may not run; the latter win.

    Code that is no shell script goes by its fence tag ("python"); patterns of what may not run are also held against each of
    its lines. "pytest *" is also about "pytest" alone.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def denied(self, command: Command) -> str:
        """The pattern by which it may not run, "" for none. A script can hide what it does: this is no wall."""
        text = text_of(command)
        bare = text.replace("'", "").replace('"', "")
        lines = {command.label, command.language, *(part for said in (text, bare) for part in _BETWEEN.split(said))}
        lines |= {*text.split("\n"), *(_commands(text) or ())}
        return next((pattern for pattern in self.deny if any(_fits(line, pattern) for line in lines)), "")

    def allowed(self, command: Command) -> bool:
        """Whether every command of it may run unasked; one that cannot be told for certain may not."""
        if command.argv and not command.language:
            return self._allows(command.label) or self._allows(text_of(command))
        if command.language not in SHELL_TAGS:
            return self._allows(command.language)
        parts = _commands(command.code)
        return bool(parts) and all(map(self._allows, parts or ()))

    def _allows(self, line: str) -> bool:
        return any(_fits(line, pattern) for pattern in self.allow)


def text_of(command: Command) -> str:
    """What is run, whole."""
    return command.code.strip("\n") if command.code else shlex.join(command.argv)


def pattern_for(command: Command) -> str:
    """A pattern that commands like this one fit; "" where that would be too much: then only the same text is like it."""
    if command.argv and not command.language:
        return _literal(command.label)
    if command.language not in SHELL_TAGS:
        return _literal(command.language)
    parts = _commands(command.code) or []
    if len(parts) != 1:
        return ""
    word, _, rest = parts[0].partition(" ")
    return f"{_literal(word)} *" if rest and word not in _RUN_ANYTHING and "=" not in word else _literal(parts[0])


def _commands(script: str) -> list[str] | None:
    """The commands of a shell script one by one, None where that cannot be told for certain."""
    if _INVOLVED.search(script):
        return None
    commands, quote, comment = [""], "", False
    for char in script:
        comment = char != "\n" and (comment or (char == "#" and not quote and commands[-1][-1:] in ("", " ", "\t")))
        if comment:
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in ";&|\n":
            commands.append("")
            continue
        commands[-1] += char
    return None if quote else [line for line in (" ".join(command.split()) for command in commands) if line]


def _fits(line: str, pattern: str) -> bool:
    line = " ".join(line.split())
    return bool(line) and (fnmatchcase(line, pattern) or (pattern.endswith(" *") and fnmatchcase(line, pattern[:-2])))


def _literal(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)
