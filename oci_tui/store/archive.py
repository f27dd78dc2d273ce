"""The sessions on disk: a journal each in one folder, and beside it the folder of its logs and figures."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from oci_tui.core import events
from oci_tui.core.archive import RoundSummary, SessionSummary
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.fork import Fork, forked, rounds
from oci_tui.core.happened import Happened
from oci_tui.core.reading import Lost, read
from oci_tui.store.journal import mend

E = TypeVar("E", bound=Happened)

_NEEDED = ("", events.Checkpointed.__name__, events.SessionStarted.__name__)
"""A line that begins like one of these, or like no event, may have held what a session goes on from."""


class JournalArchive:
    """The journals of `folder`. What each method does is said in `core.archive.Archive`; it knows nothing of the mirrors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listed(self, root: str = "") -> tuple[SessionSummary, ...]:
        found = [summary for file in self._files() if (summary := _summary(file)) and root in ("", summary.root)]
        return tuple(sorted(found, key=lambda summary: (summary.at, summary.name), reverse=True))

    def find(self, name: str = "", root: str = "", *, unreadable: bool = False) -> SessionSummary:
        if not name:
            if found := next((summary for summary in self.listed(root) if summary.turns), None):
                return found
            where = " about this repository" if root else ""
            raise StoreError(f"there is no session{where} yet; start one with oci-tui")
        file = self.file(name)
        summary = _summary(file)
        if summary is None:
            raise StoreError(f"session {file.stem} is just being made, or has gone; `oci-tui sessions list` shows the others")
        if summary.unreadable and not unreadable:
            raise StoreError(f"session {file.stem}: {summary.unreadable}; `oci-tui sessions rm {file.stem}` removes it")
        return summary

    def file(self, name: str) -> Path:
        """The journal of the session whose name begins so."""
        names = [file.stem for file in self._files()]
        fitting = [name] if name in names else sorted(known for known in names if name and known.startswith(name))
        if len(fitting) == 1:
            return self._folder / f"{fitting[0]}.jsonl"
        if fitting:
            raise StoreError(f"{name[:60]} begins several sessions: {', '.join(fitting[:5])}; write more of the name")
        raise StoreError(f"there is no session {name[:60]}; `oci-tui sessions list` names those that are there")

    def told(self, name: str) -> tuple[Event, ...]:
        """What can be read of it, to be shown; `lost` says what cannot."""
        return tuple(read(self.file(name), []))

    def lost(self, name: str) -> tuple[str, ...]:
        lost: list[Lost] = []
        deque(read(self.file(name), lost), maxlen=0)
        return tuple(line.why for line in lost)

    def events(self, name: str) -> tuple[Event, ...]:
        """All of it, to go on from. Raises StoreError where what the model read and the files were may be lost."""
        lost: list[Lost] = []
        happened = tuple(read(self.file(name), lost))
        for line in lost:
            if line.kind in _NEEDED:
                raise StoreError(f"{line.why}: nothing can go on from there; `oci-tui sessions export` tells what can be read")
        return happened

    def rounds(self, name: str) -> tuple[RoundSummary, ...]:
        return rounds(self.told(name))

    def rename(self, name: str, title: str) -> None:
        file = self.file(name)
        with _written(file):
            with _locked(file) as alone:
                if alone:
                    mend(file)
            with file.open("ab", buffering=0) as journal:
                journal.write(events.encode(events.SessionRenamed(" ".join(title.split()))) + b"\n")

    def fork(self, name: str, number: int, new: str, version: str) -> Fork:
        """Write the journal of the session `new`; what it begins with."""
        made = forked(self.events(name), number, new, version)
        file = self._folder / f"{new}.jsonl"
        with _written(file):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as journal:
                journal.writelines(events.encode(event) + b"\n" for event in made.happened)
        return made

    def delete(self, name: str) -> None:
        file = self.file(name)
        with _written(file), _locked(file) as alone:
            if not alone:
                raise StoreError(f"session {file.stem} is open in another oci-tui; leave it there first")
            shutil.rmtree(file.with_suffix(""), ignore_errors=True)
            file.unlink()

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))


def _summary(file: Path) -> SessionSummary | None:
    """What a list says of a journal, without reading all of its lines; None when it is just being made, or has gone."""
    try:
        with _locked(file) as alone:
            data, at = file.read_bytes(), file.stat().st_mtime
            size = len(data) + sum(other.stat().st_size for other in file.with_suffix("").glob("*"))
    except OSError:
        return None
    journal = b"\n" + data[: data.rfind(b"\n") + 1]
    started = next(_all(journal, events.SessionStarted), None)
    if started is None:
        why = f"{file} does not begin like a journal" if data else f"{file} is empty"
        made = SessionSummary(file.stem, "", "", at, at, 0, 0, None, "", size, open=False, unreadable=why)
        return made if alone else None
    prompts = tuple(event.prompt for event in _all(journal, events.TurnStarted))
    renamed = _last(journal, events.SessionRenamed)
    ended = _last(journal, events.TurnFinished)
    changed = _last(journal, events.DiffChanged)
    last = _last(journal, Happened) or started
    return SessionSummary(
        name=file.stem,
        title=(renamed.title if renamed else "") or (_first_line(prompts[0]) if prompts else ""),
        root=started.root,
        started=started.at,
        at=last.at,
        turns=journal.count(_mark(events.TurnStarted)),
        rounds=journal.count(_mark(events.RoundFinished)),
        verdict=ended.verdict if ended else None,
        pending=changed.diff.summary() if changed and changed.diff.files else "",
        bytes=size,
        open=not alone,
        forked_from=started.forked_from,
        prompts=prompts,
    )


def _mark(kind: type[Happened]) -> bytes:
    """How a line of this kind begins, with the end of the one before; no text of an event can look like that."""
    return b'\n{"event":"' + (kind.__name__.encode() + b'"' if kind is not Happened else b"")


def _all(journal: bytes, kind: type[E]) -> Iterator[E]:
    """The events of this kind that can be read."""
    mark, place = _mark(kind), -1
    while (place := journal.find(mark, place + 1)) >= 0:
        if isinstance(event := _event(_line(journal, place)), kind):
            yield event


def _last(journal: bytes, kind: type[E]) -> E | None:
    """The last event of this kind that can be read."""
    mark, place = _mark(kind), len(journal)
    while (place := journal.rfind(mark, 0, place)) >= 0:
        if isinstance(event := _event(_line(journal, place)), kind):
            return event
    return None


def _line(journal: bytes, place: int) -> bytes:
    return journal[place + 1 : journal.index(b"\n", place + 1)]


def _event(line: bytes) -> Event | None:
    try:
        return events.decode(line)
    except StoreError:
        return None


def _first_line(prompt: str) -> str:
    return next((line.strip() for line in prompt.splitlines() if line.strip()), "")


@contextmanager
def _locked(file: Path) -> Iterator[bool]:
    """Keep others from opening the session meanwhile; False where one has it open."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{file}: cannot be written ({error.strerror}); check its permissions and the disk") from error
