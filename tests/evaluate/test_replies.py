"""A reply is generated once, for whichever run of the folder asks first."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message, Sampling
from oci_tui.engine.scripted import ScriptedEngine
from oci_tui.evaluate.replies import FILE, Replies

ASKED = (Message("user", "hello"),)


async def engine(*replies: str) -> ScriptedEngine:
    made = ScriptedEngine(replies)
    async with aclosing(made.start()) as steps:
        assert [step async for step in steps]
    return made


async def test_the_same_is_asked_once(tmp_path: Path) -> None:
    said, replies, other = await engine("one", "two", "three"), Replies(tmp_path), Replies(tmp_path)
    first = await replies.reply(said, "model", ASKED, Sampling(), 64)
    assert first.text == "one"
    assert await other.reply(said, "model", ASKED, Sampling(), 64) == first, "what another run beside it asked for"
    assert await Replies(tmp_path).reply(said, "model", ASKED, Sampling(), 64) == first
    assert (await replies.reply(said, "model", ASKED, Sampling(seed=1), 64)).text == "two"
    assert (await replies.reply(said, "other weights", ASKED, Sampling(), 64)).text == "three"
    with pytest.raises(EngineError, match="all were given"):
        await replies.reply(said, "model", (Message("user", "hello!"),), Sampling(), 64)


async def test_two_tasks_that_ask_the_same_at_once_share_the_reply(tmp_path: Path) -> None:
    said, replies = await engine("one"), Replies(tmp_path)
    both = await asyncio.gather(*(replies.reply(said, "model", ASKED, Sampling(), 64) for _ in range(2)))
    assert [each.text for each in both] == ["one", "one"]


async def test_a_torn_line_costs_one_reply(tmp_path: Path) -> None:
    said = await engine("one", "two", "again")
    for text in ("a", "b"):
        await Replies(tmp_path).reply(said, "model", (Message("user", text),), Sampling(), 64)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-9])
    for _ in range(2):
        texts = [(await Replies(tmp_path).reply(said, "model", (Message("user", text),), Sampling(), 64)).text for text in "ab"]
        assert texts == ["one", "again"]
