"""How the checks talk to the engine: one prompt, a reply with its times, an engine that is loaded and gone afterwards."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from oci_tui.core.generation import Message, Request, Usage
from oci_tui.engine.process import EngineProcess
from oci_tui.settings import EngineSettings

PROMPT = "Write a very long story about a lighthouse keeper, with as many details as you can think of."


class Heard(NamedTuple):
    """A reply, how many pieces it came in, and the seconds until the first."""

    text: str
    pieces: int
    first_s: float
    usage: Usage


@asynccontextmanager
async def loaded(worker: str, log: Path, **settings: Any) -> AsyncGenerator[EngineProcess]:
    engine = EngineProcess(EngineSettings(kind="exllamav2", **{"context": 2048, **settings}), log, worker)
    async with aclosing(engine.start()) as progress:
        async for _ in progress:
            pass
    try:
        yield engine
    finally:
        await engine.close()


async def reply(engine: EngineProcess, *said: str, tokens: int = 64, **more: Any) -> Heard:
    """The reply to a conversation, the person first."""
    roles = ("user", "assistant")
    messages = tuple(Message(roles[turn % 2], text) for turn, text in enumerate(said))  # type: ignore[arg-type]
    began, first_s, pieces = time.perf_counter(), 0.0, []
    usage = Usage()
    async with aclosing(engine.generate(Request(messages, tokens, **more))) as heard:
        async for piece in heard:
            first_s = first_s or time.perf_counter() - began
            pieces.append(piece.text)
            usage = piece.usage or usage
    return Heard("".join(pieces), len(pieces), first_s, usage)
