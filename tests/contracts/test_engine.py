"""What every engine must do: stream, account, stop, refuse by name, and be gone when it is closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message, Piece, Request
from oci_tui.core.ports import Engine
from oci_tui.engine.opening import open_engine
from oci_tui.settings import EngineSettings

COUNT = (Message("system", "You count."), Message("user", "Count from one to fifty, in words, with commas."))


@pytest.fixture(params=["scripted", pytest.param("llamacpp", marks=pytest.mark.model)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Engine]:
    if request.param == "scripted":
        script = tmp_path / "script.toml"
        reply = "one two three four five six seven eight nine ten " * 8
        script.write_text(f'[[replies]]\nreply = "{reply}"\n' * 6, encoding="utf-8")
        settings = EngineSettings(kind="scripted", replies=str(script))
    else:
        settings = EngineSettings(kind="llamacpp", model="smollm2", context=1024)
    return lambda: open_engine(settings, tmp_path / "engine.log")


@pytest_asyncio.fixture
async def engine(make: Callable[[], Engine]) -> AsyncGenerator[Engine]:
    engine = make()
    await start(engine)
    yield engine
    await engine.close()


async def start(engine: Engine) -> list[float | None]:
    async with aclosing(engine.start()) as progress:
        return [step.fraction async for step in progress]


async def reply(engine: Engine, request: Request) -> list[Piece]:
    async with aclosing(engine.generate(request)) as pieces:
        return [piece async for piece in pieces]


async def test_a_reply_streams_and_only_its_last_piece_carries_usage(engine: Engine) -> None:
    pieces = await reply(engine, Request(COUNT, max_new_tokens=12))
    assert len([piece for piece in pieces if piece.text]) > 3
    assert [piece.usage is not None for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    usage = pieces[-1].usage
    assert usage is not None
    assert (usage.reply_tokens, usage.end) == (12, "length")
    assert usage.prompt_tokens == await engine.count(COUNT)
    assert 0 <= usage.first_token_s <= usage.seconds


async def test_stopping_a_reply_leaves_the_engine_ready_for_the_next(engine: Engine) -> None:
    async with aclosing(engine.generate(Request(COUNT, max_new_tokens=400))) as pieces:
        async for piece in pieces:
            if piece.text:
                break
    usage = (await reply(engine, Request(COUNT, max_new_tokens=5)))[-1].usage
    assert usage is not None
    assert usage.reply_tokens == 5


async def test_a_stop_string_ends_the_reply_and_is_not_part_of_it(engine: Engine) -> None:
    whole = "".join(piece.text for piece in await reply(engine, Request(COUNT, max_new_tokens=30)))
    stop = whole[8:14]
    pieces = await reply(engine, Request(COUNT, max_new_tokens=30, stop=(stop,)))
    text = "".join(piece.text for piece in pieces)
    assert text == whole[: whole.index(stop)]
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.end == "stop"


async def test_what_does_not_fit_the_window_is_refused_with_numbers(engine: Engine) -> None:
    window = (await engine.describe()).context
    prompt = await engine.count(COUNT)
    with pytest.raises(EngineError, match=rf"{prompt} tokens .* {window}, .* window of {window}"):
        await reply(engine, Request(COUNT, max_new_tokens=window))
    assert (await reply(engine, Request(COUNT, max_new_tokens=2)))[-1].usage


async def test_more_text_counts_more_tokens(engine: Engine) -> None:
    longer = (*COUNT, Message("assistant", "one, two"), Message("user", "go on"))
    assert await engine.count(longer) > await engine.count(COUNT) > 5


async def test_it_says_what_it_is(engine: Engine) -> None:
    info = await engine.describe()
    assert info.engine
    assert info.model
    assert info.context >= 1024


async def test_nothing_can_be_asked_before_it_is_started_and_after_it_is_closed(make: Callable[[], Engine]) -> None:
    engine = make()
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
    assert (await reply(engine, Request(COUNT, max_new_tokens=2)))[-1].usage
