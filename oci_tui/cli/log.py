"""`oci-tui log`: what the last session on this repository remembers."""

from __future__ import annotations

from pathlib import Path

import click

from oci_tui import assemble
from oci_tui.core.terminal import visible_line


@click.command()
def log() -> None:
    """List the rounds and accepts of the last session on the repository you are in, the newest last."""
    session, kept = assemble.history(assemble.find_root(Path.cwd()))
    click.echo(f"session {visible_line(session)}")
    for entry in kept:
        click.echo(visible_line(entry.line()))
