"""The files of a change by folder, as an indented list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
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


class _Inside:
    """What is in a folder: files and folders in the order in which they came, and all files below it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.there: list[_Inside | FileDiff] = []
        self.files: list[FileDiff] = []
        self.added = self.removed = 0
        self._folders: dict[str, _Inside] = {}

    def hold(self, file: FileDiff, added: int, removed: int) -> None:
        self.files.append(file)
        self.added += added
        self.removed += removed

    def folder(self, name: str) -> _Inside:
        """The folder of this name in it, made where there is none."""
        if name not in self._folders:
            self._folders[name] = _Inside(f"{self.path}/{name}" if self.path else name)
            self.there.append(self._folders[name])
        return self._folders[name]

    @property
    def only(self) -> _Inside | None:
        """The folder that is all it holds."""
        first = self.there[0]
        return first if len(self.there) == 1 and isinstance(first, _Inside) else None


def outline(files: Sequence[FileDiff], closed: AbstractSet[str]) -> Iterator[tuple[int, Folder | FileDiff]]:
    """Folders and files with how deep they are; of a folder in `closed` only itself.

    A folder that holds nothing but another is one with it.
    """
    top = _Inside("")
    for file in files:
        inside, counts = top, (file.added, file.removed)
        for name in file.path.split("/")[:-1]:
            inside = inside.folder(name)
            inside.hold(file, *counts)
        inside.there.append(file)
    # a stack of its own: folders may be deeper than calls can be
    waiting = [(0, "", each) for each in reversed(top.there)]
    while waiting:
        depth, above, each = waiting.pop()
        if isinstance(each, FileDiff):
            yield depth, each
            continue
        while inner := each.only:
            each = inner
        yield depth, Folder(each.path, each.path.removeprefix(above), tuple(each.files), each.added, each.removed)
        if each.path not in closed:
            waiting += ((depth + 1, f"{each.path}/", inner) for inner in reversed(each.there))
