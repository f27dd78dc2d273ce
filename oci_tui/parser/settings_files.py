"""Settings put into a file of them, JSON or TOML, so that everything else in it stays as it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from itertools import product
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

_INDENTS = (None, 2, 4, "\t", 1, 3, 8)


def joined(path: str, text: str, part: str) -> str | None:
    """The file with what `part` sets; None where the language is another or the file would come out written otherwise."""
    try:
        if path.endswith(".json"):
            return _json(text, part)
        if path.endswith(".toml"):
            return _toml(text, part)
    except (TOMLKitError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return None


def _json(text: str, part: str) -> str | None:
    held, end = json.loads(text), text[len(text.rstrip()) :]
    for indent, ascii_only in product(_INDENTS, (False, True)):
        if json.dumps(held, indent=indent, ensure_ascii=ascii_only) + end == text:
            _put(held, json.loads(part))
            return json.dumps(held, indent=indent, ensure_ascii=ascii_only) + end
    return None


def _toml(text: str, part: str) -> str:
    held = tomlkit.parse(text)
    _put(held, tomlkit.parse(part))
    return tomlkit.dumps(held)


def _put(held: MutableMapping[str, Any], told: Mapping[str, Any]) -> None:
    for key, value in told.items():
        if isinstance(inner := held.get(key), MutableMapping) and isinstance(value, Mapping):
            _put(inner, value)
        elif inner != value or type(inner) is not type(value):
            held[key] = value
