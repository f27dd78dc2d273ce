"""How an evaluation runs in a terminal: what is left is done and told, and a signal ends it in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager

import click

from oci_tui.cli.evaluate_progress import Counter
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate import queue


async def done(tasks: Sequence[queue.Task], into: queue.Run, workers: int, counter: Counter) -> None:
    """Do the tasks that are left, and tell."""
    try:
        with counter.counting(len(tasks), into.done.values()):
            async with aclosing(queue.run(tasks, into, workers)) as records:
                async for record in records:
                    counter.show(record)
    finally:
        into.close()
        if len(into.done) < len(tasks):
            kept = f"◌ {len(into.done)} of {len(tasks)} tasks are in {into.file}; --resume goes on with the others"
            click.echo(visible_line(kept), err=True)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """A terminated or hung-up run closes what it has opened."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    ends = (signal.SIGTERM, signal.SIGHUP)
    for number in ends:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number in ends:
            loop.remove_signal_handler(number)
