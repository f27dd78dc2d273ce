"""`oci-tui undo` and `oci-tui redo`: what was accepted last, taken back or written again, without opening a session."""

from __future__ import annotations

from pathlib import Path

import click

from oci_tui import assemble
from oci_tui.cli.completion import session_names
from oci_tui.core.terminal import visible_line


@click.command()
@click.argument("session", default="", shell_complete=session_names)
def undo(session: str) -> None:
    """Take back the change accepted last on the repository you are in, or in this SESSION (`oci-tui log` names the last).

    It is merged with what you edited since; where that is in the same lines nothing is written and the exit code is 4.
    """
    _say("undone", *assemble.undo(assemble.find_root(Path.cwd()), session))


@click.command()
@click.argument("session", default="", shell_complete=session_names)
def redo(session: str) -> None:
    """Write again what was undone last on the repository you are in, or in this SESSION.

    It is merged with what you edited since; where that is in the same lines nothing is written and the exit code is 4.
    """
    _say("done again", *assemble.redo(assemble.find_root(Path.cwd()), session))


def _say(done: str, session: str, paths: tuple[str, ...]) -> None:
    files = ", ".join(map(visible_line, paths)) or "your files are that way already"
    click.echo(f"{done}: {files} (session {visible_line(session)})")
