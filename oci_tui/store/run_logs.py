"""What each command of a session printed, whole up to a size, in a file of its own beside the journal."""

from __future__ import annotations

import os
from pathlib import Path

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.terminal import visible

LOG_SIZE = 16 << 20
LOGS = 16


class RunLogs:
    """Writes `folder`/run-N.log (0600) for command N: the last `kept` of them, at most `size` bytes each.

    Text is made harmless first, so that a log may be shown in a terminal. Raises StoreError.
    """

    def __init__(self, folder: Path, size: int = LOG_SIZE, kept: int = LOGS) -> None:
        self._folder, self._size, self._kept = folder, size, kept
        self._number = _last(folder)
        self._descriptor: int | None = None
        self._room = self._omitted = 0

    def show(self, event: Event) -> None:
        try:
            match event:
                case events.CommandStarted():
                    self.close()
                    self._begin(f"$ {event.command.label}\n")
                case events.OutputArrived():
                    self._write(event.text)
                case events.CommandFinished():
                    self.close()
        except OSError as error:
            raise StoreError(f"{self._folder}: cannot be written ({error.strerror}); free space, then go on") from error

    def close(self) -> None:
        """End the log that is open, if one is."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            if self._omitted:
                os.write(descriptor, f"\n...({self._omitted} bytes omitted)...\n".encode())
            os.close(descriptor)

    def _begin(self, title: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._number += 1
        self._file(self._number - self._kept).unlink(missing_ok=True)
        file = self._file(self._number)
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._room, self._omitted = self._size, 0
        self._write(title)

    def _write(self, text: str) -> None:
        if self._descriptor is None:
            return
        data = visible(text).encode("utf-8", "replace")
        fits = data[: self._room]
        os.write(self._descriptor, fits)
        self._room -= len(fits)
        self._omitted += len(data) - len(fits)

    def _file(self, number: int) -> Path:
        return self._folder / f"run-{number}.log"


def _last(folder: Path) -> int:
    """The number of the last log there, 0 for none: a session that is resumed goes on from it."""
    numbers = [file.stem.removeprefix("run-") for file in folder.glob("run-*.log")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0)
