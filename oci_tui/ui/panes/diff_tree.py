"""The files of a change by folder, as an indented list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from posixpath import commonpath, dirname
from typing import NamedTuple

from oci_tui.core.diff import FileDiff


class Folder(NamedTuple):
    """A folder with all the files below it; `name` is its path from the folder above it in the list."""

    path: str
    name: str
    files: tuple[FileDiff, ...]
    added: int
    removed: int

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(flag for file in self.files for flag in file.flags))


def outline(
    files: Sequence[FileDiff], closed: AbstractSet[str], above: str = "", depth: int = 0
) -> Iterator[tuple[int, Folder | FileDiff]]:
    """Folders and files with how deep they are; of a folder in `closed` only itself.

    A folder that holds nothing but another is one with it.
    """
    inside: dict[str, list[FileDiff]] = {}
    for file in files:
        first, slash, _ = file.path[len(above) :].partition("/")
        inside.setdefault(first + slash, []).append(file)
    for name, there in inside.items():
        if not name.endswith("/"):
            yield from ((depth, file) for file in there)
            continue
        path = commonpath([dirname(file.path) for file in there])
        counts = (sum(file.added for file in there), sum(file.removed for file in there))
        yield depth, Folder(path, path[len(above) :], tuple(there), *counts)
        if path not in closed:
            yield from outline(there, closed, f"{path}/", depth + 1)
