"""Settings → a host of sessions, and the way to one: what `assemble` makes, kept for clients that come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from oci_tui import assemble
from oci_tui.core.company import Role
from oci_tui.core.errors import ShareError
from oci_tui.resources import runtime_folder
from oci_tui.settings import Settings
from oci_tui.share.calling import Call, found
from oci_tui.share.doors import free_name, group_door, own_door
from oci_tui.share.engine import SharedEngine
from oci_tui.share.host import Host, Made
from oci_tui.share.protocol import Greeted, Join, Open, SessionInfo
from oci_tui.share.remote import RemoteSession


def free_host_name() -> str:
    """A short name that no host of this user has."""
    return free_name(runtime_folder())


@asynccontextmanager
async def hosting(settings: Settings, name: str, group: str = "", port: int = 0) -> AsyncIterator[Host]:
    """A host of this name for sessions of one engine, until the block ends; a `group` has a door of its own."""
    engine = assemble.engine(settings)
    shared = SharedEngine(engine)

    def make(wanted: Open) -> Made:
        try:
            its = msgspec.json.decode(wanted.settings, type=Settings)
        except msgspec.MsgspecError as error:
            raise ShareError(f"these are no settings: {error}") from error
        if its.engine != settings.engine:
            raise ShareError("this host runs another engine")
        root = assemble.find_root(Path(wanted.root))
        if wanted.resumes:
            session = assemble.resume_session(its, wanted.resumes, shared=shared)
        else:
            session = assemble.open_session(its, root, shared=shared)
        return Made(session, root, assemble.journal_of(session.name))

    host = Host(name, make, port)
    try:
        await host.open_door(own_door(runtime_folder(), name))
        if group:
            await host.open_door(group_door(group, name))
        yield host
    finally:
        try:
            await host.close()
        finally:
            try:
                await engine.close()
            finally:
                await host.let_go()


def opening(settings: Settings, root: Path, resumes: str = "") -> Open:
    """What has a host begin a session about the repository at `root`, or go on with a recorded one."""
    return Open(str(root), msgspec.Raw(msgspec.json.encode(settings)), resumes)


def call(address: str, token: str = "") -> Call:
    """How a host is reached: by its name, the path of its socket, or HOST:PORT of the loopback interface with a token."""
    return Call(address, runtime_folder(), token)


async def hosts() -> list[Greeted]:
    """What every host of this user says of itself and its sessions."""
    return await found(runtime_folder())


def attached(call: Call, session: SessionInfo, role: Role | None = None, name: str = "") -> RemoteSession:
    """A session of a host; nobody has come to it yet."""
    return RemoteSession(call, session.name, Join(session.number, name, role))
