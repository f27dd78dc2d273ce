"""A session's events on disk: one JSON line each, appended as they happen, synced to disk when a round or turn ends."""

from __future__ import annotations

import os
from pathlib import Path

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event

_SYNCED = (events.RoundFinished, events.TurnFinished, events.ChangeAccepted, events.ChangeRejected, events.ChangeUndone)


class Journal:
    """Appends every event shown to it to `file` (0600). Raises StoreError when the folder cannot be written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"{file}: cannot be written ({error.strerror}); free space or correct the folder's permissions"
            ) from error

    def show(self, event: Event) -> None:
        try:
            os.write(self._descriptor, events.encode(event) + b"\n")
            if isinstance(event, _SYNCED):
                os.fsync(self._descriptor)
        except OSError as error:
            raise StoreError(f"{self.file}: cannot be written ({error.strerror}); free space, then go on") from error

    def close(self) -> None:
        os.close(self._descriptor)
