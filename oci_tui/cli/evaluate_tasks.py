"""`oci-tui evaluate tasks`: small repository tasks done by the product, and by a peer on the same model server."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Any

import click

from oci_tui import measuring, measuring_tasks, settings
from oci_tui.cli import engine_options, flags
from oci_tui.cli.evaluate_progress import Counter
from oci_tui.cli.evaluate_running import done, ended_by_signals
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate import queue, results
from oci_tui.evaluate.plan import file_name
from oci_tui.evaluate.task_folders import load
from oci_tui.evaluate.task_ways import TasksWanted
from oci_tui.evaluate.tasks import TaskRun
from oci_tui.evaluate.tasks_table import table


@click.command(options_metavar="[OPTIONS]")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True, metavar="K", help="At most so many rounds.")
@click.option(
    "--candidates",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="N",
    help="Also the best of N replies a round.",
)
@click.option("--only", multiple=True, metavar="PATTERN", help="Only tasks named like this, such as 'fix-*'.")
@click.option("--peer", type=click.Choice(["aider"]), help="Have this program do the same tasks, on the server of --url.")
@click.option("--peer-command", metavar="COMMAND", help="How it is started, if not by its name: such as /venv/bin/aider.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N", help="So many tasks at a time."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where the results are kept.")
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@engine_options
def tasks(folder: Path, **values: Any) -> None:
    """Do the tasks of FOLDER with one reply a round, then with the best of several, and count what is solved after each round.

    Progress goes to stderr, the table to stdout, every task to a results file a way; `oci-tui evaluate report` reads these too.
    """
    enter_docker_group()
    name, command = values.pop("peer"), values.pop("peer_command")
    peer = tuple(shlex.split(command or name)) if name else ()
    wanted = TasksWanted(values.pop("rounds"), values.pop("candidates"), peer, values.pop("only"))
    workers, out, resume = values.pop("workers"), values.pop("out"), values.pop("resume")
    asyncio.run(_tasks(folder, wanted, settings.load(flags(values)), workers, out, resume=resume))


async def _tasks(
    folder: Path, wanted: TasksWanted, chosen: settings.Settings, workers: int, out: Path | None, *, resume: bool
) -> None:
    kept_in = out or measuring.results_folder()
    found = wanted.chosen(load(folder))
    files: list[tuple[str, Path]] = []
    with ended_by_signals():
        async with measuring_tasks.task_ways(chosen, found, wanted, kept_in / "journals", Counter().part) as (ways, sandbox):
            into = []
            for way, conditions in ((each.way, each.conditions) for each in ways):
                file = kept_in / file_name(conditions)
                files.append((way.name, file))
                into.append((way, queue.Run(file, conditions, resume=resume)))
            for way, run in into:
                click.echo(f"◌ {way.name}", err=True)
                await done([TaskRun(task, way, sandbox, wanted.rounds) for task in found], run, workers, Counter())
    for _, file in files:
        click.echo(f"✓ {visible_line(str(file))}", err=True)
    kinds = {task.name: task.kind for task in found}
    click.echo(table([(name, results.read(file)) for name, file in files], kinds), nl=False)
