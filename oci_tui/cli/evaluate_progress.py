"""How far a run has come, on stderr: a bar with the time left and the score so far, or lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from oci_tui.core.ports import Progress
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate.results import Record

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Counter:
    """Counts tasks as they are done; those of an earlier run count for the score, not for the time left."""

    def __init__(self) -> None:
        self._doing = ""
        self._total = self._earlier = self._done = self._first = self._passed = 0
        self._began = time.monotonic()
        self._bar: Bar | None = None
        self._said = -1

    def part(self, step: Progress) -> None:
        """A step of what is loaded before the first task."""
        if (doing := step.doing.partition(" ")[0]) != self._doing:
            self._doing = doing
            click.echo(f"◌ {visible_line(step.doing)}", err=True)

    @contextmanager
    def counting(self, total: int, earlier: Iterable[Record]) -> Iterator[None]:
        """Count up to `total`."""
        self._total = total
        for record in earlier:
            self._count(record)
        self._earlier, self._began = self._done, time.monotonic()
        if not sys.stderr.isatty():
            yield
            return
        from rich import progress
        from rich.console import Console

        columns = (progress.TextColumn("{task.description}"), progress.BarColumn(bar_width=30), progress.MofNCompleteColumn())
        with progress.Progress(*columns, console=Console(stderr=True), transient=True) as self._bar:
            self._bar.add_task(self._words(), total=total, completed=self._done)
            yield

    def show(self, record: Record) -> None:
        """One task more."""
        self._count(record)
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._done, description=self._words())
        elif (tenth := 20 * self._done // self._total) != self._said:
            self._said = tenth
            click.echo(f"◌ {self._done} of {self._total} · {self._words()}", err=True)

    def _count(self, record: Record) -> None:
        self._done += 1
        self._first += bool(record.first) and all(held for level, held in record.first.items() if level in record.passed)
        self._passed += bool(record.passed) and all(record.passed.values())

    def _words(self) -> str:
        share = 100 / max(self._done, 1)
        new = self._done - self._earlier
        left = (time.monotonic() - self._began) / new * (self._total - self._done) if new else None
        when = "" if left is None else f" · {_spoken(left)} left"
        return f"at once {self._first * share:.1f} % · after {self._passed * share:.1f} %{when}"


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
