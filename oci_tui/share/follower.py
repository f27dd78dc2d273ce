"""One client's stream: live while it keeps up, from the journal while it does not, so that nobody waits for it.

What waits for a client is bounded: above `MOST_WAITING` bytes nothing more is sent to it as it happens. Once it has read on, it
gets the journal's lines from its place there, then is live again. Of a long output the journal keeps the ends (`core.output`),
so a client that fell behind in the middle of one may be shown a part of it twice.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from oci_tui.core.errors import ShareError
from oci_tui.share.frames import event_frame

MOST_WAITING = 1 << 20
MOST_UNREAD = 64
_CHUNK = 256 << 10
_OF_NO_USE = b'{"event":"Checkpointed"'
"""Only who resumes the session reads those, and they are long."""


class Follower:
    """Sends what happens to one client. `level` is called right before it goes live: what waits for the others is sent then,
    and it returns frames about this moment that no journal has.
    """

    def __init__(self, writer: asyncio.StreamWriter, journal: Path, level: Callable[[], bytes]) -> None:
        self._writer = writer
        self._journal = journal
        self._level = level
        self._place = 0
        self._after: list[bytes] = []
        self._behind: asyncio.Task[None] | None = None
        self.live = False
        writer.transport.set_write_buffer_limits(high=MOST_WAITING // 2)

    async def catch_up(self) -> None:
        """Send what is in the journal from the client's place on; then it is live. Raises ConnectionError."""
        with self._journal.open("rb") as file:
            while True:
                await self._writer.drain()
                data = self._read(file.fileno())
                if not data:
                    break
                lines = (line for line in data.split(b"\n") if line and not line.startswith(_OF_NO_USE))
                self._writer.write(b"".join(map(event_frame, lines)))
        self._writer.write(self._level())
        self.live = True
        for frame in self._after:
            self._writer.write(frame)
        self._after.clear()

    def happened(self, frames: bytes, size: int) -> None:
        """Events as frames, after which the journal has `size` bytes."""
        if not self.live:
            return
        self._writer.write(frames)
        self._place = size
        if self._writer.transport.get_write_buffer_size() > MOST_WAITING:
            self.live = False
            self._behind = asyncio.create_task(self._once_it_reads())

    def say(self, frame: bytes) -> None:
        """A frame for this client alone, after the events that came before it."""
        if self.live:
            self._writer.write(frame)
        else:
            self._after.append(frame)

    async def has_room(self) -> None:
        """Wait until a client that asks for more has read what it asked for. Raises ConnectionError."""
        if len(self._after) > MOST_UNREAD:
            raise ShareError("too much was asked for and not read")
        if self._writer.transport.get_write_buffer_size() > 4 * MOST_WAITING:
            await self._writer.drain()

    async def close(self) -> None:
        self.live = False
        if self._behind is not None:
            self._behind.cancel()
            await asyncio.gather(self._behind, return_exceptions=True)

    async def _once_it_reads(self) -> None:
        try:
            await self.catch_up()
        except ConnectionError:
            return  # it has gone: whoever reads from it sees the same

    def _read(self, descriptor: int) -> bytes:
        """The next whole lines of the journal."""
        size = _CHUNK
        while True:
            data = os.pread(descriptor, size, self._place)
            whole = data.rfind(b"\n") + 1
            if whole or len(data) < size:
                break
            size *= 2
        self._place += whole
        return data[:whole]
