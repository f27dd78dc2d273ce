"""Reads the events of a journal, whichever version wrote it (`core.events` says how that is kept possible)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec

from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event, decode

_KINDS = frozenset(kind.__name__ for kind in get_args(Event))


class _Kind(msgspec.Struct):
    """Of a line, only what kind of event it is."""

    event: str


def read(file: Path) -> Iterator[Event]:
    """The events of a journal that are known here. A torn last line (a crash) is passed over; any other bad one raises."""
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise StoreError(f"{file}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            yield decode(line)
        except StoreError as error:
            if number == len(lines):
                return
            if not _of_another_version(line):
                raise StoreError(f"{file}:{number}: {error}") from error


def _of_another_version(line: bytes) -> bool:
    """Whether this is an event of a kind that is not known here."""
    try:
        return msgspec.json.decode(line, type=_Kind).event not in _KINDS
    except msgspec.MsgspecError:
        return False
