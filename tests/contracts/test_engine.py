"""What every engine must do: stream, account, stop, refuse by name, serve several at once, and be gone when it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import psutil
import pytest
import pytest_asyncio

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Lora, Message, Piece, Request, Usage
from oci_tui.core.ports import Engine
from oci_tui.engine.opening import open_engine
from oci_tui.engine.process import EngineProcess
from oci_tui.settings import EngineSettings
from tests.engine.llama_server import LlamaServer

# An engine is loaded once for the whole suite: its tests run in the loop of the module.
pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT = (Message("system", "You count."), Message("user", "Count from one to fifty, in words, with commas."))
GREET = (Message("user", "Say hi."),)
EMOJI = "😀 日本 😀 日本 😀 日本 😀 日本 😀"
REPLY = f"one two three four five six seven eight nine ten {EMOJI} " * 4


class Made(msgspec.Struct):
    """How to make an engine of one kind, and how to kill -9 what computes for it (None: nothing does)."""

    kind: str
    open: Callable[[], Engine]
    kill: Callable[[], None] | None = None
    revive: Callable[[], None] | None = None


@pytest.fixture(scope="module")
def server(smollm2: Path) -> Iterator[LlamaServer]:
    server = LlamaServer(smollm2)
    server.start()
    yield server
    server.kill()


def kill_worker() -> None:
    [worker] = [child for child in psutil.Process().children() if "-P" in child.cmdline()]
    worker.kill()
    worker.wait()


@pytest.fixture(
    scope="module",
    params=[
        "scripted",
        pytest.param("llamacpp", marks=pytest.mark.model),
        pytest.param("openai", marks=pytest.mark.model),
        pytest.param("exllamav2", marks=[pytest.mark.model, pytest.mark.exl2]),
    ],
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp(request.param)
    log = folder / "engine.log"
    if request.param == "scripted":
        script = folder / "script.toml"
        script.write_text(f'[[replies]]\nreply = "{REPLY}"\n' * 100, encoding="utf-8")
        settings = EngineSettings(kind="scripted", replies=str(script))
        return Made("scripted", lambda: open_engine(settings, log))
    if request.param == "llamacpp":
        settings = EngineSettings(kind="llamacpp", model="smollm2", context=1024)
        return Made("llamacpp", lambda: open_engine(settings, log), kill_worker, lambda: None)
    if request.param == "exllamav2":
        settings = EngineSettings(kind="exllamav2", model=str(request.getfixturevalue("smollm2_exl2")), context=1024)
        return Made("exllamav2", lambda: EngineProcess(settings, log, "tests.exl2.worker"), kill_worker, lambda: None)
    server: LlamaServer = request.getfixturevalue("server")
    settings = EngineSettings(kind="openai", url=server.url)
    return Made("openai", lambda: open_engine(settings, log), server.kill, server.start)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(made: Made) -> AsyncGenerator[Engine]:
    engine = made.open()
    await start(engine)
    yield engine
    await engine.close()


async def start(engine: Engine) -> list[float | None]:
    async with aclosing(engine.start()) as progress:
        return [step.fraction async for step in progress]


async def reply(engine: Engine, request: Request) -> list[Piece]:
    async with aclosing(engine.generate(request)) as pieces:
        return [piece async for piece in pieces]


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def usage_of(pieces: list[Piece]) -> Usage:
    usage = pieces[-1].usage
    assert usage is not None
    return usage


async def test_a_reply_streams_and_only_its_last_piece_carries_usage(engine: Engine) -> None:
    pieces = await reply(engine, Request(COUNT, max_new_tokens=12))
    assert len([piece for piece in pieces if piece.text]) > 3
    assert [piece.usage is not None for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    usage = usage_of(pieces)
    assert (usage.reply_tokens, usage.end) == (12, "length")
    assert usage.prompt_tokens == await engine.count(COUNT)
    assert 0 <= usage.first_token_s <= usage.seconds
    assert usage.new_tokens + usage.cached_tokens == usage.prompt_tokens
    assert not any(piece.tokens for piece in pieces)


async def test_a_character_of_several_tokens_comes_whole(engine: Engine) -> None:
    pieces = await reply(engine, Request(COUNT, max_new_tokens=80, begin_with=EMOJI))
    text = text_of(pieces)
    assert "�" not in text
    assert any(ord(character) > 0x2000 for character in text)
    assert text.encode()


async def test_the_models_own_end_ends_the_reply_and_is_not_part_of_it(engine: Engine) -> None:
    pieces = await reply(engine, Request(GREET, max_new_tokens=300))
    assert usage_of(pieces).end == "stop"
    assert text_of(pieces)
    assert "<|" not in text_of(pieces)


async def test_a_stop_string_ends_the_reply_and_is_not_part_of_it(engine: Engine) -> None:
    whole = text_of(await reply(engine, Request(COUNT, max_new_tokens=30)))
    stop = whole[8:14]
    for stops in ((stop,), ("never said", stop)):
        pieces = await reply(engine, Request(COUNT, max_new_tokens=30, stop=stops))
        assert text_of(pieces) == whole[: whole.index(stop)]
        assert usage_of(pieces).end == "stop"


async def test_with_a_stop_string_that_is_never_said_the_models_own_end_still_counts(engine: Engine) -> None:
    pieces = await reply(engine, Request(GREET, max_new_tokens=300, stop=("never said",)))
    assert usage_of(pieces).end == "stop"


@pytest.mark.parametrize("after", [0, 1, 5, 1000])
async def test_stopping_a_reply_at_any_point_leaves_the_engine_ready_for_the_next(engine: Engine, after: int) -> None:
    heard = 0
    async with aclosing(engine.generate(Request(COUNT, max_new_tokens=40))) as pieces:
        while heard < after:
            try:
                await anext(pieces)
            except StopAsyncIteration:
                break
            heard += 1
    assert heard == after or after == 1000
    assert usage_of(await reply(engine, Request(COUNT, max_new_tokens=5))).reply_tokens == 5


async def test_a_cancelled_task_stops_the_reply(engine: Engine) -> None:
    reading = asyncio.create_task(reply(engine, Request(COUNT, max_new_tokens=400)))
    await engine.count(COUNT)  # what is asked for the reply has then arrived too
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert usage_of(await reply(engine, Request(COUNT, max_new_tokens=5))).reply_tokens == 5


async def test_replies_asked_at_once_are_all_given(engine: Engine) -> None:
    alone = text_of(await reply(engine, Request(COUNT, max_new_tokens=10)))
    asked = [reply(engine, Request(COUNT, max_new_tokens=10)) for _ in range(3)]
    together, tokens = await asyncio.gather(asyncio.gather(*asked), engine.count(COUNT))
    assert [text_of(pieces) for pieces in together] == [alone] * 3
    assert tokens > 5


async def test_what_does_not_fit_the_window_is_refused_with_numbers(engine: Engine) -> None:
    window = (await engine.describe()).context
    prompt = await engine.count(COUNT)
    with pytest.raises(EngineError, match=rf"{prompt} tokens .* {window}, .* window of {window}"):
        await reply(engine, Request(COUNT, max_new_tokens=window))
    assert usage_of(await reply(engine, Request(COUNT, max_new_tokens=2)))


async def test_no_message_is_refused_and_an_empty_one_is_answered(engine: Engine) -> None:
    with pytest.raises(EngineError, match="no message"):
        await reply(engine, Request(()))
    assert usage_of(await reply(engine, Request((Message("user", ""),), max_new_tokens=3))).reply_tokens <= 3


async def test_more_text_counts_more_tokens(engine: Engine) -> None:
    longer = (*COUNT, Message("assistant", "one, two"), Message("user", "go on"))
    assert await engine.count(longer) > await engine.count(COUNT) > 5


async def test_a_system_message_that_says_nothing_is_none(engine: Engine) -> None:
    assert await engine.count((Message("system", ""), *GREET)) == await engine.count(GREET)


async def test_probabilities_come_when_they_are_asked_for(engine: Engine, made: Made) -> None:
    pieces = await reply(engine, Request(COUNT, max_new_tokens=8, alternatives=3))
    tokens = [token for piece in pieces for token in piece.tokens]
    assert (await engine.describe()).probabilities
    if made.kind == "scripted":
        assert [(token.probability, token.alternatives) for token in tokens] == [(1.0, ())] * 8
        return
    assert len(tokens) == 8
    for token in tokens:
        assert len(token.alternatives) == 3
        assert 0 < token.probability <= 1
        assert token.alternatives[0] == (token.text, token.probability)
        assert sum(probability for _, probability in token.alternatives) <= 1.001
    assert "".join(token.text for token in tokens) == text_of(pieces)


async def test_a_reply_goes_on_from_a_text(engine: Engine, made: Made) -> None:
    pieces = await reply(engine, Request(COUNT, max_new_tokens=20))
    begin, after = text_of(pieces[:6]), text_of(pieces[6:9])
    rest = text_of(await reply(engine, Request(COUNT, max_new_tokens=20, begin_with=begin)))
    assert rest
    if made.kind != "scripted":
        assert rest.startswith(after)


async def test_an_adapter_that_cannot_be_used_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match="adapter"):
        await reply(engine, Request(COUNT, max_new_tokens=2, loras=(Lora("a"),)))


async def test_half_characters_do_not_break_a_request(engine: Engine) -> None:
    half = (Message("user", "a\udc80b\x00c"),)
    assert await engine.count(half) > 3
    assert usage_of(await reply(engine, Request(half, max_new_tokens=2, stop=("\udc80",), drafts=("\udc80",))))


async def test_it_says_what_it_is(engine: Engine) -> None:
    info = await engine.describe()
    assert info.engine
    assert info.model
    assert info.context >= 1024
    assert info.at_once >= 1


async def test_nothing_can_be_asked_before_it_is_started_and_after_it_is_closed(made: Made) -> None:
    engine = made.open()
    with pytest.raises(EngineError, match="not running"):
        await reply(engine, Request(COUNT, max_new_tokens=2))
    with pytest.raises(EngineError, match="not running"):
        await engine.count(COUNT)
    fractions = await start(engine)
    assert fractions
    assert await engine.count(COUNT)
    await engine.close()
    await engine.close()
    with pytest.raises(EngineError, match="not running"):
        await engine.describe()


async def test_starting_twice_is_starting_once(engine: Engine) -> None:
    await start(engine)
    assert usage_of(await reply(engine, Request(COUNT, max_new_tokens=2)))


async def test_after_a_kill_the_reply_ends_with_an_error_and_the_next_request_is_served(engine: Engine, made: Made) -> None:
    if made.kill is None or made.revive is None:
        assert made.kind == "scripted"  # it computes in this process: there is nothing to kill
        return
    async with aclosing(engine.generate(Request(COUNT, max_new_tokens=400))) as pieces:
        await anext(pieces)
        made.kill()
        with pytest.raises(EngineError, match=r"died|connection broke|broke off"):
            [_ async for _ in pieces]
    made.revive()
    assert usage_of(await reply(engine, Request(COUNT, max_new_tokens=5))).reply_tokens == 5
