"""The runs of a folder, finished or still going on, read from their files."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import msgspec

from oci_tui.core.errors import OciError
from oci_tui.core.measured import Measured, MeasuredTask
from oci_tui.evaluate import replies, results
from oci_tui.evaluate.results import Record, Results


class Watch:
    """Reads the folder's files again only where they have changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, int], Measured, bool]] = {}

    def runs(self) -> tuple[Measured, ...]:
        """Every run, the one written last first; what is no results file is passed over."""
        states = {}
        for file in self._folder.glob("*.jsonl"):
            try:
                state = file.stat()
            except FileNotFoundError:
                continue
            if file.name != replies.FILE:
                states[file] = (state.st_mtime_ns, state.st_size)
        found = {file: run for file in states if (run := self._run(file, states[file]))}
        return tuple(found[file] for file in sorted(found, key=lambda file: states[file], reverse=True))

    def _run(self, file: Path, state: tuple[int, int]) -> Measured | None:
        if (known := self._known.get(file)) is None or known[0] != state:
            try:
                found = results.read(file)
            except OciError:
                return None
            known = state, measured(file.name, found), found.summary is not None
            self._known[file] = known
        return msgspec.structs.replace(known[1], running=not known[2] and _is_written(file))


def measured(name: str, found: Results) -> Measured:
    """A results file as people watch it."""
    conditions = found.conditions
    title = f"{conditions.dataset} {conditions.dataset_version} · {conditions.paper_protocol}"
    rounds = f" ×{conditions.rounds}" if conditions.rounds > 1 else ""
    tasks = tuple(_task(record) for record in found.records)
    return Measured(name, title + rounds, conditions.model, conditions.problems * conditions.samples, tasks)


def _task(record: Record) -> MeasuredTask:
    levels = record.passed.keys()
    rounds = tuple(all(attempt.passed.get(level, False) for level in levels) for attempt in record.attempts)
    name = record.id.removesuffix("#0")
    return MeasuredTask(name, rounds, bool(levels) and all(record.passed.values()), record.seconds, record.note)


def _is_written(file: Path) -> bool:
    """Whether a process has the file open to write its run."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
