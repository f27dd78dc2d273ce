"""What a model is told about its solution: the first test that failed, in the published wording, at most 500 bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST = 500
TIMED_OUT = "Execution timed out."


def wrong(arguments: str, expected: str, actual: str) -> str:
    return cut(f"The results aren't as expected.\nInput: {arguments}\nExpected Output: {expected}\nActual Output: {actual}")


def missing(entry_point: str) -> str:
    return cut(f"Please rename your function to {entry_point} as there is no function named {entry_point}.")


def cut(text: str) -> str:
    """At most 500 bytes of it, whole characters."""
    return text.encode("utf-8", "replace")[:MOST].decode("utf-8", "ignore")


def shown(value: Any) -> str:
    """As Python prints it; an integer of more digits than Python prints is told in hexadecimal."""
    try:
        return repr(value)
    except ValueError:
        return hex(value) if isinstance(value, int) else "…"


def arguments(values: Sequence[Any]) -> str:
    return shown(list(values))
