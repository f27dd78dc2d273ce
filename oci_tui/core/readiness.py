"""Makes the parts of a session ready: the engine beside the workspace and the sandbox that holds its mirror."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any

from oci_tui.core import events
from oci_tui.core.errors import OciError
from oci_tui.core.events import Event, Part
from oci_tui.core.ports import Engine, Progress, Sandbox, Workspace

Put = Callable[[Event], None]


class Readiness:
    """Which parts are `ready`, and why those that `failed` cannot be had. `begun_before`: the session goes on."""

    def __init__(self, sandbox: Sandbox, workspace: Workspace, *, begun_before: bool) -> None:
        self._sandbox, self._workspace, self._begun_before = sandbox, workspace, begun_before
        self.ready: set[Part] = set()
        self.failed: dict[Part, str] = {}
        self._preparing = asyncio.Lock()

    async def prepare(self, engine: Engine) -> AsyncGenerator[Event]:
        """What is not ready is made so; what cannot be had yields PartFailed and is in `failed`."""
        async with self._preparing:
            queue: asyncio.Queue[Event | None] = asyncio.Queue()
            tasks = [
                asyncio.create_task(self._part(queue, "engine", partial(self._start_engine, engine))),
                asyncio.create_task(self._files(queue)),
            ]
            ended = asyncio.create_task(_after(tasks, queue))
            try:
                while (event := await queue.get()) is not None:
                    yield event
                for task in tasks:
                    task.result()
            finally:
                for task in (*tasks, ended):
                    task.cancel()
                await asyncio.gather(*tasks, ended, return_exceptions=True)

    async def _part(
        self, queue: asyncio.Queue[Event | None], part: Part, start: Callable[[Put], Coroutine[Any, Any, Event]]
    ) -> bool:
        """Make one part ready unless it is; whether it is."""
        if part in self.ready:
            return True
        try:
            ready = await start(queue.put_nowait)
        except OciError as error:
            self.failed[part] = str(error)
            queue.put_nowait(events.PartFailed(part, str(error)))
            return False
        self.failed.pop(part, None)
        self.ready.add(part)
        queue.put_nowait(ready)
        return True

    async def _files(self, queue: asyncio.Queue[Event | None]) -> None:
        """Workspace, then the sandbox that holds its mirror."""
        if await self._part(queue, "workspace", self._open_workspace):
            await self._part(queue, "sandbox", self._start_sandbox)

    async def _start_engine(self, engine: Engine, put: Put) -> Event:
        async with aclosing(engine.start()) as steps:
            async for step in steps:
                put(events.PartProgressed("engine", step.doing, step.fraction))
        return events.EngineReady(await engine.describe())

    async def _open_workspace(self, put: Put) -> Event:
        info = await self._workspace.open(_teller("workspace", put))
        if (diff := await self._workspace.diff()).files or self._begun_before:
            put(events.DiffChanged(diff))
        return events.WorkspaceReady(info)

    async def _start_sandbox(self, put: Put) -> Event:
        async with aclosing(self._sandbox.start()) as steps:
            async for step in steps:
                put(events.PartProgressed("sandbox", step.doing, step.fraction))
        await self._sandbox.unpack(self._workspace.seed(_teller("sandbox", put)))
        self._workspace.synced(await self._sandbox.listing())
        return events.SandboxReady(await self._sandbox.describe())


def _teller(part: Part, put: Put) -> Callable[[Progress], None]:
    """Tells progress from another thread."""
    loop = asyncio.get_running_loop()

    def tell(step: Progress) -> None:
        loop.call_soon_threadsafe(put, events.PartProgressed(part, step.doing, step.fraction))

    return tell


async def _after(tasks: list[asyncio.Task[Any]], queue: asyncio.Queue[Event | None]) -> None:
    await asyncio.wait(tasks)
    queue.put_nowait(None)
