"""Reads the events of a journal, whichever version wrote it (`core.events` says how that is kept possible)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec

from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event, decode

_KINDS = frozenset(kind.__name__ for kind in get_args(Event))


class _Kind(msgspec.Struct):
    """Of a line, only what kind of event it is."""

    event: str


class Lost(NamedTuple):
    """A line that cannot be read; `kind` is the event that it begins like, "" where it begins like none."""

    why: str
    kind: str


_BEGINS = re.compile(rb'\{"event":"(\w{1,40})"')


def read(file: Path, lost: list[Lost] | None = None) -> Iterator[Event]:
    """The events of a journal that are known here. A torn last line (a crash) is passed over.

    Any other bad one goes to `lost`, where that is given, and raises StoreError where not; both name file and line.
    """
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
            if _of_another_version(line):
                continue
            why = f"{file}:{number}: {error}"
            if lost is None:
                raise StoreError(why) from error
            begins = _BEGINS.match(line)
            lost.append(Lost(why, begins[1].decode() if begins else ""))


def _of_another_version(line: bytes) -> bool:
    """Whether this is an event of a kind that is not known here."""
    try:
        return msgspec.json.decode(line, type=_Kind).event not in _KINDS
    except msgspec.MsgspecError:
        return False
