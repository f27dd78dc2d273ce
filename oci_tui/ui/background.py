"""Long work that tells how far it has come, in a thread of its own: the app stays awake, and can always end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress

from oci_tui.core.ports import Progress

_LEAVE_S = 2.0


class Background:
    """`make` begins the work; it goes on while its steps are read, and stops when they are closed."""

    def __init__(self, name: str, make: Callable[[], Iterable[Progress]]) -> None:
        self.name = name
        self._make = make
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    async def run(self, tell: Callable[[Progress], None]) -> bool:
        """Whether it was done, rather than stopped. Raises what the work raises."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[bool] = loop.create_future()

        def settle(error: Exception | None) -> None:
            if not ended.done():
                ended.set_exception(error) if error else ended.set_result(not self._stopped.is_set())

        def go() -> None:
            steps, problem = iter(self._make()), None
            try:
                for step in steps:
                    if self._stopped.is_set():
                        break
                    loop.call_soon_threadsafe(tell, step)
            except Exception as error:  # noqa: BLE001 - it is raised where the work is awaited
                problem = error
            finally:
                if isinstance(steps, Generator):
                    steps.close()
            # a loop that is closed belongs to an app that has ended
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, problem)

        # no executor's: the interpreter waits for those, and work that hangs must not keep the app from ending
        self._thread = threading.Thread(target=go, name=self.name, daemon=True)
        self._thread.start()
        return await ended

    def stop(self) -> None:
        """Stop at the next step."""
        self._stopped.set()

    def leave(self) -> None:
        """Stop, and give it a moment to end what it has started."""
        self.stop()
        if self._thread is not None:
            self._thread.join(_LEAVE_S)
