"""`oci-tui demo`: set up what is missing, then one turn on a small repository with failing tests."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from oci_tui import assemble, settings
from oci_tui.cli import flags, settings_options
from oci_tui.core.errors import SettingsError

PROMPT = "Make the failing tests pass."

FILES = {
    "README.md": "# stats\n",
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
    "stats.py": '''"""Small statistics of a list of numbers."""


def mean(values: list[float]) -> float:
    """The arithmetic mean; 0.0 for an empty list."""
    return sum(values) / len(values)


def median(values: list[float]) -> float:
    """The middle of the sorted values; for an even count the mean of the two in the middle."""
    return values[len(values) // 2]
''',
    "test_stats.py": """from stats import mean, median


def test_mean():
    assert mean([1, 2, 6]) == 3


def test_mean_of_an_empty_list_is_zero():
    assert mean([]) == 0.0


def test_median_of_an_odd_count():
    assert median([9, 1, 5]) == 5


def test_median_of_an_even_count():
    assert median([4, 1, 3, 2]) == 2.5
""",
}


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask before the system is changed or a model is fetched.")
@click.option("--headless", is_flag=True, help="Without the app: the turn as lines, and the change accepted when it passed.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to make the repository (new or empty).")
@settings_options
@click.pass_context
def demo(ctx: click.Context, /, yes: bool, headless: bool, folder: Path | None, **values: Any) -> None:
    """Set up what is missing and try it on a small repository with failing tests."""
    from oci_tui.cli.setup import set_up

    chosen = settings.load(flags(values))
    if folder and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"--folder {folder}: exists and is not an empty folder; name another one")
    set_up(chosen, yes=yes)
    root = (folder or Path(tempfile.mkdtemp(prefix="oci-tui-demo-"))).resolve()
    assemble.create_repository(root, FILES)
    if headless or not (sys.stdin.isatty() and sys.stdout.isatty()):
        from oci_tui.cli.run import Wishes, turn

        click.echo(f"● demo repository: {root}\n● prompt: {PROMPT}", err=True)
        code = turn(chosen, root, PROMPT, Wishes(accept=True))
    else:
        from oci_tui.cli.app import open_app

        code = open_app(root, flags(values), PROMPT)
    click.echo(f"The demo repository stays at {root}", err=True)
    ctx.exit(code)
