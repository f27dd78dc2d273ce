"""The client's first words with a host: connect, greet, and what the owner asks of a host rather than of a session."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

import msgspec

from oci_tui import __version__
from oci_tui.core.errors import ShareError
from oci_tui.share import protocol
from oci_tui.share.doors import connect, hosts
from oci_tui.share.frames import message_frame, read_message, receive
from oci_tui.share.protocol import Ended, Greeted, Hello, Invited, Opened, Refused

ANSWER_S = 10.0
A = TypeVar("A", bound=protocol.Answer)


class Call(msgspec.Struct, frozen=True):
    """How a host is reached: its `address` (see `doors.connect`), names being those of `folder`, and a token where it asks."""

    address: str
    folder: Path
    token: str = ""

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which the host has greeted. Raises ShareError."""
        reader, writer, _ = await self._greeted()
        return reader, writer

    async def greeting(self) -> Greeted:
        """What the host says of itself and its sessions. Raises ShareError."""
        _, writer, greeted = await self._greeted()
        writer.close()
        return greeted

    async def open(self, wanted: protocol.Open) -> protocol.SessionInfo:
        """Have the host begin a session. Raises ShareError."""
        return (await self._managed(wanted, Opened)).session

    async def invite(self, session: int) -> Invited:
        """Have the host give out a token. Raises ShareError."""
        return await self._managed(protocol.Invite(session), Invited)

    async def end(self) -> None:
        """End the host; returns once its sessions are closed and its model is unloaded. Raises ShareError."""
        reader, writer, _ = await self._greeted()
        try:
            writer.write(message_frame(protocol.End()))
            await _answer(reader, Ended)
            await reader.read()
        finally:
            writer.close()

    async def _managed(self, opening: protocol.Opening, kind: type[A]) -> A:
        reader, writer, _ = await self._greeted()
        try:
            writer.write(message_frame(opening))
            return await _answer(reader, kind)
        finally:
            writer.close()

    async def _greeted(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Greeted]:
        connected = await asyncio.to_thread(connect, self.address, self.folder)
        connected.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=connected)
        try:
            async with asyncio.timeout(ANSWER_S):
                writer.write(message_frame(Hello(protocol.VERSION, __version__, self.token)))
                return reader, writer, await _answer(reader, Greeted)
        except TimeoutError:
            writer.close()
            raise ShareError(f"{self.address}: what is there has not answered for {ANSWER_S:.0f} s") from None
        except BaseException:
            writer.close()
            raise


async def found(folder: Path) -> list[Greeted]:
    """What every host of this user says of itself."""
    greeted = await asyncio.gather(*(Call(name, folder).greeting() for name in hosts(folder)), return_exceptions=True)
    return [answer for answer in greeted if isinstance(answer, Greeted)]


async def _answer(reader: asyncio.StreamReader, kind: type[A]) -> A:
    try:
        _, body = await receive(reader, protocol.HOST_FRAME)
    except (EOFError, ConnectionError):
        raise ShareError("the host is gone; `oci-tui hosts` lists those that are there") from None
    answer = read_message(body, protocol.ANSWER)
    if isinstance(answer, Refused):
        raise ShareError(answer.reason)
    if not isinstance(answer, kind):
        raise ShareError("the host does not keep to the protocol")
    return answer
