"""The process that holds the model: its death is told, a start brings it back, and it never outlives the app."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from oci_tui.core.errors import EngineDiedError, EngineError, ModelError
from oci_tui.core.generation import Message, Piece, Request
from oci_tui.engine.child import Child
from oci_tui.engine.process import EngineProcess
from oci_tui.engine.wire import Count, Counted, Load, Loaded, Unload, Unloaded
from oci_tui.settings import EngineSettings

ROOT = str(Path(__file__).parents[2])
ASK = Request((Message("user", "Tell me a long story about a fox."),), max_new_tokens=300)


def workers(module: str = "oci_tui.engine.worker", parent: psutil.Process | None = None) -> list[psutil.Process]:
    mine = parent or psutil.Process()
    return [child for child in mine.children() if module in child.cmdline()]


async def start(engine: EngineProcess) -> None:
    async with aclosing(engine.start()) as progress:
        async for _ in progress:
            pass


async def reply(engine: EngineProcess, request: Request) -> list[Piece]:
    async with aclosing(engine.generate(request)) as pieces:
        return [piece async for piece in pieces]


@pytest_asyncio.fixture
async def engine(smollm2: Path, tmp_path: Path) -> AsyncGenerator[EngineProcess]:
    engine = EngineProcess(EngineSettings(kind="llamacpp", model=str(smollm2), context=1024), tmp_path / "engine.log")
    await start(engine)
    yield engine
    await engine.close()


@pytest.mark.model
async def test_a_worker_killed_in_a_reply_is_told_and_started_anew(engine: EngineProcess) -> None:
    [worker] = workers()
    async with aclosing(engine.generate(ASK)) as pieces:
        assert (await anext(pieces)).usage is None
        worker.kill()
        with pytest.raises(EngineDiedError, match=r"process died \(killed from outside, by signal SIGKILL\)") as died:
            [_ async for _ in pieces]
    assert died.value.cause == "killed"
    assert "memory" not in str(died.value)
    short = Request(ASK.messages, max_new_tokens=3)
    replies = await asyncio.gather(reply(engine, short), reply(engine, short), engine.count(ASK.messages))
    assert replies[0][-1].usage
    assert replies[1][-1].usage
    [anew] = workers()
    assert anew != worker


@pytest.mark.model
async def test_counting_does_not_wait_for_a_reply(engine: EngineProcess) -> None:
    async with aclosing(engine.generate(Request(ASK.messages, max_new_tokens=40))) as pieces:
        async for piece in pieces:
            if piece.text:
                assert await engine.count(ASK.messages) > 5
                break
        else:
            pytest.fail("no reply")
        assert [piece async for piece in pieces][-1].usage


@pytest.mark.parametrize(
    ("where", "words"), [("in a thread", ".*RuntimeError: the model broke"), ("in step", r"the GPU failed\. Ask again")]
)
async def test_a_model_that_fails_for_good_ends_the_reply_with_its_last_words(tmp_path: Path, where: str, words: str) -> None:
    engine = EngineProcess(EngineSettings(model="-"), tmp_path / "engine.log", "tests.engine.failing_worker")
    await start(engine)
    for _ in "ab":
        async with asyncio.timeout(30):
            with pytest.raises(EngineDiedError, match=rf"exit code 1\); its last words: {words}") as died:
                await reply(engine, Request((Message("user", where),)))
        assert died.value.cause == "crashed"
    await engine.close()


async def test_a_worker_frees_its_model_and_loads_another(tmp_path: Path) -> None:
    settings = EngineSettings(model="-")
    child = await Child.spawn(settings, tmp_path / "engine.log", "oci_tui.engine.saying")
    try:
        for _ in range(2):
            assert isinstance(await child.next(child.ask(Load(settings))), Loaded)
            assert await child.next(child.ask(Count(1, ASK.messages))) == Counted(1, 1)
            assert await child.next(child.ask(Unload())) == Unloaded()
            with pytest.raises(EngineError, match="no model is loaded"):
                await child.next(child.ask(Count(2, ASK.messages)))
        assert len(workers("oci_tui.engine.saying")) == 1
    finally:
        await child.close(unload=False)
    assert not workers("oci_tui.engine.saying")


@pytest.mark.model
async def test_close_leaves_no_process(engine: EngineProcess) -> None:
    [worker] = workers()
    await engine.close()
    assert not worker.is_running()
    assert not workers()


@pytest.mark.model
async def test_a_load_that_is_abandoned_leaves_no_process(smollm2: Path, tmp_path: Path) -> None:
    engine = EngineProcess(EngineSettings(kind="llamacpp", model=str(smollm2)), tmp_path / "engine.log")
    async with aclosing(engine.start()) as progress:
        async for _ in progress:
            [worker] = workers()
            break
    assert not worker.is_running()
    await start(engine)
    assert workers()
    await engine.close()


@pytest.mark.model
async def test_replies_asked_at_once_are_given_one_after_the_other(engine: EngineProcess) -> None:
    short = Request(ASK.messages, max_new_tokens=8)
    first, second, tokens = await asyncio.gather(reply(engine, short), reply(engine, short), engine.count(ASK.messages))
    assert "".join(p.text for p in first) == "".join(p.text for p in second) != ""
    assert second[-1].usage is not None
    assert second[-1].usage.cached_tokens >= tokens - 1


@pytest.mark.model
async def test_a_cancelled_task_stops_the_reply(engine: EngineProcess) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(engine.generate(ASK)) as pieces:
            async for _ in pieces:
                begun.set()

    began = time.monotonic()
    whole = (await reply(engine, ASK))[-1].usage
    assert whole is not None
    assert whole.reply_tokens > 150
    whole_s = time.monotonic() - began
    reading = asyncio.create_task(read())
    await begun.wait()
    began = time.monotonic()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    usage = (await reply(engine, Request(ASK.messages, max_new_tokens=3)))[-1].usage
    assert usage is not None
    assert usage.reply_tokens == 3
    assert time.monotonic() - began < whole_s / 2


@pytest.mark.model
async def test_a_special_token_in_a_message_is_plain_text_to_the_model(engine: EngineProcess) -> None:
    harmless = await engine.count([Message("user", "a b")])
    spelled = await engine.count([Message("user", "a <|im_end|> b")])
    assert spelled > harmless + 3


@pytest.mark.model
async def test_half_characters_do_not_break_the_wire(engine: EngineProcess) -> None:
    assert await engine.count([Message("user", "a\udc80b\x00c")]) > 3


async def test_a_model_that_cannot_be_loaded_is_an_error_of_the_model(tmp_path: Path) -> None:
    no_model = tmp_path / "model.gguf"
    no_model.write_bytes(b"GIF89a" * 10)
    engine = EngineProcess(EngineSettings(kind="llamacpp", model=str(no_model)), tmp_path / "logs" / "engine.log")
    with pytest.raises(ModelError, match="not a GGUF file"):
        await start(engine)
    assert not workers()


async def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    engine = EngineProcess(EngineSettings(kind="llamacpp", model="x"), tmp_path / "file" / "engine.log")
    with pytest.raises(EngineError, match=r"cannot be started: .*engine\.log"):
        await start(engine)


async def test_modules_of_the_current_folder_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "repository"
    trap.mkdir()
    (trap / "msgspec.py").write_text("import pathlib; pathlib.Path('sprung').touch()\n")
    monkeypatch.chdir(trap)
    subprocess.run([sys.executable, "-c", "import msgspec"], cwd=trap, env={}, check=False)
    assert (trap / "sprung").exists()
    (trap / "sprung").unlink()
    engine = EngineProcess(EngineSettings(kind="llamacpp", model="no.gguf"), tmp_path / "engine.log")
    with pytest.raises(ModelError, match="no such file"):
        await start(engine)
    assert not (trap / "sprung").exists()


APP = """
import asyncio, sys
from contextlib import aclosing
from pathlib import Path
import oci_tui.ui.app
from oci_tui.core.generation import Message, Request
from oci_tui.engine.process import EngineProcess
from oci_tui.settings import EngineSettings

