"""`oci-tui sandbox`: the profiles and their images, a shell in one, and what can be removed."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from oci_tui import assemble, settings
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import SettingsError, WorkspaceError
from oci_tui.core.terminal import visible_line

_profile = click.option("--profile", metavar="NAME", help="The profile; else that of the settings.")


@click.group()
def sandbox() -> None:
    """List, build, enter and prune sandboxes."""


@sandbox.command("list")
def list_sandboxes() -> None:
    """Every profile with its image: size, when it was built, what runs in it and what it holds."""
    enter_docker_group()
    for row in assemble.sandboxes(settings.load()):
        if row.problem:
            click.echo(f"✗ {row.profile:16} {visible_line(row.problem)}")
            continue
        state = (
            f"{row.bytes / 1e6:5.0f} MB  built {row.built}" if row.built else f"not built: oci-tui sandbox build {row.profile}"
        )
        click.echo(f"{'✓' if row.built else ' '} {row.profile:16} {state}")
        click.echo(f"    {row.image}\n    runs {', '.join(row.languages)}; holds {', '.join(row.packages)}")


@sandbox.command()
@click.argument("profile", required=False)
@click.option("--again", is_flag=True, help="Build it even if it is there, for newer packages.")
@click.option("--yes", is_flag=True, help="Do not ask before the system is changed.")
def build(profile: str | None, again: bool, yes: bool) -> None:
    """Build a profile's image: by its Dockerfile, or from Debian packages where no registry answers."""
    from oci_tui.cli.setup import ask, run_with_progress

    enter_docker_group()
    step = assemble.sandbox_setup(_with(profile))
    if not step.needed() and not again:
        click.echo(f"✓ {step.title} is there", err=True)
        return
    if step.touches_system and not yes:
        ask(step)
    run_with_progress(step.title, step.run())


@sandbox.command()
@_profile
@click.pass_context
def shell(ctx: click.Context, profile: str | None) -> None:
    """A shell in a sandbox that holds a mirror of this repository; outside of one, an empty workspace."""
    chosen = _with(profile)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise SettingsError('no terminal: a shell needs one; use `oci-tui run "PROMPT"` in scripts')
    enter_docker_group()
    root: Path | None
    try:
        root = assemble.find_root(Path.cwd())
    except WorkspaceError:
        root = None
        click.echo("● no git repository here: the workspace is empty", err=True)
    ctx.exit(assemble.run_shell(chosen, root))


@sandbox.command()
@click.argument("command", required=False)
@_profile
@click.option("--drop", is_flag=True, help="Remove this repository's own image instead.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prepare(command: str | None, profile: str | None, drop: bool, yes: bool) -> None:
    """Run COMMAND once with a network, and use what it installed in this repository's sessions from then on.

    For example: oci-tui sandbox prepare "pip install -r requirements.txt"
    """
    chosen, root = _with(profile), assemble.find_root(Path.cwd())
    if drop is (command is not None):
        raise SettingsError('say what to run, for example oci-tui sandbox prepare "pip install -r requirements.txt", or --drop')
    enter_docker_group()
    if command is None:
        click.echo("removed" if assemble.drop_prepared(chosen, root) else "there was none")
        return
    if not command.strip():
        raise SettingsError("empty command: say what to run")
    words, steps = assemble.preparation(chosen, root, command)
    click.echo(words, err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise SettingsError("nothing was run: approve it with --yes")
        click.confirm("Run it?", abort=True, err=True)
    with closing(steps):
        for step in steps:
            click.echo(f"│ {step.doing}", err=True)
    click.echo("✓ prepared: sessions in this repository use it", err=True)


@sandbox.command()
@click.option("--all", "everything", is_flag=True, help="The images that profiles need as they are now, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(everything: bool, yes: bool) -> None:
    """Remove what is left behind of ours: containers and volumes of apps that died, images of older states."""
    enter_docker_group()
    with assemble.sandbox_leftovers(settings.load(), everything=everything) as (found, discard):
        if not found:
            click.echo("nothing to remove")
            return
        for item in found:
            size = f"{item.bytes / 1e6:.0f} MB" if item.bytes else ""
            click.echo(f"{item.kind:10} {item.name:40} {size:>8}  {item.why}")
        total = sum(item.bytes for item in found)
        if not yes:
            if not sys.stdin.isatty():
                raise SettingsError("nothing was removed: say so with --yes")
            click.confirm(f"Remove these {len(found)} (up to {total / 1e6:.0f} MB)?", abort=True)
        stays = [(item, why) for item in found if (why := discard(item))]
        for item, why in stays:
            click.echo(f"{item.kind} {item.name} stays: {why}", err=True)
        click.echo(f"removed {len(found) - len(stays)}")


def _with(profile: str | None) -> settings.Settings:
    """The settings in force, with this profile."""
    flags: dict[str, Any] = {"sandbox.profile": profile}
    return settings.load(flags)
