"""A session's events on disk: one JSON line each, appended as they happen, synced to disk when a round or turn ends."""

from __future__ import annotations

import os
from pathlib import Path

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.output import KeptOutput
from oci_tui.store.run_logs import RunLogs

_SYNCED = (events.RoundFinished, events.TurnFinished, events.ChangeAccepted, events.ChangeRejected, events.ChangeUndone)


class Journal:
    """Appends every event shown to it to `file` (0600). Raises StoreError when the folder cannot be written.

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
        os.close(self._descriptor)

    def _append(self, event: Event) -> None:
        try:
            os.write(self._descriptor, events.encode(event) + b"\n")
            if isinstance(event, _SYNCED):
                os.fsync(self._descriptor)
        except OSError as error:
            raise StoreError(f"{self.file}: cannot be written ({error.strerror}); free space, then go on") from error
