"""A session's events on disk: one JSON line each, appended as they happen, synced to disk when a round or turn ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.output import KeptOutput
from oci_tui.store.run_logs import RunLogs

_SYNCED = (
    events.Checkpointed,
    events.RoundFinished,
    events.TurnFinished,
    events.ChangeAccepted,
    events.ChangeRejected,
    events.ChangeUndone,
)
_WAIT_S, _STEP_S = 1.0, 0.05
_PIECE = 1 << 16


class Journal:
    """Appends every event shown to it to `file` (0600), which no other can open meanwhile; a torn last line is taken off.

    Raises StoreError when the folder cannot be written.

    Of a command's output it holds the head as it arrives and, once the command has ended, the tail (`core.output`); a
    line between them says how many bytes are missing. The folder named like the file has the whole of it (`run_logs`).
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._output = KeptOutput()
        self._logs = RunLogs(file.with_suffix(""))
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            _lock(self._descriptor, file)
            mend(file)
        except OSError as error:
            raise StoreError(
                f"{file}: cannot be written ({error.strerror}); free space or correct the folder's permissions"
            ) from error

    def show(self, event: Event) -> None:
        self._logs.show(event)
        match event:
            case events.OutputArrived(stream=stream, text=text):
                if text := self._output.add(stream, text):
                    self._append(events.OutputArrived(stream, text, at=event.at))
                return
            case events.CommandFinished() | events.TurnFinished():
                for stream, text in self._output.rest():
                    self._append(events.OutputArrived(stream, text, at=event.at))
                self._output = KeptOutput()
        self._append(event)

    def close(self) -> None:
        self._logs.close()
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _append(self, event: Event) -> None:
        try:
            os.write(self._descriptor, events.encode(event) + b"\n")
            if isinstance(event, _SYNCED):
                os.fsync(self._descriptor)
        except OSError as error:
            raise StoreError(f"{self.file}: cannot be written ({error.strerror}); free space, then go on") from error


def mend(file: Path) -> None:
    """Take a torn last line (a crash) off, so that what is appended is a line of its own. Raises OSError."""
    with file.open("rb+") as journal:
        end = place = journal.seek(0, os.SEEK_END)
        while place:
            start = max(0, place - _PIECE)
            journal.seek(start)
            if (newline := journal.read(place - start).rfind(b"\n")) >= 0:
                place = start + newline + 1
                break
            place = start
        if place < end:
            journal.truncate(place)


def _lock(descriptor: int, file: Path) -> None:
    """Keep the session for this process. Who lists sessions holds it for a moment, so it is tried for a while."""
    late = time.monotonic() + _WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > late:
                os.close(descriptor)
                raise StoreError(
                    f"session {file.stem} is open in another oci-tui: go on there (`oci-tui attach`, if a host keeps it), "
                    f"or fork it with `oci-tui fork {file.stem}`"
                ) from None
            time.sleep(_STEP_S)
        else:
            return
