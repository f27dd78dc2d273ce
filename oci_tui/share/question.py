"""The question whether a command may run, put to whoever drives; it waits for a driver where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from oci_tui.core.errors import ShareError
from oci_tui.core.ports import Answer, Command
from oci_tui.share.frames import message_frame
from oci_tui.share.protocol import Answered, Asked, Withdrawn


class Question:
    """A `core.ports.Approver`, asked for one command at a time. `say` sends a frame to a participant; `driver` is one, or 0."""

    def __init__(self, say: Callable[[int, bytes], None], driver: Callable[[], int]) -> None:
        self._say = say
        self._driver = driver
        self._numbers = count(1)
        self._open: Asked | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._put_to = 0

    async def ask(self, command: Command, pattern: str) -> Answer:
        self._open = Asked(next(self._numbers), command, pattern)
        self._answer = asyncio.get_running_loop().create_future()
        self.follow()
        try:
            return await self._answer
        finally:
            self._withdraw()
            self._open = self._answer = None

    def follow(self) -> None:
        """Put what is open to another, when another drives."""
        driver = self._driver()
        if self._open is not None and driver != self._put_to:
            self._withdraw()
            self._put_to = driver
            if driver:
                self._say(driver, message_frame(self._open))

    def answered(self, by: int, said: Answered) -> None:
        """Raises ShareError when it was not asked, or not of them."""
        if self._open is None or self._answer is None or (by, said.question) != (self._put_to, self._open.question):
            raise ShareError("that is not asked, or not of you")
        if not self._answer.done():
            self._answer.set_result(said.answer)

    def _withdraw(self) -> None:
        if self._open is not None and self._put_to:
            self._say(self._put_to, message_frame(Withdrawn(self._open.question)))
        self._put_to = 0
