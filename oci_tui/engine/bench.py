"""What our path costs beside llama.cpp driven bare.

Each row measures both in turn, in the same minutes on the same machine, and compares medians: so the ratio holds where the
seconds do not.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from oci_tui.core.generation import Message, Request, Usage
from oci_tui.core.measurement import Measurement
from oci_tui.engine.child import environment
from oci_tui.engine.models import resolve
from oci_tui.engine.process import EngineProcess
from oci_tui.settings import EngineSettings

TOKENS = 32
PAIRS = 5
CONTEXT = 4096
QUESTION = "Write a Python module with functions for matrices: add, multiply, transpose, determinant. Explain nothing."
WORD = "The committee met again on {} and found nothing new in the files that it was given. "
SAID = 5000
PACE = 100


@asynccontextmanager
async def running(settings: EngineSettings, worker: str = "oci_tui.engine.worker") -> AsyncGenerator[EngineProcess]:
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineProcess(settings, Path(folder) / "engine.log", worker)
        try:
            async with aclosing(engine.start()) as progress:
                async for _ in progress:
                    pass
            yield engine
        finally:
            await engine.close()


async def cost(engine: EngineProcess, *messages: Message, tokens: int = TOKENS) -> tuple[str, Usage]:
    """A reply and what it cost."""
    text, usage = "", Usage()
    async with aclosing(engine.generate(Request(messages, max_new_tokens=tokens))) as pieces:
        async for piece in pieces:
            text, usage = text + piece.text, piece.usage or usage
    return text, usage


class Bare:
    """xllamacpp in a process of its own, with the same threads, that replies each time it is asked."""

    def __init__(self, model: Path) -> None:
        command = [sys.executable, "-m", "oci_tui.engine.bench", str(model)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
        )

    def tokens_per_second(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def reply_bare(model: Path) -> None:
    """The other end of `Bare`: nothing of ours but the number of threads."""
    import xllamacpp

    from oci_tui.engine.llamacpp import physical_cores

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = physical_cores()
    parameters.endpoint_slots = False
    with tempfile.TemporaryDirectory() as folder:
        parameters.hostnames = [f"{folder}/bare.sock"]
        server = xllamacpp.Server(parameters)
    content = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": TOKENS, "temperature": 0, "stream": True}
    for _ in sys.stdin:
        times: list[float] = []

        def heard(chunk: dict[str, Any], times: list[float] = times) -> bool:
            if chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                times.append(time.monotonic())
            return False

        server.handle_chat_completions(content, heard)
        sys.stdout.write(f"{(len(times) - 1) / (times[-1] - times[0])}\n")
        sys.stdout.flush()


async def speed(model: Path, rounds: int) -> Measurement:
    """Tokens per second of our path over those of the library driven bare, the median over many short pairs, each in turn.

    Long replies would measure what else the machine does meanwhile.
    """
    pairs: list[tuple[float, float]] = []
    bare = Bare(model)
    async with running(EngineSettings(kind="llamacpp", model=str(model), context=CONTEXT)) as engine:

        async def ours() -> float:
            return (await cost(engine, Message("user", QUESTION)))[1].tokens_per_second

        await ours()
        bare.tokens_per_second()
        for number in range(PAIRS * rounds):
            if number % 2:
                mine = await ours()
                pairs.append((mine, await asyncio.to_thread(bare.tokens_per_second)))
            else:
                theirs = await asyncio.to_thread(bare.tokens_per_second)
                pairs.append((await ours(), theirs))
    bare.close()
    mine, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    return Measurement("tokens/s, ours/bare", ratio, "×", 0.97, False, f"{mine:.1f} and {theirs:.1f} tokens/s")


async def second_round(model: Path, rounds: int) -> list[Measurement]:
    """Time to the first token of a second round over that of a cold prompt of the same length, and what it computes anew."""
    warm, cold, tokens = [], [], []
    async with running(EngineSettings(kind="llamacpp", model=str(model), context=CONTEXT)) as engine:
        for number in range(rounds):
            first = Message("user", "".join(WORD.format(number * 1000 + line) for line in range(50)) + "What did it find?")
            said, _ = await cost(engine, first, tokens=32)
            again = (first, Message("assistant", said), Message("user", "The check failed: exit code 1. Try again."))
            usage = (await cost(engine, *again, tokens=2))[1]
            warm.append(usage.first_token_s)
            tokens.append(usage)
            other = Message("user", f"Case {number}: " + again[0].content[20:] + said + again[2].content)
            cold_usage = (await cost(engine, other, tokens=2))[1]
            cold.append(cold_usage.first_token_s)
            assert cold_usage.cached_tokens < 64
            assert abs(cold_usage.prompt_tokens - usage.prompt_tokens) < 40
    mine, other_s = statistics.median(warm), statistics.median(cold)
    new, whole = statistics.median(usage.new_tokens for usage in tokens), tokens[-1].prompt_tokens
    return [
        Measurement("2nd round/cold, TTFT", mine / other_s, "×", 0.25, True, f"{mine:.2f} and {other_s:.2f} s"),
        Measurement("2nd round, computed", 100 * new / whole, "%", 10, True, f"{new:.0f} of {whole} tokens, the others cached"),
    ]


async def overhead(rounds: int) -> Measurement:
    """What the process in between adds to each token, in milliseconds: the time it takes for one, at full speed."""
    async with running(EngineSettings(kind="llamacpp", model="-"), "oci_tui.engine.saying") as engine:
        seconds = []
        for _ in range(rounds):
            began = time.monotonic()
            await cost(engine, Message("user", f"{SAID} 0"))
            seconds.append((time.monotonic() - began) / SAID)
        late = []
        async with aclosing(engine.generate(Request((Message("user", f"{PACE} {PACE}"),)))) as pieces:
            async for piece in pieces:
                if piece.text:
                    late.append(time.monotonic() - float(piece.text))
    told = (
        f"{SAID} tokens at full speed; at {PACE} tokens/s each is read {statistics.median(late) * 1e3:.2f} ms after it is said"
    )
    return Measurement("worker, per token", min(seconds) * 1e3, "ms", 0.1, True, told)


async def measurements(settings: EngineSettings, rounds: int) -> AsyncGenerator[Measurement]:
    """One by one, as they are made. Only GGUF models are measured beside the bare library. Raises EngineError or ModelError."""
    yield await overhead(rounds)
    model = resolve(settings)
    if model.kind == "llamacpp":
        yield await speed(model.path, rounds)
        for measured in await second_round(model.path, rounds):
            yield measured


if __name__ == "__main__":
    reply_bare(Path(sys.argv[1]))
