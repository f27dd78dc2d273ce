"""What was published for a protocol on a dataset, and on which version of it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import msgspec

_FILE = "published_rows.toml"


class PublishedRow(msgspec.Struct, frozen=True):
    """A model's pass@1 from 0 to 1 at once and under the protocol (the same for "single"), and who says so."""

    source: str
    model: str
    version: str
    first: float
    passed: float


def published_rows(protocol: str, tests: str) -> list[PublishedRow]:
    """Every row for this protocol ("single", "oracle", "guided", "guided-oracle") on these `tests`, such as "humaneval+"."""
    tables: dict[str, Any] = tomllib.loads((files("oci_tui.evaluate") / _FILE).read_text(encoding="utf-8"))
    found = []
    for source, table in tables.items():
        column = table["columns"].index(tests) if tests in table["columns"] else -1
        for model, values in table.get(protocol, {}).items() if column >= 0 else ():
            first, passed = (each[column] / 100 for each in (table["single"][model], values))
            found.append(PublishedRow(source, model, table[tests.rstrip("+")], first, passed))
    return found
