"""What every fetch needs: a command whose progress is watched, room on the disk, one fetch of a thing at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from oci_tui.core.errors import ModelError
from oci_tui.core.terminal import visible_line

_LOOK_S = 0.2
_STALL_S = 120.0
_SLACK = 64 * 1024**2
_FULL = (errno.ENOSPC, errno.EDQUOT)


class NotHereError(Exception):
    """This source does not have it; the text is the reason. The next one is tried."""


class DiskFullError(Exception):
    """The disk is full."""


def run(source: str, command: Sequence[str], environment: Mapping[str, str], watched: Sequence[Path]) -> Iterator[int]:
    """Run a command to its end; yields the bytes below the watched folders as they grow. Stops it when closed."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip
        try:
            seen, since = -1, time.monotonic()
            while process.poll() is None:
                arrived = sum(map(bytes_below, watched))
                if arrived != seen:
                    seen, since = arrived, time.monotonic()
                elif time.monotonic() - since > _STALL_S:
                    raise NotHereError(f"{source} has sent nothing for {_STALL_S:.0f} s")
                yield arrived
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode != 0:
            raise _reason(source, words)


def _reason(source: str, words: IO[bytes]) -> Exception:
    words.seek(0)
    text = words.read(1_000_000).decode("utf-8", "replace")
    if os.strerror(errno.ENOSPC) in text or os.strerror(errno.EDQUOT) in text:
        return DiskFullError()
    lines = [line for line in text.splitlines() if line.strip() and "hint" not in line.lower()]
    if "No module named pip" in text:
        lines = [f"{sys.executable} has no pip; run `{sys.executable} -m ensurepip`"]
    return NotHereError(f"{source}: {visible_line(lines[-1]).strip()[:200] if lines else 'no reason given'}")


def check_disk(name: str, resume: Path, needed: int) -> None:
    free, missing = shutil.disk_usage(resume).free, max(needed - bytes_below(resume), 0) + _SLACK
    if missing > free:
        raise ModelError(
            f"{name} needs {missing / 1e9:.2f} GB more on the disk of {resume.parent.parent} and {free / 1e9:.2f} GB are "
            "free; make room, or set XDG_DATA_HOME to a larger disk"
        )


def bytes_below(folder: Path) -> int:
    """Sizes of the files below; what vanishes meanwhile, folders too, counts nothing."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(Path(where, name)).st_size
    return total


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(name: str, resume: Path) -> Iterator[None]:
    with (resume / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelError(f"{name} is being fetched by another oci-tui; wait for it") from None
        yield


@contextmanager
def writing(name: str, folder: Path) -> Iterator[None]:
    """Failures to write into `folder` are told as a ModelError."""
    try:
        yield
    except (OSError, DiskFullError) as error:
        if isinstance(error, OSError) and error.errno not in _FULL:
            raise ModelError(f"{name} cannot be written to {folder}: {error.strerror or error}") from error
        raise ModelError(
            f"the disk of {folder} is full, and {name} is not whole yet; make room and pull again: what has come is kept"
        ) from error
