"""Takes the figures that code draws in the container, checks them, and saves them beside the session's journal."""

from __future__ import annotations

import os
from pathlib import Path

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Output, Plot
from oci_tui.sandbox.png import BadPictureError, cleaned

MAX_BYTES = 4 << 20
MAX_OF_RUN = 20
MAX_OF_SESSION = 200


class Plots:
    """Writes `folder`/plot-N.png (0600): names are ours; the container sends the bytes of one picture after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = bytearray()
        self._of_run = self._of_session = 0

    def begin(self) -> None:
        """Another command begins to run."""
        self._data.clear()
        self._of_run = 0

    def take(self, data: bytes) -> Plot | Output | None:
        """More of a picture; no bytes end it, and it is saved, or what stands for it says why not. Raises SandboxError."""
        if data:
            # one byte more than allowed is enough to know that it is too large
            self._data += data[: MAX_BYTES + 1 - len(self._data)]
            return None
        picture = bytes(self._data)
        self._data.clear()
        self._of_run += 1
        try:
            return self._saved(picture)
        except BadPictureError as error:
            told = self._of_run <= MAX_OF_RUN + 1
            return Output("stderr", f"[figure {self._of_run} is not shown: {error}]\n") if told else None

    def _saved(self, picture: bytes) -> Plot:
        if self._of_run > MAX_OF_RUN:
            raise BadPictureError(f"one command shows at most {MAX_OF_RUN}")
        if len(picture) > MAX_BYTES:
            raise BadPictureError(f"it is larger than {MAX_BYTES >> 20} MB")
        clean, width, height = cleaned(picture)
        try:
            file = self._new_file()
            file.write_bytes(clean)
        except OSError as error:
            raise SandboxError(f"{self._folder}: cannot be written ({error.strerror}); free space, then go on") from error
        return Plot(str(file), width, height)

    def _new_file(self) -> Path:
        """An empty file under the next free name. Raises OSError, BadPictureError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while self._of_session < MAX_OF_SESSION:
            self._of_session += 1
            file = self._folder / f"plot-{self._of_session}.png"
            try:
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            except FileExistsError:
                continue
            return file
        raise BadPictureError(f"one session keeps at most {MAX_OF_SESSION}")
