"""llama.cpp: the window that fits, threads from the settings, and why a model cannot be loaded."""

from __future__ import annotations

import asyncio
import struct
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message, Request
from oci_tui.engine.gguf import read_gguf
from oci_tui.engine.llamacpp import window
from oci_tui.engine.process import EngineProcess
from oci_tui.settings import EngineSettings
from tests.engine.models_on_disk import U32, entry, gguf


def shaped(path: Path, layers: int, context: int = 4096) -> Path:
    """A GGUF file of so many layers with 16 heads of 256."""
    facts = {"block_count": layers, "attention.head_count_kv": 16, "attention.key_length": 256, "context_length": context}
    return gguf(path, extra=tuple(entry(f"llama.{key}", U32, struct.pack("<I", value)) for key, value in facts.items()))


async def started(settings: EngineSettings, folder: Path) -> EngineProcess:
    engine = EngineProcess(settings, folder / "engine.log")
    async with aclosing(engine.start()) as progress:
        async for _ in progress:
            pass
    return engine


async def first_text(engine: EngineProcess, request: Request) -> str:
    """The reply up to its first text; the rest of it is stopped."""
    async with aclosing(engine.generate(request)) as pieces:
        async for piece in pieces:
            if piece.text:
                return piece.text
    return ""


def test_the_window_is_what_is_asked_for_or_the_most_that_fits(tmp_path: Path) -> None:
    model = read_gguf(shaped(tmp_path / "m.gguf", 10))
    assert window(2048, model, 10**12) == 2048
    assert window(9999, model, 10**12) == 4096
    assert window(0, model, 10**12) == 4096
    assert window(0, model, 400_000_000 + model.file_bytes + 1024 * 10 * 16 * 256 * 4) == 1024
    assert window(0, model, 1000) == 512


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (1, r"its architecture \(llama\) may be unknown to this version, the engine's log says more"),
        (2000, r"GB of memory are needed and .* GB are free: the (window|model) is too big"),
    ],
)
async def test_a_model_that_cannot_be_loaded_is_told_with_the_cause(layers: int, words: str, tmp_path: Path) -> None:
    model = shaped(tmp_path / "m.gguf", layers, 2**20)
    with pytest.raises(EngineError, match=f"llama.cpp cannot load this model: .*{words}"):
        await started(EngineSettings(kind="llamacpp", model=str(model), context=2**20 if layers > 1 else 4096), tmp_path)


@pytest.mark.model
async def test_threads_come_from_the_settings_and_context_0_is_all_that_the_model_knows(smollm2: Path, tmp_path: Path) -> None:
    engine = await started(EngineSettings(kind="llamacpp", model=str(smollm2), context=0, threads=1), tmp_path)
    info = await engine.describe()
    assert (info.device, info.context) == ("CPU, 1 thread", 8192)
    await engine.close()


@pytest.mark.model
async def test_a_reply_is_stopped_while_its_prompt_is_computed(smollm2: Path, tmp_path: Path) -> None:
    engine = await started(EngineSettings(kind="llamacpp", model=str(smollm2), context=4096), tmp_path)
    first_s: list[float] = []
    for words in ("one two three four five", "six seven eight nine ten"):
        began = time.monotonic()
        reading = asyncio.create_task(first_text(engine, Request((Message("user", f"{words} " * 300),), max_new_tokens=200)))
        if first_s:
            for _ in range(2):  # the first is answered before the request is sent, the second when it is in hand
                await engine.count([Message("user", "hi")])
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            reading = asyncio.create_task(first_text(engine, Request((Message("user", "hi"),), max_new_tokens=2)))
        await reading
        first_s.append(time.monotonic() - began)
    assert first_s[1] < first_s[0] / 2
    await engine.close()
