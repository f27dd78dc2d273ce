"""The base of every event."""

from __future__ import annotations

import time

import msgspec


class Happened(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """`at` is when it happened, in seconds since 1970."""

    at: float = msgspec.field(default_factory=time.time)
