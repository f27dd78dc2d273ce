"""What the reference solutions return and how long they take: run once, in the sandbox, and kept by the dataset's hash."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from oci_tui.core.errors import DatasetError
from oci_tui.evaluate.datasets import Problem

FORMAT = 2


class Expected(msgspec.Struct, frozen=True):
    """One line of `values` and the seconds it took, for each input."""

    lines: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()


class Reference(msgspec.Struct, frozen=True):
    """What is expected of a problem."""

    base: Expected
    plus: Expected


class Kept:
    """References in a folder, one small file for each program and its inputs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], Reference] = {}

    def find(self, problem: Problem) -> Reference | None:
        """None when it is not there, or damaged."""
        known = (problem.id, problem.canonical)
        if known in self._known:
            return self._known[known]
        try:
            found = msgspec.json.decode(self._path(problem).read_bytes(), type=Reference)
        except (OSError, msgspec.MsgspecError, RecursionError):
            return None
        if [len(found.base.lines), len(found.plus.lines)] != [len(problem.base_inputs), len(problem.plus_inputs)]:
            return None
        self._known[known] = found
        return found

    def keep(self, problem: Problem, reference: Reference) -> None:
        """Raises DatasetError."""
        self._known[problem.id, problem.canonical] = reference
        path = self._path(problem)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(msgspec.json.encode(reference))
            Path(file.name).replace(path)
        except OSError as error:
            raise DatasetError(f"{path}: cannot be written ({error.strerror}); make room, or set XDG_STATE_HOME") from error

    def _path(self, problem: Problem) -> Path:
        return self._folder / f"{_digest(problem)}.json"


def _digest(problem: Problem) -> str:
    parts: Sequence[object] = (FORMAT, problem.entry_point, problem.canonical, problem.base_inputs, problem.plus_inputs)
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
