"""An engine whose model lives in a child process: a crash, a print or a busy loop there never touches the app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import EngineInfo, Message, Piece, Request, encodable, spoken
from oci_tui.core.ports import Progress
from oci_tui.engine.child import Child
from oci_tui.engine.room import check_messages
from oci_tui.engine.wire import Count, Counted, Generate, Grew, Load, Loaded, Loading
from oci_tui.settings import EngineSettings


class EngineProcess:
    """`core.ports.Engine` over a worker. `settings.model` is a path; the words of the module `worker` go to the file `log`.

    A worker that dies ends its replies with an EngineDiedError; the next request, or `start`, begins a new one.
    """

    def __init__(self, settings: EngineSettings, log: Path, worker: str = "oci_tui.engine.worker") -> None:
        self._settings = settings
        self._log = log
        self._worker = worker
        self._child: Child | None = None
        self._info: EngineInfo | None = None
        self._restarting = asyncio.Lock()

    async def start(self) -> AsyncGenerator[Progress]:
        if self._child is not None and self._child.alive and self._info is not None:
            return
        await self.close()
        child = self._child = await Child.spawn(self._settings, self._log, self._worker)
        try:
            answers = child.ask(Load(self._settings))
            while True:
                match await child.next(answers):
                    case Loading(progress):
                        yield progress
                    case Loaded(info):
                        self._info = info
                        return
        finally:
            if self._info is None:
                await self.close()

    async def generate(self, request: Request) -> AsyncGenerator[Piece]:
        child = await self._running()
        check_messages(request.messages)
        number = child.number()
        answers = child.ask(Generate(number, _encodable(request)))
        ended = False
        try:
            while not ended:
                match await child.next(answers):
                    case Grew(_, piece):
                        ended = piece.usage is not None
                        yield piece
        except EngineError:
            ended = True
            raise
        finally:
            if not ended:
                await child.stop(number, answers)
            child.forget(number)

    async def count(self, messages: Sequence[Message]) -> int:
        child = await self._running()
        number = child.number()
        answers = child.ask(Count(number, _clean(messages)))
        try:
            while True:
                match await child.next(answers):
                    case Counted(_, tokens):
                        return tokens
        finally:
            child.forget(number)

    async def describe(self) -> EngineInfo:
        if self._info is None:
            raise EngineError("the engine is not running; start it first")
        return self._info

    async def close(self) -> None:
        loaded = self._info is not None
        child, self._child, self._info = self._child, None, None
        if child is not None:
            await child.close(unload=loaded)

    async def _running(self) -> Child:
        """The worker, started anew when it has died since it was started."""
        async with self._restarting:
            await self.describe()
            if self._child is None or not self._child.alive:
                async for _ in self.start():
                    pass
            assert self._child is not None
            return self._child


def _encodable(request: Request) -> Request:
    return msgspec.structs.replace(
        request,
        messages=_clean(request.messages),
        stop=tuple(map(encodable, request.stop)),
        begin_with=encodable(request.begin_with),
        drafts=tuple(map(encodable, request.drafts)),
    )


def _clean(messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(Message(m.role, encodable(m.content)) for m in spoken(messages))
