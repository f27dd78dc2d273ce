"""What GNU screen around the app does not do by itself."""

from __future__ import annotations

from collections.abc import Mapping

_PIECE = 240


def around(environment: Mapping[str, str]) -> bool:
    """Whether screen is what the app draws on: its mark alone is also in what was opened from within it."""
    return "STY" in environment and environment.get("TERM", "").startswith("screen")


def handed_on(sequence: str) -> str:
    """The sequence in pieces that screen gives to its terminal as they are (DCS), each as long as it takes them."""
    return "".join(f"\x1bP{sequence[at : at + _PIECE]}\x1b\\" for at in range(0, len(sequence), _PIECE))
