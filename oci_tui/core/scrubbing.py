"""Text that JSON cannot hold, made so that it can."""

from __future__ import annotations


def scrubbed(value: object) -> object:
    """Plain values with every lone surrogate replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: scrubbed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrubbed(item) for item in value]
    return value
