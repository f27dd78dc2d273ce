"""A block without a path that begins as one file does, and is about as long, is that file: scripts, configurations, modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from oci_tui.core.formats.whole_file import WriteFile

_ALIKE = 2
"""So many lines must be the same: a `#!` line or a `{` alone says nothing."""

_LEAST = 0.7
"""A block of less than this share of the file's lines is a part of it, and the rest would be lost."""


def place(text: str, files: Mapping[str, str]) -> WriteFile | None:
    """The edit that the block means, even one that changes nothing: it is no program to run. None where it is clear of no file.

    Tests are not meant: they are shown to explain.
    """
    lines = _lines(text)
    homes = [
        path
        for path, held in files.items()
        if not PurePosixPath(path).name.startswith("test")
        and len(old := _lines(held)) >= _ALIKE
        and (old[:_ALIKE] == lines[:_ALIKE] or _documented(path, old, lines))
        and len(lines) >= _LEAST * len(old)
    ]
    return WriteFile(homes[0], text) if len(homes) == 1 else None


def _documented(path: str, old: list[str], lines: list[str]) -> bool:
    """Whether both begin with the same words on what the module is, and the block is no example of its use."""
    uses = re.compile(rf"\s*(?:from|import)\s.*\b{re.escape(PurePosixPath(path).stem)}\b")
    same = path.endswith(".py") and old[:1] == lines[:1] and re.match(r"(?:\"{3}|'{3})\w", old[0])
    return bool(same) and not any(map(uses.match, lines))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]
