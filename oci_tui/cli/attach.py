"""`oci-tui attach`: come to a session that a host keeps; and how the option `--detachable` finds a host."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from oci_tui import assemble, assemble_hosts, settings
from oci_tui.cli.app import need_terminal, opened
from oci_tui.cli.group import enter_docker_group
from oci_tui.cli.host import chosen_session
from oci_tui.cli.spawning import spawn
from oci_tui.core.company import Role
from oci_tui.core.errors import OciError, SettingsError, ShareError
from oci_tui.core.terminal import visible_line
from oci_tui.settings import Loaded, Settings

if TYPE_CHECKING:
    from oci_tui.share.protocol import SessionInfo
    from oci_tui.share.remote import RemoteSession
    from oci_tui.ui.conversation import Converses


@click.command()
@click.argument("target", metavar="[ID|SOCKET|HOST:PORT]", default="")
@click.option("--role", type=click.Choice(get_args(Role)), help="What you come as; by default what is free.")
@click.option("--name", default="", metavar="NAME", help="What the others see you as.")
@click.option("--theme", "ui_theme", metavar="NAME", help="The app's theme.")
@click.option("--chat", "linear", is_flag=True, help="Line by line, in place of the app.")
@click.pass_context
def attach(ctx: click.Context, /, target: str, role: Role | None, name: str, ui_theme: str | None, linear: bool) -> None:
    """Come to a session that a host keeps, to the screen as it is now. Without ID to the one here, or the only one.

    Another user's session is reached by the socket of a group, or with a token through `ssh -L`, at 127.0.0.1:PORT.
    """
    loaded = settings.loaded({"ui.theme": ui_theme})
    if "/" in target or ":" in target:
        call = assemble_hosts.call(target, "" if "/" in target else _token())
        found, wanted = [asyncio.run(call.greeting())], ""
    else:
        call, found, wanted = None, asyncio.run(assemble_hosts.hosts()), target
    host, info = chosen_session(wanted, found, _root())
    need_terminal(f"`oci-tui host stop {host}` ends the host of this session")
    (greeted,) = (greeted for greeted in found if greeted.host == host)
    if role == "driver" and not greeted.owner:
        raise ShareError("a guest comes as navigator or observer; the driver can hand over to you then")
    session = assemble_hosts.attached(call or assemble_hosts.call(host), info, role, name)
    code = opened(loaded, Path(info.root), lambda: session, linear=linear)
    if greeted.owner:
        _say_farewell(f"{host}.{info.number}", session)
    ctx.exit(code)


def open_detachable(loaded: Loaded, root: Path, prompt: str = "", resumes: str = "", *, linear: bool = False) -> int:
    """The app on a new session of a host, or on a recorded one that goes on there; the exit code."""
    enter_docker_group()
    begun: list[tuple[str, RemoteSession]] = []

    def make() -> Converses:
        host, info = _begun(loaded.settings, root, resumes)
        session = assemble_hosts.attached(assemble_hosts.call(host), info)
        begun.append((f"{host}.{info.number}", session))
        return session

    code = opened(loaded, root, make, prompt, linear=linear)
    for id_, session in begun:
        _say_farewell(id_, session)
    return code


def _begun(chosen: Settings, root: Path, resumes: str) -> tuple[str, SessionInfo]:
    """A session that a host begins: one that runs this engine, else a new one in the background."""
    wanted = assemble_hosts.opening(chosen, root, resumes)

    async def at(hosts: list[str]) -> tuple[str, SessionInfo] | None:
        for host in hosts:
            try:
                return host, await assemble_hosts.call(host).open(wanted)
            except ShareError:
                continue  # it runs another engine, or ends
        return None

    async def at_one_of_them() -> tuple[str, SessionInfo] | None:
        return await at([greeted.host for greeted in await assemble_hosts.hosts()])

    if (begun := asyncio.run(at_one_of_them())) is not None:
        return begun
    host = assemble_hosts.free_host_name()
    spawn(chosen, root, host, resumes)
    (info,) = asyncio.run(assemble_hosts.call(host).greeting()).sessions
    return host, info


def _say_farewell(id_: str, session: RemoteSession) -> None:
    """How to come back, once the app has left the screen."""
    if session.lost:
        click.echo(f"● {visible_line(session.lost)}", err=True)
        return
    host = id_.partition(".")[0]
    click.echo(f"● session {id_} goes on; `oci-tui attach {id_}` comes back, `oci-tui host stop {host}` ends it", err=True)


def _root() -> Path | None:
    try:
        return assemble.find_root(Path.cwd())
    except OciError:
        return None  # outside of a repository no session is the one here


def _token() -> str:
    if token := os.environ.get("OCI_TOKEN"):
        return token
    if not sys.stdin.isatty():
        raise SettingsError("no token: set OCI_TOKEN, or attach in a terminal, which asks for it")
    given: str = click.prompt("token", hide_input=True)
    return given.strip()
