"""Tasks, done a few at a time and written down one by one; a run that was killed goes on with those that are left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

import msgspec

from oci_tui.core.errors import SettingsError
from oci_tui.evaluate import results
from oci_tui.evaluate.lines import Lines
from oci_tui.evaluate.results import Conditions, Record

_BEGINS = b'{"type":"conditions"'


class Task(Protocol):
    """Something to be tried; `id` names it within its run, and stays the same from run to run."""

    @property
    def id(self) -> str: ...

    async def run(self) -> Record:
        """Try it. Raises OciError when the engine or the sandbox fails, never because the model does."""
        ...


class Run:
    """A results file in the making. `done` are the records it has, by id."""

    def __init__(self, file: Path, conditions: Conditions, *, resume: bool) -> None:
        """Raises SettingsError: the file is there and `resume` was not said, or it was made under other conditions."""
        self.file, self._conditions = file, conditions
        self._lines = Lines(file)
        try:
            self.done = {record.id: record for record in self._before(resume)}
        except SettingsError:
            self._lines.close()
            raise

    def add(self, record: Record) -> None:
        self._lines.append(msgspec.json.encode(record))
        self.done[record.id] = record

    def finish(self, order: Sequence[str]) -> None:
        """Put the records in order and write the summary; does nothing while some are missing."""
        if set(order) <= self.done.keys():
            records = [self.done[name] for name in order]
            written = [self._conditions, *records, results.summary(records)]
            self._lines.replace([msgspec.json.encode(line) for line in written])

    def close(self) -> None:
        self._lines.close()

    def _before(self, resume: bool) -> tuple[Record, ...]:
        content, torn = self._lines.read(), self._lines.torn()
        if not content and torn.startswith(_BEGINS[: len(torn)]):
            self._lines.mend()
            self._lines.append(msgspec.json.encode(self._conditions))
            return ()
        if not resume:
            raise SettingsError(f"{self.file}: it is there already; --resume goes on with it, --out FILE names another")
        found = results.parse(self.file, content)
        if differ := self._conditions.differences(found.conditions):
            raise SettingsError(f"{self.file}: it was made otherwise: {'; '.join(differ)}; name another file with --out")
        self._lines.mend()
        return found.records


async def work(tasks: Sequence[Task], workers: int) -> AsyncGenerator[Record]:
    """The records as they are done, `workers` tasks at a time. The first error ends it; what runs then is given up."""
    waiting = iter(tasks)
    running: set[asyncio.Task[Record]] = set()
    try:
        while True:
            while len(running) < workers and (task := next(waiting, None)):
                running.add(asyncio.create_task(task.run()))
            if not running:
                return
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for each in sorted(ended, key=lambda each: each.exception() is not None):
                yield each.result()
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def run(tasks: Sequence[Task], into: Run, workers: int) -> AsyncGenerator[Record]:
    """Do the tasks that `into` does not have yet, and add each to it."""
    left = [task for task in tasks if task.id not in into.done]
    async with aclosing(work(left, workers)) as records:
        async for record in records:
            into.add(record)
            yield record
    into.finish([task.id for task in tasks])
