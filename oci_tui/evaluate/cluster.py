"""The same tasks spread over a Ray cluster: each worker there has an engine and sandboxes of its own; the results come here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from oci_tui.core.errors import EngineError, OciError, SettingsError
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate.evaluation import Evaluation
from oci_tui.evaluate.protocols import ProblemTask
from oci_tui.evaluate.results import Conditions, Record

Make = Callable[[], Evaluation]
"""Makes a run of what the machine has that it is called on; travels there as a reference to a function and its arguments."""


class _Said(msgspec.Struct, frozen=True):
    """What a worker answers: a record, its conditions and the tasks it knows, or why it cannot."""

    record: Record | None = None
    conditions: Conditions | None = None
    tasks: tuple[str, ...] = ()
    error: str = ""


class _Worker:
    """Lives on a machine of the cluster."""

    def __init__(self, make: Make, folder: str) -> None:
        self._make, self._folder = make, Path(folder)
        self._opened = AsyncExitStack()
        self._tasks: dict[str, ProblemTask] = {}

    async def start(self) -> bytes:
        try:
            evaluation = await self._opened.enter_async_context(self._make())
            conditions = await evaluation.start()
            self._tasks = {task.id: task for task in evaluation.tasks(conditions, self._folder)}
        except OciError as error:
            return msgspec.json.encode(_Said(error=str(error)))
        return msgspec.json.encode(_Said(conditions=conditions, tasks=tuple(self._tasks)))

    async def run(self, name: str) -> bytes:
        try:
            return msgspec.json.encode(_Said(record=await self._tasks[name].run()))
        except OciError as error:
            return msgspec.json.encode(_Said(error=str(error)))

    async def close(self) -> None:
        await self._opened.aclose()


class RemoteTask:
    """`queue.Task` that whichever worker is idle does."""

    def __init__(self, name: str, idle: asyncio.LifoQueue[Any]) -> None:
        self.id, self._idle = name, idle

    async def run(self) -> Record:
        worker = await self._idle.get()
        try:
            said = await _asked(worker.run.remote(self.id))
        finally:
            self._idle.put_nowait(worker)
        assert said.record is not None
        return said.record


class Cluster(msgspec.Struct, frozen=True):
    """A run on a cluster: what its workers agree on, and its tasks."""

    conditions: Conditions
    tasks: tuple[RemoteTask, ...]


@asynccontextmanager
async def spread(address: str, make: Make, folder: Path, workers: int, gpus: float) -> AsyncGenerator[Cluster]:
    """`workers` workers with `gpus` GPUs each at `address` (HOST:PORT, ray://HOST:PORT, auto; local for this machine alone).

    Raises SettingsError without Ray, EngineError when a worker cannot start or has other conditions than the first.
    """
    if find_spec("ray") is None:
        raise SettingsError("--ray: Ray is not installed; pip install 'oci-tui[ray]'")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    local = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address, log_to_driver=False, logging_level="ERROR", **local)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"--ray {address}: no cluster to be had ({_first_line(error)}); `ray start --head` starts one"
        ) from error
    try:
        remote = ray.remote(num_cpus=1, num_gpus=gpus, max_concurrency=2)(_Worker)
        made = [remote.remote(make, str(folder)) for _ in range(workers)]
        first, *others = await asyncio.gather(*(_asked(worker.start.remote()) for worker in made))
        assert first.conditions is not None
        for other in others:
            assert other.conditions is not None
            if differ := first.conditions.differences(other.conditions):
                raise EngineError(f"--ray {address}: not all machines have the same: {'; '.join(differ)}; make them alike")
        idle: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for worker in made:
            idle.put_nowait(worker)
        yield Cluster(first.conditions, tuple(RemoteTask(name, idle) for name in first.tasks))
        await asyncio.gather(*(worker.close.remote() for worker in made))
    finally:
        ray.shutdown()


async def _asked(answer: Any) -> _Said:
    from ray.exceptions import RayError

    try:
        said = msgspec.json.decode(await answer, type=_Said)
    except RayError as error:
        raise EngineError(f"a worker of the cluster has failed ({_first_line(error)}); --resume goes on") from error
    if said.error:
        raise EngineError(f"a worker of the cluster: {said.error}")
    return said


def _first_line(error: Exception) -> str:
    return visible_line(next(iter(str(error).splitlines()), type(error).__name__))[:200]
