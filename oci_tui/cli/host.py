"""`oci-tui host`: keep a session alive without a terminal, end one, let a guest in; `oci-tui hosts` lists them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from oci_tui import assemble, assemble_hosts, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import ShareError
from oci_tui.core.terminal import visible_line
from oci_tui.resources import state_folder
from oci_tui.settings import Settings

if TYPE_CHECKING:
    from oci_tui.share.host import Host
    from oci_tui.share.protocol import Greeted, Invited, Open, SessionInfo


@click.group(invoke_without_command=True)
@click.option("--group", metavar="NAME", default="", help="Let members of this group of the machine in, by a socket of theirs.")
@click.option("--token", is_flag=True, help="Print a token that lets one guest in, once, on a port of the loopback interface.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="That port; 0 is any.")
@click.option("--background", is_flag=True, help="Return once it is there; `oci-tui host stop` ends it.")
@click.option("--detached", default="", hidden=True)
@click.option("--resumes", default="", hidden=True)
@settings_options
@click.pass_context
def host(
    ctx: click.Context,
    /,
    group: str,
    token: bool,
    port: int,
    background: bool,
    detached: str,
    resumes: str,
    **values: Any,
) -> None:
    """Keep a session about the repository you are in, for `oci-tui attach`; it goes on when the terminal goes away."""
    if ctx.invoked_subcommand is not None:
        return
    chosen = msgspec.json.decode(sys.stdin.buffer.read(), type=Settings) if detached else settings.load(flags(values))
    root = assemble.find_root(Path.cwd())
    enter_docker_group()
    given = [*(("--group", group) if group else ()), *(("--token",) if token else ()), *(("--port", str(port)) if port else ())]
    if background:
        from oci_tui.cli.spawning import spawn

        click.echo(spawn(chosen, root, assemble_hosts.free_host_name(), flags=given), nl=False)
        return
    name = detached or assemble_hosts.free_host_name()
    wanted = assemble_hosts.opening(chosen, root, resumes)
    asyncio.run(_keep(chosen, wanted, name, group, port, token=token, detached=bool(detached)))


@host.command()
@click.argument("id_", metavar="ID")
def stop(id_: str) -> None:
    """End a host: what runs is stopped, sandboxes are removed, the model is unloaded. Journals stay."""
    asyncio.run(assemble_hosts.call(id_.partition(".")[0]).end())
    click.echo(f"● host {visible_line(id_)} has ended", err=True)


@host.command()
@click.argument("id_", metavar="ID", default="")
def invite(id_: str) -> None:
    """Print a token that lets one guest into a session, once."""

    async def invited() -> tuple[str, Invited]:
        name, info = chosen_session(id_, await assemble_hosts.hosts(), None)
        return f"{name}.{info.number}", await assemble_hosts.call(name).invite(info.number)

    click.echo(_invitation(*asyncio.run(invited())))


@click.command()
def hosts() -> None:
    """List the hosts and their sessions: id, repository, what it does, and who is there."""
    found = asyncio.run(assemble_hosts.hosts())
    for greeted in found:
        for session in greeted.sessions:
            click.echo(session_line(greeted.host, session))
    if not found:
        click.echo("no host; `oci-tui --detachable` or `oci-tui host` begins one", err=True)


def session_line(host: str, session: SessionInfo) -> str:
    """A row of the list."""
    doing = "running" if session.running else "waiting"
    people = ", ".join(f"{there.name} {there.role}" for there in session.participants) or "nobody attached"
    return visible_line(f"{host}.{session.number}  {session.root}  {doing}  {people}")


def chosen_session(target: str, found: list[Greeted], root: Path | None) -> tuple[str, SessionInfo]:
    """The host and the session that `target` means: HOST, HOST.NUMBER, or "" for the one here or the only one.

    Raises ShareError.
    """
    all_ids = [(greeted.host, session) for greeted in found for session in greeted.sessions]
    name, _, number = target.partition(".")
    meant = [at for at in all_ids if at[0] == name and number in ("", str(at[1].number))] if target else all_ids
    if len(meant) > 1 and root is not None:
        meant = [at for at in meant if at[1].root == str(root)] or meant
    if len(meant) == 1:
        return meant[0]
    if not meant:
        what = f"no session {visible_line(target)}" if target else "no session to attach to"
        raise ShareError(f"{what}; `oci-tui hosts` lists them, `oci-tui --detachable` begins one")
    ids = ", ".join(f"{host}.{session.number} ({session.root})" for host, session in meant)
    raise ShareError(f"which session? there are {ids}")


async def _keep(chosen: Settings, wanted: Open, name: str, group: str, port: int, *, token: bool, detached: bool) -> None:
    logging.basicConfig(
        filename=state_folder() / "host.log", format=f"%(asctime)s {name} %(levelname)s %(message)s", level=logging.INFO
    )
    loop = asyncio.get_running_loop()
    async with assemble_hosts.hosting(chosen, name, group, port) as host:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, host.ended.set)
        # the terminal may go away: that is what a host is for
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        await host.open(wanted, open_to_guests=bool(group))
        await _tell(host, wanted.root, token=token)
        if detached:
            log = os.open(state_folder() / "host.log", os.O_WRONLY | os.O_APPEND)
            for descriptor in (1, 2):
                os.dup2(log, descriptor)
            os.close(log)
        await host.ended.wait()


async def _tell(host: Host, root: str, *, token: bool) -> None:
    lines = [
        f"● host {host.name} keeps a session about {visible_line(root)}",
        f"  oci-tui attach {host.name}         comes to it; Ctrl+Q there leaves it running",
        f"  oci-tui host stop {host.name}      ends it",
        *(f"  oci-tui attach {path}    for the group's members" for path in host.paths),
    ]
    if token:
        lines.append(_invitation(f"{host.name}.1", await host.invite(1)))
    with suppress(OSError):  # the terminal has gone already, which is no matter to a host
        click.echo("\n".join(lines))


def _invitation(id_: str, invited: Invited) -> str:
    return (
        f"  token for one guest of {id_}, once: {invited.token}\n"
        f"    ssh -N -L 7000:127.0.0.1:{invited.port} THIS-MACHINE\n"
        f"    oci-tui attach 127.0.0.1:7000      asks for the token"
    )
