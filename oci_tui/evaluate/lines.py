"""Files of JSON lines that a killed process leaves whole: a torn last line is cut off when the file is opened again."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from oci_tui.core.errors import StoreError


class Lines:
    """A file that only this process writes while it is open. Raises StoreError when another has it, or it cannot be written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with _told(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._descriptor)
                raise StoreError(f"{file}: another run is writing it; wait for it, or name another file with --out") from None

    def read(self) -> list[bytes]:
        """The whole lines."""
        return read(self.file)

    def torn(self) -> bytes:
        """What stands after the last whole line."""
        return self.file.read_bytes().rpartition(b"\n")[2]

    def mend(self) -> None:
        """Cut off what stands after the last whole line."""
        with _told(self.file):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - len(self.torn()))

    def append(self, line: bytes) -> None:
        with _told(self.file):
            os.write(self._descriptor, line + b"\n")

    def replace(self, lines: list[bytes]) -> None:
        """All lines anew, at once: whoever reads sees the old ones or the new ones."""
        new = self.file.with_name(f".{self.file.name}.new")
        with _told(self.file):
            new.write_bytes(b"".join(line + b"\n" for line in lines))
            new.chmod(0o600)
            new.replace(self.file)

    def close(self) -> None:
        os.close(self._descriptor)


def read(file: Path) -> list[bytes]:
    """The whole lines of a file; [] when there is none. Raises StoreError."""
    with _told(file, "read"):
        try:
            return file.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []


@contextlib.contextmanager
def _told(file: Path, doing: str = "written") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{file}: cannot be {doing} ({error.strerror}); correct that or name another file") from error
