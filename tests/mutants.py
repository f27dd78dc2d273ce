"""Regular expressions that are each wrong in one place: what a test of a rule has to notice."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COUNT = re.compile(r"\{(\d+)(,?)\}")
_LOOK = re.compile(r"\(\?<?!(?:\[[^\]]*\]|[^()\[])*\)")
_CLASS = re.compile(r"\[(\^?)((?:\\.|[^\]\\])+)\]")
_MEMBER = re.compile(r"\w-\w|\\.|.", re.DOTALL)


def mutants(pattern: str) -> Iterator[str]:
    """The pattern with one alternative, look-around or member of a class less, or with a count one less or one more."""
    yield from with_an_alternative_less(pattern)
    for found in _COUNT.finditer(pattern):
        for count in (int(found[1]) - 1, int(found[1]) + 1):
            yield f"{pattern[: found.start()]}{{{count}{found[2]}}}{pattern[found.end() :]}"
    for found in _LOOK.finditer(pattern):
        yield pattern[: found.start()] + pattern[found.end() :]
    for found in _CLASS.finditer(pattern):
        members = _MEMBER.findall(found[2])
        for index in range(len(members) if len(members) > 1 else 0):
            rest = "".join(members[:index] + members[index + 1 :])
            yield f"{pattern[: found.start()]}[{found[1]}{rest}]{pattern[found.end() :]}"


def with_an_alternative_less(pattern: str) -> Iterator[str]:
    """The pattern without one of the alternatives in it."""
    for start, end in _alternatives(pattern):
        cut = end + 1 if pattern[end : end + 1] == "|" else end
        begin = start - 1 if cut == end and pattern[start - 1] == "|" else start
        yield pattern[:begin] + pattern[cut:]


def _alternatives(pattern: str) -> Iterator[tuple[int, int]]:
    """Where each alternative begins and ends, in groups that have more than one and at the top."""
    opened: list[list[int]] = [[0]]
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        if letter == "\\":
            position += 1
        elif letter == "[":
            position = pattern.index("]", position + 2)
        elif letter == "(":
            lead = re.compile(r"\((?:\?(?::|<?[=!]|P<\w+>|[a-z]+:))?").match(pattern, position)
            assert lead
            position = lead.end() - 1
            opened.append([lead.end()])
        elif letter == "|":
            opened[-1].append(position + 1)
        elif letter == ")":
            yield from _spans(opened.pop(), position)
        position += 1
    yield from _spans(opened.pop(), len(pattern))


def _spans(starts: list[int], end: int) -> Iterator[tuple[int, int]]:
    if len(starts) > 1:
        yield from zip(starts, [start - 1 for start in starts[1:]] + [end], strict=True)
