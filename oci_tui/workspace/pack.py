"""Writes objects as a git pack with its index, compressed in a thread while the caller reads the next files.

`git fast-import` is what git has for this, but it tries a delta for every object and hashes twice: three times the work.
Formats: gitformat-pack(5), both of version 2.
"""

from __future__ import annotations

import hashlib
import os
import queue
import struct
import tempfile
import threading
import zlib
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

BLOB, TREE = 3, 2
# Compressing a small file takes longer than everything else that is done with it; large ones are what fills a disk.
_SMALL, _SMALL_LEVEL, _LEVEL = 1 << 16, 0, 1
_BATCH = 1 << 18
_BATCHES_AHEAD = 32
_WAIT_FOR = 8 << 20
_HEADER = struct.Struct(">4sII")
_INDEX_MAGIC = b"\xfftOc\0\0\0\2"
_LARGE_OFFSET = 1 << 31

Batch = list[tuple[str, int, bytes]]


class _Packed(NamedTuple):
    """Where in the pack an object is, and the checksum of its bytes there."""

    id: bytes
    crc: int
    offset: int


class PackWriter:
    """A pack in the making, in a temporary file of `folder`; gone after the block unless it was made one to `keep`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        descriptor, name = tempfile.mkstemp(prefix="tmp_pack_", dir=folder)
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "w+b", buffering=_BATCH)
        self._offset = self._file.write(_HEADER.pack(b"PACK", 2, 0))
        self._packed: list[_Packed] = []
        self._ids: set[str] = set()
        self._batch: Batch = []
        self._size = self._added = 0
        self._ahead: queue.Queue[Batch] = queue.Queue(_BATCHES_AHEAD)
        self._thread = threading.Thread(target=self._work, name="pack", daemon=True)
        self._error: OSError | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._settle()
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        """How many objects were added."""
        return self._added

    def skip(self, ids: set[str]) -> None:
        """Objects that need not be added: they are stored already."""
        self._ids |= ids

    def add(self, id: str, data: bytes, kind: int = BLOB) -> None:  # noqa: A002
        """One object and its id, unless it was added before."""
        if id in self._ids:
            return
        self._ids.add(id)
        self._added += 1
        self._batch.append((id, kind, data))
        self._size += len(data) + 100
        if self._size >= _BATCH:
            self._hand_over()

    def complete(self) -> IO[bytes]:
        """The whole pack, to be read from its start. Nothing can be added any more. Raises OSError."""
        self._settle()
        if self._error:
            raise self._error
        self._file.seek(0)
        self._file.write(_HEADER.pack(b"PACK", 2, len(self._packed)))
        self._file.seek(0)
        digest = _sha1()
        while data := self._file.read(_BATCH):
            digest.update(data)
        self._checksum = digest.digest()
        self._file.seek(0, os.SEEK_END)
        self._file.write(self._checksum)
        self._file.flush()
        self._file.seek(0)
        return self._file

    def keep(self) -> None:
        """Let git see the completed pack: first it, then its index, both on the disk by then. Raises OSError."""
        os.fsync(self._file.fileno())
        name = f"pack-{self._checksum.hex()}"
        with tempfile.NamedTemporaryFile(prefix="tmp_idx_", dir=self._folder, delete=False) as index:
            index.write(_index(sorted(self._packed), self._checksum))
            index.flush()
            os.fsync(index.fileno())
        for path, suffix in ((self._path, "pack"), (Path(index.name), "idx")):
            path.chmod(0o444)
            path.rename(self._folder / f"{name}.{suffix}")
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _hand_over(self) -> None:
        self._ahead.put(self._batch)
        if self._size >= _WAIT_FOR:
            self._ahead.join()  # so that large files do not pile up in memory
        self._batch, self._size = [], 0

    def _settle(self) -> None:
        """Have the thread write what it was given, and end."""
        if self._thread.is_alive():
            if self._batch:
                self._hand_over()
            self._ahead.put([])
            self._thread.join()

    def _work(self) -> None:
        while batch := self._ahead.get():
            try:
                if not self._error:
                    self._write(batch)
            except OSError as error:
                self._error = error
            finally:
                self._ahead.task_done()

    def _write(self, batch: Batch) -> None:
        for name, kind, data in batch:
            level = _SMALL_LEVEL if len(data) < _SMALL else _LEVEL
            stored = _object_header(kind, len(data)) + zlib.compress(data, level)
            self._packed.append(_Packed(bytes.fromhex(name), zlib.crc32(stored), self._offset))
            self._offset += self._file.write(stored)


def _object_header(kind: int, size: int) -> bytes:
    """An object's type and size: four bits, then seven a byte, the lowest first."""
    header = bytearray()
    byte, size = kind << 4 | size & 15, size >> 4
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)


def _index(packed: list[_Packed], checksum: bytes) -> bytes:
    """The index of a pack's objects, which are sorted by id."""
    counts = [0] * 256
    for one in packed:
        counts[one.id[0]] += 1
    large = [one.offset for one in packed if one.offset >= _LARGE_OFFSET]
    places = iter(range(len(large)))
    offsets = (one.offset if one.offset < _LARGE_OFFSET else _LARGE_OFFSET | next(places) for one in packed)
    index = b"".join(
        (
            _INDEX_MAGIC,
            struct.pack(">256I", *accumulate(counts)),
            b"".join(one.id for one in packed),
            struct.pack(f">{len(packed)}I", *(one.crc for one in packed)),
            struct.pack(f">{len(packed)}I", *offsets),
            struct.pack(f">{len(large)}Q", *large),
            checksum,
        )
    )
    return index + _sha1(index).digest()


def _sha1(data: bytes = b"") -> hashlib._Hash:
    return hashlib.sha1(data, usedforsecurity=False)
