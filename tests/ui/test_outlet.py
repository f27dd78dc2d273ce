"""A terminal that has gone takes nothing more, and keeps nobody waiting."""

from __future__ import annotations

import os
import threading

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from oci_tui.ui.outlet import Outlet


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("guarded", [True, False])
def test_writes_end_also_when_the_terminal_has_gone(guarded: bool) -> None:
    """F6: Textual's own file is the control; there the last write never returns."""
    near, far = os.openpty()
    with open(far, "w", encoding="utf-8") as terminal:
        os.close(near)
        writer = WriterThread(Outlet(terminal) if guarded else terminal)  # type: ignore[arg-type]
        writer.start()

        def write() -> None:
            for _ in range(2 * MAX_QUEUED_WRITES):
                writer.write("x" * 9_000)
            writer.stop()

        writing = threading.Thread(target=write, daemon=True)
        writing.start()
        writing.join(2 if guarded else 0.5)
        assert writing.is_alive() is not guarded
        assert not writer.is_alive()
        while writing.is_alive():
            writer._queue.get()
