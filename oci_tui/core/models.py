"""What is told of a model before it is loaded."""

from __future__ import annotations

import msgspec


class Listed(msgspec.Struct, frozen=True):
    """A model that is here or can be fetched. `bytes` is its size (the least, of several bit rates)."""

    name: str
    title: str
    present: bool
    bytes: int
    licence: str = ""
