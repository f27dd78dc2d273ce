"""The clipboard: how much goes there."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 1_000_000
"""So many bytes are copied at most: terminals drop longer ones without a word, or stand still."""


def joined(lines: Iterable[str]) -> str:
    """The lines as one text; once it is too long to be copied no more of them is asked for."""
    kept: list[str] = []
    length = 0
    for line in lines:
        kept.append(line)
        length += len(line) + 1
        if length > MOST + 1:
            break
    return "\n".join(kept)
