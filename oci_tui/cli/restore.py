"""`oci-tui restore`: begin the next session where a round of the last one ended."""

from __future__ import annotations

from pathlib import Path

import click

from oci_tui import assemble


@click.command()
@click.argument("round_number", metavar="ROUND", type=click.IntRange(min=1))
def restore(round_number: int) -> None:
    """Let the next session begin where this ROUND of the last one ended (see `oci-tui log`).

    Your files stay as they are: what leads from them to the round is pending there, to be accepted or not.
    """
    assemble.restore(assemble.find_root(Path.cwd()), round_number)
    click.echo(f"the next session here begins at the end of round {round_number}; your files are as they were")
