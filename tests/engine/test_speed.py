"""The process in between costs next to nothing, and a second round computes only what is new (see `engine.bench`)."""

from __future__ import annotations

import pytest

from oci_tui.core.generation import Message
from oci_tui.engine.bench import cost, overhead, running
from oci_tui.engine.models import resolve
from oci_tui.settings import EngineSettings


async def test_the_worker_adds_less_than_a_tenth_of_a_millisecond_to_a_token() -> None:
    row = await overhead(5)
    assert row.met, row


@pytest.mark.model
async def test_a_second_round_computes_only_what_is_new() -> None:
    model = resolve(EngineSettings(model="smollm2")).path
    async with running(EngineSettings(kind="llamacpp", model=str(model), context=2048)) as engine:
        first = Message("user", "one two three four five six seven " * 40)
        said, before = await cost(engine, first, tokens=16)
        more = Message("user", "The check failed.")
        _, after = await cost(engine, first, Message("assistant", said), more, tokens=2)
        assert after.cached_tokens >= before.prompt_tokens
        assert after.new_tokens < 40
        assert after.first_token_s < before.first_token_s
        _, other = await cost(engine, Message("system", "Be brief."), first, tokens=2)
        assert other.new_tokens > before.prompt_tokens / 2
