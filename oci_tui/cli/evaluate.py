"""`oci-tui evaluate`: measure a model on published problems, and set the results beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from oci_tui import measuring, settings
from oci_tui.cli import engine_options, evaluate_tasks, flags
from oci_tui.cli.evaluate_progress import Counter
from oci_tui.cli.evaluate_running import done, ended_by_signals
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import SettingsError
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate import queue, results, tables
from oci_tui.evaluate.cluster import spread
from oci_tui.evaluate.plan import Plan, file_name
from oci_tui.evaluate.report import report as reported

_SAMPLING = ("temperature", "top_p", "seed")
_GUIDE = {"guide_engine": "kind", "guide_model": "model", "guide_url": "url", "guide_replies": "replies"}


class _Datasets(click.Group):
    """Commands by name; what is none of them is a dataset."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = ["problems", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Datasets, no_args_is_help=True)
def evaluate() -> None:
    """Measure a model: `oci-tui evaluate humaneval+ --protocol visible`, then `oci-tui evaluate report FILE…`."""


@evaluate.command(options_metavar="[OPTIONS]")
@click.argument("dataset", metavar="humaneval|humaneval+|mbpp|mbpp+|FILE.jsonl")
@click.option(
    "--protocol",
    type=click.Choice(["single", "oracle", "visible", "guided"]),
    default="single",
    show_default=True,
    help="One reply; or fed back: the first failing hidden test, as the paper does; only the tests that the problem shows, in "
    "the product's own words; another model's advice.",
)
@click.option("--prompt", type=click.Choice(["published", "product"]), help="Whose words the problem is put in.")
@click.option("--rounds", type=click.IntRange(1, 20), metavar="K", help="At most so many replies a problem.")
@click.option("--samples", type=click.IntRange(1, 1000), default=1, metavar="N", help="So many tries at each problem.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N problems.")
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="So many tasks at a time.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where the datasets are.")
@click.option("--data-version", metavar="V", help="The dataset's version, such as v0.1.9.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The results, as JSON lines.")
@click.option("--ray", metavar="ADDRESS", help="Spread the tasks over this Ray cluster, --workers workers (local: only here).")
@click.option("--ray-gpus", type=click.FloatRange(0), metavar="N", help="GPUs of a worker there.  [1 for exllamav2, else 0]")
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@click.option("--temperature", type=float, metavar="T", help="0 is greedy.")
@click.option("--top-p", type=float, metavar="P")
@click.option("--seed", type=int, metavar="N", help="Of the first try; each further one has the next.")
@click.option("--guide-model", metavar="NAME|PATH", help="The model that guides.")
@click.option("--guide-engine", metavar="KIND")
@click.option("--guide-url", metavar="URL")
@click.option("--guide-replies", metavar="FILE")
@click.option("--guide-oracle", is_flag=True, help="Let the guide read a right solution.")
@engine_options
def problems(**values: Any) -> None:
    """Try a model on a dataset. Progress goes to stderr, the table to stdout, every task to the results file."""
    enter_docker_group()
    ways = Ways(**{name: values.pop(name) for name in Ways._fields})
    guided = {_GUIDE[name]: value for name in _GUIDE if (value := values.pop(name)) is not None}
    sampled = {f"sampling_{name}": values.pop(name) for name in _SAMPLING}
    plan = Plan(**{name: values.pop(name) or default for name, default in _PLAN.items()})
    if plan.dataset.endswith((".jsonl", ".jsonl.gz")):
        plan = msgspec.structs.replace(plan, dataset=str(Path(plan.dataset).absolute()))
    chosen = settings.load(flags({**values, **sampled}))
    guide = settings.load({f"engine.{name}": value for name, value in guided.items()}).engine if guided else None
    if ways.out and ways.out.exists() and ways.out.stat().st_size and not ways.resume:
        raise SettingsError(f"{ways.out}: it is there already; --resume goes on with it, --out FILE names another")
    asyncio.run(_problems(chosen, plan.checked(chosen.sampling.sampling(), guide=guide is not None), guide, ways))


_PLAN: dict[str, Any] = {
    "dataset": "",
    "protocol": "single",
    "prompt": None,
    "rounds": 0,
    "samples": 1,
    "limit": 0,
    "guide_oracle": False,
}


class Ways(NamedTuple):
    """How a run is made, which is not to change what comes out; the fields are the options of the same names."""

    workers: int | None
    data: Path | None
    data_version: str | None
    out: Path | None
    ray: str | None
    ray_gpus: float | None
    resume: bool


async def _problems(chosen: settings.Settings, plan: Plan, guide: settings.EngineSettings | None, ways: Ways) -> None:
    counter, workers = Counter(), ways.workers or 1
    data = ways.data.absolute() if ways.data else None
    folder = ways.out.absolute().parent if ways.out else measuring.results_folder()
    make = partial(measuring.evaluation, chosen, plan, guide, data, ways.data_version or "", 1 if ways.ray else workers)
    tasks: Sequence[queue.Task]
    with ended_by_signals():
        async with AsyncExitStack() as opened:
            if ways.ray:
                gpus = float(chosen.engine.kind == "exllamav2") if ways.ray_gpus is None else ways.ray_gpus
                cluster = await opened.enter_async_context(spread(ways.ray, make, folder, workers, gpus))
                conditions, tasks = cluster.conditions, cluster.tasks
            else:
                evaluation = await opened.enter_async_context(make())
                conditions = await evaluation.start(counter.part)
                tasks = evaluation.tasks(conditions, folder)
            file = ways.out or folder / file_name(conditions)
            await done(tasks, queue.Run(file, conditions, resume=ways.resume), workers, counter)
    click.echo(f"✓ {visible_line(str(file))}", err=True)
    click.echo(tables.written(reported([(file.name, results.read(file))]), "table"), nl=False)


@evaluate.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["table", "markdown", "csv", "json"]), default="table", show_default=True)
def report(files: Sequence[Path], form: tables.Format) -> None:
    """The table of one or more results FILES, beside what was published for the same."""
    found = [(file.name, results.read(file)) for file in files]
    click.echo(tables.written(reported(found), form), nl=False)


evaluate.add_command(evaluate_tasks.tasks)
