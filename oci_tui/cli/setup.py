"""`oci-tui setup`: put in place what is missing, asking before the system is touched."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import SettingsError
from oci_tui.core.terminal import visible_line

if TYPE_CHECKING:
    from oci_tui.core.ports import Progress, Setup


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask before the system is changed or a model is fetched.")
@settings_options
def setup(yes: bool, **values: Any) -> None:
    """Install what is missing: Docker engine, sandbox image, model."""
    set_up(settings.load(flags(values)), yes=yes)


def set_up(chosen: settings.Settings, *, yes: bool) -> None:
    """Run every set-up that is needed. Raises OciError when one fails or consent is not given."""
    for step in assemble.setups(chosen):
        enter_docker_group()
        if not step.needed():
            click.echo(f"✓ {step.title}", err=True)
            continue
        if (step.touches_system or step.fetches) and not yes:
            ask(step)
        run_with_progress(step.title, step.run())


def ask(step: Setup) -> None:
    if not sys.stdin.isatty():
        raise SettingsError(f"{step.title} is missing; it would run `{step.command}`: say so with --yes, or run it yourself")
    what = "changes your system" if step.touches_system else f"fetches {step.fetches / 1e9:.1f} GB"
    click.echo(f"{step.title} is missing. This {what}:\n  {visible_line(step.command)}", err=True)
    if not click.confirm("Run it?", default=True, err=True):
        raise SettingsError(f"{step.title} is missing; run `{step.command}` yourself, then `oci-tui doctor`")


def run_with_progress(title: str, steps: Iterable[Progress]) -> None:
    """Go through the steps: with a terminal a progress bar, without one a line for every step and tenth."""
    if sys.stderr.isatty():
        _run_with_bar(title, steps)
        return
    last = ""
    for step in steps:
        tenth = "" if step.fraction is None else f" {int(step.fraction * 10) * 10} %"
        line = f"◌ {title}: {visible_line(step.doing)}{tenth}"
        if line != last:
            click.echo(line, err=True)
            last = line
    click.echo(f"✓ {title}", err=True)


def _run_with_bar(title: str, steps: Iterable[Progress]) -> None:
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(bar_width=30),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
    )
    with rich_progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(escape(title), total=None)
        for step in steps:
            total = None if step.fraction is None else 1.0
            bar.update(
                task, description=escape(f"{title}: {visible_line(step.doing)}"), total=total, completed=step.fraction or 0
            )
    console.print(f"✓ {escape(title)}", highlight=False)
