"""One engine for all sessions of a host: it is started once, and goes on when a session leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from oci_tui.core.generation import EngineInfo, Message, Piece, Request
from oci_tui.core.ports import Engine, Progress


class SharedEngine:
    """`core.ports.Engine` over one that its owner closes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._starting = asyncio.Lock()

    async def start(self) -> AsyncGenerator[Progress]:
        async with self._starting, aclosing(self._engine.start()) as steps:
            async for step in steps:
                yield step

    def generate(self, request: Request) -> AsyncGenerator[Piece]:
        return self._engine.generate(request)

    async def count(self, messages: Sequence[Message]) -> int:
        return await self._engine.count(messages)

    async def describe(self) -> EngineInfo:
        return await self._engine.describe()

    async def close(self) -> None:
        """The session leaves; the engine stays."""
