"""An engine that writes down what another says, with its timing, as the scripted engine replays it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import EngineInfo, Message, Piece, Request, Usage
from oci_tui.core.ports import Engine, Progress
from oci_tui.engine.scripted import Line


class RecordingEngine:
    """`core.ports.Engine`: `engine`, and a JSON line in `file` for each reply, also for one that was stopped."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine, self._file = engine, file

    async def start(self) -> AsyncGenerator[Progress]:
        self._write(b"")
        async with aclosing(self._engine.start()) as progress:
            async for step in progress:
                yield step

    async def generate(self, request: Request) -> AsyncGenerator[Piece]:
        said: list[tuple[float, str]] = []
        usage: Usage | None = None
        before = time.monotonic()
        try:
            async with aclosing(self._engine.generate(request)) as pieces:
                async for piece in pieces:
                    now = time.monotonic()
                    if piece.text:
                        said.append((round(now - before, 4), piece.text))
                        before = now
                    usage = piece.usage or usage
                    yield piece
        finally:
            self._write(msgspec.json.encode(Line(pieces=tuple(said), usage=usage)) + b"\n")

    async def count(self, messages: Sequence[Message]) -> int:
        return await self._engine.count(messages)

    async def describe(self) -> EngineInfo:
        return await self._engine.describe()

    async def close(self) -> None:
        await self._engine.close()

    def _write(self, line: bytes) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(line)
        except OSError as error:
            raise EngineError(f"{self._file}: cannot be written ({error.strerror}); record to another file") from error
