"""A file per session that its process keeps locked: who cannot see that process still sees the lock.

Two containers that share a state folder and a Docker socket, say, do not see each other's processes.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from oci_tui.core.errors import SandboxError
from oci_tui.resources import state_folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


class SessionLock:
    """Held from the moment it is made until `release`, or the end of the process however that comes. Raises SandboxError."""

    def __init__(self, session: str) -> None:
        file = _file(session)
        if file is None:
            raise SandboxError(f"session {session[:40]!r}: expected letters, digits, dots and dashes")
        try:
            file.parent.mkdir(mode=0o700, exist_ok=True)
            while True:
                self._handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                # Shared: a session's own sandboxes do not exclude each other, only the reaper.
                fcntl.flock(self._handle, fcntl.LOCK_SH)
                if _same(self._handle, file):
                    break
                os.close(self._handle)
        except OSError as error:
            raise SandboxError(f"{file}: cannot be locked: {error.strerror}; free some space, or set XDG_STATE_HOME") from error

    def release(self) -> None:
        os.close(self._handle)


def is_held(session: str) -> bool:
    """Whether some process holds the lock of this session. A name that cannot be one of ours has no lock."""
    file = _file(session)
    return file is not None and not _taken(file, remove=False)


def remove_free() -> None:
    """Delete the files of sessions that have ended."""
    for file in (state_folder() / "locks").glob("*.lock"):
        _taken(file, remove=True)


def _file(session: str) -> Path | None:
    return state_folder() / "locks" / f"{session}.lock" if _NAME.fullmatch(session) else None


def _taken(file: Path, *, remove: bool) -> bool:
    """Whether nobody holds the lock on `file`, or it is not there; with `remove` it is deleted then."""
    try:
        handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if remove and _same(handle, file):
            file.unlink()
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _same(handle: int, file: Path) -> bool:
    """Whether `file` still is what was opened, and not deleted meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False
