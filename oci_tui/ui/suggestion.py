"""What a word of the prompt could become."""

from __future__ import annotations

from typing import NamedTuple


class Suggestion(NamedTuple):
    """What would be written, and a word about it."""

    text: str
    about: str = ""
