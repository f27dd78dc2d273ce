"""Folders of the user's tree opened one part at a time from its root, never through a symlink."""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import Self

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.names import shown
from oci_tui.workspace.tree import FILE, PROGRAM, SYMLINK, Entry, blob_id

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class BlockedError(OSError):
    """A part of a path is no folder (a file, a symlink). `at` is the path of that part."""

    def __init__(self, at: bytes) -> None:
        self.at = at
        super().__init__(f"{shown(at)} is not a folder")


class Descent:
    """Descriptors of the folders on the way to one path; asking for paths in sorted order opens each folder once."""

    def __init__(self, root: os.PathLike[str]) -> None:
        try:
            self._root = os.open(root, _FOLDER)
        except OSError as error:
            raise WorkspaceError(f"{os.fspath(root)}: the repository's folder is gone or closed ({error.strerror})") from error
        self._chain: list[tuple[bytes, int]] = []
        self._above: bytes | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.restart()
        os.close(self._root)

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the root."""
        facts = os.fstat(self._root)
        return facts.st_dev, facts.st_ino

    def restart(self) -> None:
        """Forget the open folders: the next question looks again."""
        self._above = None
        while self._chain:
            os.close(self._chain.pop()[1])

    def folder(self, path: bytes, *, make: bool = False) -> tuple[int, bytes]:
        """The descriptor of the folder that holds `path` (valid until the next call), and the name in it.

        Raises FileNotFoundError, or BlockedError; with `make`, folders that are missing are made.
        """
        place, slash, name = path.rpartition(b"/")
        if place + slash == self._above:
            return (self._chain[-1][1] if self._chain else self._root), name
        self._above = None
        parts = place.split(b"/") if slash else []
        kept = 0
        while kept < min(len(parts), len(self._chain)) and self._chain[kept][0] == parts[kept]:
            kept += 1
        while len(self._chain) > kept:
            os.close(self._chain.pop()[1])
        for index in range(kept, len(parts)):
            above = self._chain[-1][1] if self._chain else self._root
            if make:
                self._make(above, parts[index])
            try:
                self._chain.append((parts[index], os.open(parts[index], _FOLDER, dir_fd=above)))
            except FileNotFoundError:
                raise
            except OSError as error:
                raise BlockedError(b"/".join(parts[: index + 1])) from error
        self._above = place + slash
        return (self._chain[-1][1] if self._chain else self._root), name

    def deepest(self, path: bytes) -> bytes:
        """The part of the way to `path` that exists as folders; b"" is the root."""
        parts = path.split(b"/")[:-1]
        for count in range(len(parts), 0, -1):
            try:
                self.folder(b"/".join([*parts[:count], b"x"]))
            except (FileNotFoundError, BlockedError):
                continue
            return b"/".join(parts[:count])
        return b""

    def facts(self, path: bytes) -> os.stat_result | None:
        """What is at the path, without following it; None when nothing is. Raises BlockedError."""
        try:
            folder, name = self.folder(path)
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def read(self, path: bytes, most: int = -1, known: os.stat_result | None = None) -> tuple[Entry, bytes] | None:
        """The file or symlink at the path and its content; None when nothing of that kind is there, or more than `most` bytes.

        `known` is what `facts` just said of it. Raises BlockedError, and PermissionError.
        """
        try:
            folder, name = self.folder(path)
            facts = known or os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(facts.st_mode):
                target = os.readlink(name, dir_fd=folder)
                return Entry(SYMLINK, blob_id(target)), target
            if not stat.S_ISREG(facts.st_mode):
                return None
            file = os.open(name, _FILE, dir_fd=folder)
        except FileNotFoundError:
            return None
        try:
            facts = os.fstat(file)
            if not stat.S_ISREG(facts.st_mode) or 0 <= most < facts.st_size:
                return None
            data = _whole(file, facts.st_size)
        finally:
            os.close(file)
        return Entry(PROGRAM if facts.st_mode & 0o100 else FILE, blob_id(data)), data

    def beneath(self, path: bytes) -> list[bytes]:
        """Everything but folders below the folder at `path`."""
        folder, name = self.folder(path)
        found: list[bytes] = []
        for here, folders, files, at in os.fwalk(name, dir_fd=folder, follow_symlinks=False):
            links = [one for one in folders if stat.S_ISLNK(os.stat(one, dir_fd=at, follow_symlinks=False).st_mode)]
            found += [path + here[len(name) :] + b"/" + file for file in (*files, *links)]
        return found

    def _make(self, above: int, name: bytes) -> None:
        try:
            os.mkdir(name, dir_fd=above)
        except FileExistsError:
            return
        os.fsync(above)


def _whole(file: int, size: int) -> bytes:
    """All that an open file holds; `size` is what it was said to be."""
    data = os.read(file, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while data:
        data = os.read(file, _CHUNK)
        parts.append(data)
    return b"".join(parts)
