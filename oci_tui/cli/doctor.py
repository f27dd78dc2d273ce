"""`oci-tui doctor`: what is there, what is missing, and the command that fixes it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.remarks import remarks
from oci_tui.core.errors import SettingsError, WorkspaceError
from oci_tui.core.ports import Finding
from oci_tui.core.terminal import visible_line
from oci_tui.settings import Settings
from oci_tui.ui import gnu_screen

_SIGNS = {"ok": "✓", "warning": "!", "missing": "✗"}
_COLOURS = {"ok": "green", "warning": "yellow", "missing": "red"}


@click.command()
@settings_options
@click.pass_context
def doctor(ctx: click.Context, /, **values: Any) -> None:
    """Say what is there, what is missing, and the command that fixes it; exit code 1 if the main job cannot run."""
    try:
        root: Path | None = assemble.find_root(Path.cwd())
    except WorkspaceError:
        root = None
    chosen, about = _settings(flags(values))
    found = [*about, *assemble.findings(chosen, root), terminal(dict(os.environ), sys.stdout.isatty())]
    _print(found)
    ctx.exit(int(any(finding.needed and finding.state == "missing" for finding in found)))


def _settings(given: dict[str, object]) -> tuple[Settings, list[Finding]]:
    """The settings and what is wrong with them; where they cannot be used, the defaults with the flags."""
    try:
        chosen = settings.load(given)
    except SettingsError as error:
        fix = "oci-tui config edit" if str(error).startswith(str(settings.own_file())) else ""
        problem = str(error).removesuffix(f"; {settings.OPEN_IT}")
        return settings.of_flags(given), [
            Finding("settings", "missing", f"{problem}; below are the defaults", fix, needed=True)
        ]
    return chosen, [Finding("settings", "warning", remark, "oci-tui config edit") for remark in remarks(chosen)]


def terminal(environment: dict[str, str], is_terminal: bool) -> Finding:
    """What the terminal can show."""
    term, depth = environment.get("TERM", ""), environment.get("COLORTERM", "")
    if not is_terminal or term in ("", "dumb"):
        return Finding(
            "terminal", "warning", f"no terminal (TERM={term or 'unset'}): the app cannot open", 'oci-tui run "PROMPT"'
        )
    if depth in ("truecolor", "24bit") and not gnu_screen.around(environment):
        return Finding("terminal", "ok", f"{term}, 16 million colours")
    if "256" in term:
        return Finding("terminal", "ok", f"{term}, 256 colours")
    return Finding("terminal", "warning", f"{term}, 16 colours", "export TERM=xterm-256color, if your terminal can")


def _print(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    table.add_column("part")
    table.add_column("what is there", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for finding in found:
        sign = Text(_SIGNS[finding.state], style=_COLOURS[finding.state])
        table.add_row(sign, *(Text(visible_line(text)) for text in (finding.part, finding.detail, finding.fix)))
    width = None if sys.stdout.isatty() else 200
    Console(width=width).print(table)
