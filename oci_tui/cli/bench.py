"""`oci-tui bench`: what the product costs beside what it stands on, measured in the same run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import click
import msgspec

from oci_tui import measuring, settings
from oci_tui.cli import complain, engine_options, flags
from oci_tui.cli.bench_start import measurements as start_measurements
from oci_tui.cli.group import enter_docker_group
from oci_tui.core.errors import OciError
from oci_tui.core.measurement import Measurement
from oci_tui.core.terminal import visible_line

PARTS = ("start", "workspace", "sandbox", "engine")
_NOT_MET, _ENVIRONMENT = 1, 3


class _Measured(msgspec.Struct, frozen=True):
    """A line of the JSON."""

    part: str
    measurement: Measurement
    decides: bool
    met: bool


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Each is measured so often.")
@click.option(
    "--tolerance", type=click.FloatRange(0), default=10.0, show_default=True, help="A target may be missed by so many %."
)
@click.option("--json", "as_json", is_flag=True, help="Lines of JSON in place of the table.")
@engine_options
@click.pass_context
def bench(ctx: click.Context, /, parts: Sequence[str], rounds: int, tolerance: float, as_json: bool, **values: Any) -> None:
    """Measure PARTS (all of them) beside what they stand on: Python, git and tar, docker exec, llama.cpp driven bare.

    Counts and ratios decide (exit code 1 when one misses its target); times and sizes are this machine's and are only told.
    """
    enter_docker_group()
    chosen = settings.load(flags(values))
    made = {
        "start": partial(start_measurements, rounds),
        "workspace": partial(measuring.workspace_measurements, rounds),
        "sandbox": partial(measuring.sandbox_measurements, chosen, rounds),
        "engine": partial(measuring.engine_measurements, chosen, rounds),
    }
    code = 0
    for part in parts or PARTS:
        try:
            met = asyncio.run(_tell(part, made[part](), tolerance / 100, as_json=as_json))
        except OciError as error:
            code = complain(f"{part}: {error}", _ENVIRONMENT)
        else:
            code = code or (0 if met else _NOT_MET)
    if not as_json:
        click.echo(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", err=True)
    ctx.exit(code)


async def _tell(part: str, made: AsyncGenerator[Measurement], tolerance: float, *, as_json: bool) -> bool:
    """Every measurement as it comes; whether those that decide meet their targets."""
    good = True
    async with aclosing(made) as measurements:
        async for each in measurements:
            met = each.within(tolerance)
            good = good and (met or not each.decides)
            if as_json:
                click.echo(msgspec.json.encode(_Measured(part, each, each.decides, met)))
            else:
                sign = "✓" if met else "✗" if each.decides else "!"
                click.echo(visible_line(f"{sign} {part:8} {each}"))
    return good
