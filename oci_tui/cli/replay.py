"""`oci-tui replay`: a recorded session, played in the app as it happened, without an engine and without Docker."""

from __future__ import annotations

from pathlib import Path

import click

from oci_tui import assemble, settings
from oci_tui.cli.app import need_terminal, shown


@click.command()
@click.argument("recording", metavar="FILE|ID")
@click.option(
    "--speed", type=click.FloatRange(min=0), default=1.0, show_default=True, help="4: four times as fast; 0: at once."
)
@click.option("--theme", "theme", metavar="NAME", help="The app's theme.")
@click.pass_context
def replay(ctx: click.Context, recording: str, speed: float, theme: str | None) -> None:
    """Play a recorded session in the app as it happened. FILE is a journal, ID a session's name or the beginning of it.

    Nothing is run and no file is written. Esc stops; each prompt then plays the next recorded turn.
    """
    from oci_tui.ui.replay import ReplaySession

    loaded = settings.loaded({"ui.theme": theme})
    file = Path(recording)
    if not file.is_file():
        file = assemble.journal_of(recording)
    session = ReplaySession(file, speed, whole=True)
    need_terminal("`oci-tui sessions export ID` writes a session out")
    ctx.exit(shown(loaded, session.root, lambda: session))
