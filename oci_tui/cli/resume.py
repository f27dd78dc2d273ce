"""`oci-tui resume` and `oci-tui fork`: a recorded session goes on, where it ended or after one of its rounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.app import need_terminal, opened
from oci_tui.cli.completion import session_names
from oci_tui.core.terminal import visible_line


@click.command()
@click.argument("name", metavar="[ID]", default="", shell_complete=session_names)
@click.option("--chat", "linear", is_flag=True, help="Line by line, in place of the app.")
@click.option("--detachable", is_flag=True, help="In a host: it goes on without the terminal.")
@settings_options
@click.pass_context
def resume(ctx: click.Context, /, name: str, linear: bool, detachable: bool, **values: Any) -> None:
    """Go on with a recorded session. ID is its name or the beginning of it; without one, the last about the repository here.

    The conversation as the model read it, the files of the mirror and the pending change are as they were; what you edited
    since is merged under the change. After a crash at most the round that ran is lost.
    """
    loaded = settings.loaded(flags(values))
    summary = assemble.archive().find(name, "" if name else str(assemble.find_root(Path.cwd())))
    root = assemble.find_root(Path(summary.root))
    need_terminal(f"`oci-tui sessions export {summary.name}` writes the session out")
    if detachable:
        from oci_tui.cli.attach import open_detachable

        ctx.exit(open_detachable(loaded, root, resumes=summary.name, linear=linear))
    make = lambda: assemble.resume_session(loaded.settings, summary.name)  # noqa: E731
    ctx.exit(opened(loaded, root, make, linear=linear))


@click.command()
@click.argument("name", metavar="ID", shell_complete=session_names)
@click.option(
    "--round", "number", type=click.IntRange(min=1), metavar="N", help="After this round; `sessions show` lists them."
)
def fork(name: str, number: int | None) -> None:
    """Make a session that goes on after round N of another (without N: where that ended), which stays as it is.

    Its name is printed, for `oci-tui resume`.
    """
    archive = assemble.archive()
    summary = archive.find(name)
    new = archive.fork(summary.name, number or 0)
    after = f" after round {number}" if number else ""
    click.echo(visible_line(f"forked from {summary.name}{after}; go on with: oci-tui resume {new}"), err=True)
    click.echo(new)
