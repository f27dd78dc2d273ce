"""Repository tasks as folders: task.toml, the files in `repo/`, hidden tests in `hidden/`, what solves it in `solution/`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from oci_tui.core.errors import SettingsError
from oci_tui.core.tested import is_test

Files = Mapping[str, bytes]
"""Contents by path."""


class _Toml(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: str
    kind: str
    language: str
    hidden: str
    check: str = ""
    profile: str = "python"
    unchanged: bool = False
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 60.0


class RepositoryTask(msgspec.Struct, frozen=True):
    """Something to be done in a small repository.

    `check` is the command for whoever does it ("" is for them to find out). `hidden` decides: it runs once the files of
    `hidden_files` lie over theirs. `unchanged`: no file may be another afterwards. `timeout_s` is for one command.
    """

    name: str
    prompt: str
    kind: str
    language: str
    profile: str
    check: str
    hidden: str
    unchanged: bool
    timeout_s: float
    repo: Files
    hidden_files: Files
    solution: Files

    @property
    def solved(self) -> Files:
        """The repository as the solution leaves it."""
        return {**self.repo, **self.solution}

    def judged(self, files: Files) -> Files:
        """What the hidden check runs on: these files, with the tests that were there as they were, and the hidden ones."""
        own = {path: content for path, content in self.repo.items() if is_test(path)}
        return {**files, **own, **self.hidden_files}


def load(folder: Path) -> tuple[RepositoryTask, ...]:
    """Every task in `folder`, by name. Raises SettingsError."""
    found = tuple(_load(file.parent) for file in sorted(folder.glob("*/task.toml")))
    if not found:
        raise SettingsError(f"{folder}: no task is in it; a task is a folder with task.toml, repo/, hidden/ and solution/")
    return found


def digest(tasks: Sequence[RepositoryTask]) -> str:
    """SHA-256 of all that these tasks are."""
    return hashlib.sha256(msgspec.msgpack.encode(tasks)).hexdigest()


def _load(folder: Path) -> RepositoryTask:
    file = folder / "task.toml"
    try:
        said = msgspec.toml.decode(file.read_bytes(), type=_Toml)
        files = [_files(folder / name) for name in ("repo", "hidden", "solution")]
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise SettingsError(f"{file}: {error}; correct it") from error
    if not files[0]:
        raise SettingsError(f"{folder / 'repo'}: no file is in it; a task needs the files that it is about")
    return RepositoryTask(
        name=folder.name,
        prompt=said.prompt,
        kind=said.kind,
        language=said.language,
        profile=said.profile,
        check=said.check,
        hidden=said.hidden,
        unchanged=said.unchanged,
        timeout_s=said.timeout_s,
        repo=files[0],
        hidden_files=files[1],
        solution=files[2],
    )


def _files(folder: Path) -> Files:
    """Raises OSError, and ValueError for a file that is not UTF-8: a workspace does not edit those."""
    found = {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    for content in found.values():
        content.decode()
    return found
