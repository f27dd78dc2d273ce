"""How far long work in a thread has come, told now and then; it ends the work when nobody waits for it any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import Progress
from oci_tui.core.workspace_info import megabytes

_EVERY_S = 0.1

Tell = Callable[[Progress], None]


class Steps:
    """`tell` is called from the thread of the work, at most ten times a second."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._stopped = threading.Event()
        self._next = 0.0

    def stop(self) -> None:
        """Nobody waits any more."""
        self._stopped.set()

    def reached(self, doing: str, fraction: float | None = None) -> None:
        """Tell a new step. Raises WorkspaceError when nobody waits any more."""
        self._go_on()
        self._tell(Progress(doing, fraction))

    def counted(self, doing: str, done: int, total: int, size: int) -> None:
        """Tell how many files, and bytes of them, a step has done, unless that was told a moment ago. Raises like `reached`."""
        self._go_on()
        if (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY_S
            self._tell(Progress(f"{doing} {done:,} of {total:,} files, {megabytes(size)}", min(done / max(total, 1), 1.0)))

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise WorkspaceError("stopped before it was done; ask again, and it is done anew")
