"""What the app writes to the terminal; nowhere, once the terminal has gone."""

from __future__ import annotations

from typing import IO


class Outlet:
    """The file behind Textual's writer thread.

    That thread dies of a write that fails. Its queue then fills up, and whoever writes next, the app at its end too, waits for
    ever: the hang-up that told the app to end would keep it alive.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> None:
        if not self._gone:
            try:
                self._file.write(text)
            except OSError:
                self._gone = True

    def flush(self) -> None:
        if not self._gone:
            try:
                self._file.flush()
            except OSError:
                self._gone = True

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()
