"""Some settings of a JSON or TOML file in a block under its path: they are put into it, for the others are not to go."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from oci_tui.core.formats.parts import GOING, left_out, refuse_part
from oci_tui.core.formats.search_replace import Replaced
from oci_tui.core.ports import Parser

SUFFIXES = (".json", ".toml")

_LEAST = 0.5
"""A block with all the tables of a file, and less than this share of its settings, is a part of it."""


def within(parser: Parser, path: str, text: str, code: str, prompt: str) -> Replaced:
    """What the file becomes: the block, or where that leaves out tables or most settings, the file with it in place.

    Those go that the prompt speaks of where it wants something to go. Raises MismatchError where they cannot be put together.
    """
    held, told = _read(path, text), _read(path, code)
    if held is None or told is None:
        refuse_part(text, code)
        return Replaced(code)
    lost = [keys for keys in _settings(held) if not _has(told, keys)]
    kept = [keys for keys in lost if not (GOING.search(prompt) and any(_said(key, prompt) for key in keys))]
    if all(keys[0] in told for keys in kept) and len(kept) <= _LEAST * len(_settings(held)):
        return Replaced(code, f"without {', '.join(map('.'.join, lost))}" if lost else "")
    new = parser.with_settings(path, text, code)
    if new is None or _read(path, new) != _joined(held, told):
        raise left_out({keys[0] for keys in kept if keys[0] not in told} or set(map(".".join, kept)))
    return Replaced(new)


def _read(path: str, text: str) -> dict[str, Any] | None:
    """The settings; None where the text is none, or does not hold a table."""
    try:
        data = json.loads(text) if path.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _settings(data: dict[str, Any], *before: str) -> list[tuple[str, ...]]:
    """The keys that lead to each value that is no table."""
    found: list[tuple[str, ...]] = []
    for key, value in data.items():
        found += _settings(value, *before, key) if isinstance(value, dict) and value else [(*before, key)]
    return found


def _has(data: Any, keys: tuple[str, ...]) -> bool:
    """Whether the value is set, or a table that it was in is something else now."""
    return not keys or not isinstance(data, dict) or (keys[0] in data and _has(data[keys[0]], keys[1:]))


def _said(key: str, prompt: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", prompt))


def _joined(held: dict[str, Any], told: dict[str, Any]) -> dict[str, Any] | None:
    """Both together, the block's values before the file's; None where both have a list of tables: it may be more of them."""
    both = dict(held)
    for key, value in told.items():
        old = held.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            if (inner := _joined(old, value)) is None:
                return None
            both[key] = inner
        elif _tables(old) and _tables(value) and old != value:
            return None
        else:
            both[key] = value
    return both


def _tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)
