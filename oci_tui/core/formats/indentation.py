"""How lines that a model wrote must be indented to stand in a file: one shift for all of them, or tabs for its blanks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Reindent = Callable[[str], str]


def reindent(found: Sequence[str], wanted: Sequence[str]) -> Reindent | None:
    """What turns the indentation of `wanted` into that of `found`, line for line; None when no one rule does."""
    pairs = [(_lead(line), _lead(want)) for line, want in zip(found, wanted, strict=True) if want.strip()]
    shifts = {_shift(have, asked) for have, asked in pairs}
    if len(shifts) == 1 and (shift := shifts.pop()) is not None:
        off, on = shift
        return lambda line: on + line.removeprefix(off) if line.strip() else line
    for unit in (4, 2, 8, 3):
        levels = {_levels(have, asked, unit) for have, asked in pairs}
        if len(levels) == 1 and (more := levels.pop()) is not None:
            return _tabs(unit, more)
    return None


def _lead(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _shift(have: str, asked: str) -> tuple[str, str] | None:
    """What comes off and what goes on in front of a line."""
    if have.endswith(asked):
        return "", have[: len(have) - len(asked)]
    if asked.endswith(have):
        return asked[: len(asked) - len(have)], ""
    return None


def _levels(have: str, asked: str, unit: int) -> int | None:
    """How many tabs more the file has than the model's blanks make."""
    blanks_for_tabs = not have.strip("\t") and not asked.strip(" ") and len(asked) % unit == 0
    return len(have) - len(asked) // unit if blanks_for_tabs else None


def _tabs(unit: int, more: int) -> Reindent:
    def put(line: str) -> str:
        bare = line.lstrip(" ")
        blanks = len(line) - len(bare)
        return "\t" * max(blanks // unit + more, 0) + " " * (blanks % unit) + bare if bare.strip() else line

    return put
