"""Work that waits for git or the disk, in a thread beside the event loop, one piece at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from oci_tui.core.errors import WorkspaceError

P = ParamSpec("P")
T = TypeVar("T")


class OneAtATime:
    """Runs functions in threads; a second one waits for the first. `place` is where they keep what they write."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._busy = threading.Lock()
        self._closed = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns. An OSError becomes a WorkspaceError that names the file."""

        def alone() -> T:
            with self._busy:
                if self._closed:
                    raise WorkspaceError("the session is closed: nothing more is done with its files")
                try:
                    return work(*args, **kwargs)
                except OSError as error:
                    where = error.filename or self._place
                    raise WorkspaceError(f"{where}: {error.strerror or error}; check its permissions and the disk") from error

        return await asyncio.to_thread(alone)

    def close(self) -> None:
        """Do no more; waits for what is being done: whoever asked for it may be gone, but half done it is not left."""
        self._closed = True
        with self._busy:
            pass
