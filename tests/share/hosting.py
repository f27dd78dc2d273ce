"""A host in this process with a real session about a real repository, and clients that say what they like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from oci_tui import assemble_hosts
from oci_tui.core.company import Role
from oci_tui.core.events import Event
from oci_tui.resources import runtime_folder
from oci_tui.settings import EngineSettings, Settings
from oci_tui.share import protocol
from oci_tui.share.calling import Call
from oci_tui.share.doors import connect
from oci_tui.share.frames import message_frame, read_message, receive
from oci_tui.share.host import Host
from oci_tui.share.protocol import Answer, Hello, Join
from oci_tui.share.remote import RemoteSession

NAME = "test"


def settings(folder: Path, *replies: object) -> Settings:
    """Replies of a scripted engine: texts, or lines of its file."""
    file = folder / "replies.jsonl"
    lines = [{"reply": reply} if isinstance(reply, str) else reply for reply in replies]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return Settings(engine=EngineSettings(kind="scripted", replies=str(file), max_new_tokens=12_000))


def stream(tokens: int, rate: float) -> dict[str, object]:
    """A reply of so many tokens, so many a second."""
    return {"pieces": [(1 / rate, f" w{number}") for number in range(tokens)]}


@asynccontextmanager
async def hosted(
    root: Path, chosen: Settings, monkeypatch: pytest.MonkeyPatch, *, group: str = "", docker: bool = False
) -> AsyncIterator[Host]:
    """A host that keeps one session about `root`."""
    if not docker:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{root}/none.sock")
    async with assemble_hosts.hosting(chosen, NAME, group) as host:
        await host.open(assemble_hosts.opening(chosen, root), open_to_guests=bool(group))
        yield host


def call() -> Call:
    return assemble_hosts.call(NAME)


async def until_left() -> None:
    """Until the host has noticed that everybody has gone."""
    await until_only(0)


async def until_only(number: int) -> None:
    """Until the host has noticed that only so many are there."""
    async with asyncio.timeout(20):
        while sum(len(session.participants) for session in (await call().greeting()).sessions) != number:
            continue


class Attached:
    """A client that shows what it is told to nobody: `events` are all, in order."""

    def __init__(self, session: RemoteSession) -> None:
        self.session = session
        self.events: list[Event] = []
        self._watching: asyncio.Task[None] | None = None
        self._told = asyncio.Event()

    async def come(self) -> None:
        await self._take(self.session.prepare())
        self._watching = asyncio.create_task(self._take(self.session.company.unasked()))

    async def play(self, events: AsyncGenerator[Event]) -> list[Event]:
        """What was told until it was done."""
        before = len(self.events)
        async with asyncio.timeout(30):
            await self._take(events)
        return self.events[before:]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await self._another()

    def saw(self, kind: type[Event]) -> bool:
        return any(isinstance(event, kind) for event in self.events)

    async def leave(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self.session.close()

    async def _another(self) -> None:
        self._told.clear()
        await self._told.wait()

    async def _take(self, events: AsyncGenerator[Event]) -> None:
        async for event in events:
            self.events.append(event)
            self._told.set()


@asynccontextmanager
async def attached(
    role: Role | None = None, name: str = "", session: int = 1, by: Call | None = None
) -> AsyncIterator[Attached]:
    client = Attached(RemoteSession(by or call(), "test", Join(session, name, role)))
    try:
        await client.come()
        yield client
    finally:
        await client.leave()


class Raw:
    """A connection on which any bytes are sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answers(self) -> list[Answer]:
        """What the host says until it closes the connection, but for events."""
        found: list[Answer] = []
        async with asyncio.timeout(20):
            while True:
                try:
                    is_event, body = await receive(self.reader, protocol.HOST_FRAME)
                except (EOFError, ConnectionError):
                    return found
                if not is_event:
                    found.append(read_message(body, protocol.ANSWER))

    async def answer(self) -> Answer:
        """The next message."""
        async with asyncio.timeout(20):
            while True:
                is_event, body = await receive(self.reader, protocol.HOST_FRAME)
                if not is_event:
                    return read_message(body, protocol.ANSWER)


@asynccontextmanager
async def raw(*first: bytes, address: str = NAME) -> AsyncIterator[Raw]:
    connected = connect(address, runtime_folder())
    connected.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=connected)
    try:
        for data in first:
            writer.write(data)
        yield Raw(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


HELLO = message_frame(Hello(protocol.VERSION, "test"))


def joining(role: Role | None = None) -> bytes:
    return HELLO + message_frame(protocol.Join(1, "raw", role))
