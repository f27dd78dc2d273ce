"""A host: keeps sessions alive with one engine, lets clients in through its doors, and hands each to the session it wants."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.company import Role
from oci_tui.core.errors import OciError, ShareError
from oci_tui.core.session import Session
from oci_tui.share import protocol
from oci_tui.share.doors import Door, loopback_door, peer, user_name
from oci_tui.share.frames import message_frame, read_message, receive
from oci_tui.share.protocol import CLIENT_FRAME, FIRST_FRAME, CaughtUp, Ended, Greeted, Invited, Joined, Opened, Refused
from oci_tui.share.shared import SharedSession

HELLO_S = 5.0
MOST_CLIENTS = 64
"""At one door at a time."""
_USED = "this token is not valid, or was used; ask the owner for another (`oci-tui host invite`)"
_log = logging.getLogger("oci_tui.host")


class Made(NamedTuple):
    """A session that was opened, the root of its repository, and the file of its journal."""

    session: Session
    root: Path
    journal: Path


Make = Callable[[protocol.Open], Made]
"""Opens the session that is wanted. Called in a thread; raises OciError."""


class Host:
    """`name` is its id; `port` is where guests with a token knock, 0 for any."""

    def __init__(self, name: str, make: Make, port: int = 0) -> None:
        self.name = name
        self.ended = asyncio.Event()
        self._make = make
        self._port = port
        self._sessions: dict[int, SharedSession] = {}
        self._serving: list[asyncio.Task[None]] = []
        self._doors: list[Door] = []
        self._servers: list[asyncio.Server] = []
        self._clients: dict[asyncio.Task[None], Door] = {}
        self._tokens: dict[bytes, int] = {}
        self._waiting: set[asyncio.Task[None]] = set()

    # its life

    async def open(self, wanted: protocol.Open, *, open_to_guests: bool = False) -> SharedSession:
        """Begin a session and keep it from now on. Raises OciError."""
        made = await asyncio.to_thread(self._make, wanted)
        number = len(self._sessions) + 1
        shared = SharedSession(number, made.session, made.root, made.journal, open_to_guests=open_to_guests)
        self._sessions[number] = shared
        self._serving.append(asyncio.create_task(shared.serve(), name=f"session {made.session.name}"))
        self._serving[-1].add_done_callback(partial(_failed, made.session.name))
        return shared

    async def open_door(self, door: Door) -> None:
        """Let clients in here."""
        self._doors.append(door)
        met = partial(self._meet, door)
        server = asyncio.start_unix_server if door.path else asyncio.start_server
        self._servers.append(await server(met, sock=door.socket))

    @property
    def paths(self) -> list[Path]:
        """The sockets of the doors for groups."""
        return [door.path for door in self._doors if door.path is not None and door.kind == "group"]

    async def invite(self, session: int) -> Invited:
        """A token that lets one guest into this session, once."""
        door = next((door for door in self._doors if door.kind == "loopback"), None)
        if door is None:
            door = loopback_door(self._port)
            await self.open_door(door)
        token = secrets.token_urlsafe(24)
        self._tokens[_digest(token)] = session
        return Invited(token, door.port)

    async def close(self) -> None:
        """Close the doors, see the clients out, stop what runs and close every session. Raises the first error of a port."""
        for server in self._servers:
            server.close()
        for door in self._doors:
            door.close()
        tasks = [*self._serving, *(task for task in self._clients if task not in self._waiting)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        closed = await asyncio.gather(*(shared.close() for shared in self._sessions.values()), return_exceptions=True)
        for problem in closed:
            if isinstance(problem, BaseException):
                raise problem

    async def let_go(self) -> None:
        """Let those go who wait for the end: it has come."""
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    # its clients

    async def _meet(self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if sum(at is door for at in self._clients.values()) >= MOST_CLIENTS:
                raise ShareError(f"{MOST_CLIENTS} clients are here already; one of them has to leave first")
            self._clients[task] = door
            await self._talk(door, reader, writer)
        except OciError as error:
            _log.debug("refused: %s", error)
            writer.write(message_frame(Refused(str(error))))
        except asyncio.CancelledError:
            writer.write(message_frame(Refused(protocol.STOPPED)))
        except (EOFError, ConnectionError):
            pass  # the client has gone
        finally:
            self._clients.pop(task, None)
            writer.close()
            with suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1)

    async def _talk(self, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HELLO_S):
                _, body = await receive(reader, FIRST_FRAME)
        except TimeoutError:
            raise ShareError(f"nothing was said for {HELLO_S:.0f} s") from None
        # the version stands first: another one's Hello may look otherwise
        if (version := read_message(body, protocol.ANY_HELLO).version) != protocol.VERSION:
            raise ShareError(
                f"this host speaks version {protocol.VERSION} of the protocol, not {version}; use the same oci-tui"
            )
        hello = read_message(body, protocol.HELLO)
        token = _digest(hello.token)
        uid = self._who(door, writer.get_extra_info("socket"), token)
        owner = uid == os.getuid()
        invited = self._tokens.get(token, 0)
        seen = [
            shared
            for shared in self._sessions.values()
            if owner or shared.number == invited or (door.kind == "group" and shared.open_to_guests)
        ]
        writer.write(message_frame(Greeted(protocol.VERSION, self.name, owner, tuple(shared.info() for shared in seen))))
        while True:
            await writer.drain()
            _, body = await receive(reader, FIRST_FRAME)
            opening = read_message(body, protocol.OPENING)
            if isinstance(opening, protocol.Join):
                wanted = seen if opening.session == 0 else [shared for shared in seen if shared.number == opening.session]
                if len(wanted) != 1:
                    raise ShareError(
                        "no such session here" if opening.session or not seen else "which session? give its number"
                    )
                if door.kind == "loopback" and self._tokens.pop(token, None) is None:
                    raise ShareError(_USED)
                name = opening.name or ("guest" if uid is None else user_name(uid))
                await self._stay(wanted[0], name, opening.role, reader, writer, guest=not owner)
                return
            if not owner:
                raise ShareError("only the owner of the host can ask for that")
            writer.write(message_frame(await self._manage(opening)))
            seen = list(self._sessions.values())

    async def _manage(self, opening: protocol.Open | protocol.Invite | protocol.End) -> protocol.Answer:
        match opening:
            case protocol.Open():
                return Opened((await self.open(opening)).info())
            case protocol.Invite():
                number = opening.session or min(self._sessions, default=0)
                if number not in self._sessions:
                    raise ShareError(f"there is no session {number} here")
                return await self.invite(number)
            case protocol.End():
                if (task := asyncio.current_task()) is not None:
                    self._waiting.add(task)
                self.ended.set()
                return Ended()

    async def _stay(
        self,
        shared: SharedSession,
        name: str,
        role: Role | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        guest: bool,
    ) -> None:
        """At a session, until the client leaves."""
        you, follower = shared.join(name, role, writer, guest=guest)
        try:
            writer.write(message_frame(Joined(you, shared.info())))
            await follower.catch_up()
            follower.say(message_frame(CaughtUp(shared.running)))
            while True:
                await follower.has_room()
                _, body = await receive(reader, CLIENT_FRAME)
                await shared.obey(you.number, read_message(body, protocol.COMMAND))
        finally:
            await shared.leave(you.number)

    def _who(self, door: Door, connected: socket.socket, token: bytes) -> int | None:
        """The client's user, None for whoever has this token. Raises ShareError for who may not come in."""
        if door.kind == "loopback":
            if not any(hmac.compare_digest(kept, token) for kept in self._tokens):
                raise ShareError(_USED)
            return None
        uid = peer(connected)
        if uid != os.getuid() and door.kind == "own":
            raise ShareError(f"this host belongs to {user_name(os.getuid())}; ask them for a token, or for a group's socket")
        return uid


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _failed(name: str, task: asyncio.Task[None]) -> None:
    """A session's loop ended by itself: that is said where the host's words go."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("session %s ended: %s", name, error, exc_info=error)