async def main():
    engine = EngineProcess(EngineSettings(kind="llamacpp", model=sys.argv[1], context=1024), Path(sys.argv[2]))
    async with aclosing(engine.start()) as progress:
        async for _ in progress:
            pass
    async with aclosing(engine.generate(Request((Message("user", "hi"),), max_new_tokens=2))) as pieces:
        assert [piece async for piece in pieces][-1].usage
    print("ready", flush=True)
    print(*sys.modules, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.model
def test_the_worker_dies_with_an_app_that_is_killed(smollm2: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", APP, str(smollm2), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": ROOT},
    ) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == b"ready\n"
        [worker] = workers(parent=psutil.Process(app.pid))
        app.kill()
    worker.wait(10)
    assert not worker.is_running()


HEAVY = {"xllamacpp", "torch", "exllamav2", "jinja2", "huggingface_hub"}


def test_what_opens_an_engine_imports_no_model_library() -> None:
    code = f"import sys, oci_tui.ui.app, oci_tui.engine.models, oci_tui.engine.opening; print({HEAVY!r} & set(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": ROOT}
    )
    assert said.stdout.strip() == "set()"


@pytest.mark.model
def test_the_app_has_imported_none_when_the_model_has_replied(smollm2: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", APP, str(smollm2), str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": ROOT},
    ) as app:
        assert app.stdout is not None
        assert app.stdout.readline() == "ready\n"
        assert not HEAVY & set(app.stdout.readline().split())
        app.kill()
