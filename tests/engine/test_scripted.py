"""A script is given reply by reply, and a bad one is named with its line."""

from __future__ import annotations

import time
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message, Request
from oci_tui.engine.scripted import ScriptedEngine

ASK = Request((Message("user", "hello"),))


async def started(engine: ScriptedEngine) -> ScriptedEngine:
    async with aclosing(engine.start()) as progress:
        assert [step.fraction async for step in progress] == [1.0]
    return engine


async def said(engine: ScriptedEngine) -> str:
    async with aclosing(engine.generate(ASK)) as pieces:
        return "".join([piece.text async for piece in pieces])


async def test_replies_come_in_order_and_then_run_out() -> None:
    engine = await started(ScriptedEngine(["  one\n\ttwo — ünï\U0001f600!\n", ""]))
    assert [await said(engine), await said(engine)] == ["  one\n\ttwo — ünï\U0001f600!\n", ""]
    with pytest.raises(EngineError, match="has 2 replies and all were given"):
        await said(engine)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.toml", '[[replies]]\nreply = "a"\n[[replies]]\nreply = "b"\ndelay_s = 0.01\n'),
        ("s.jsonl", '{"reply": "a"}\n\n{"reply": "b", "delay_s": 0.01}\n'),
    ],
)
async def test_both_kinds_of_file_are_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    engine = await started(ScriptedEngine.from_file(tmp_path / name))
    assert (await said(engine), await said(engine)) == ("a", "b")
    assert (await engine.describe()).model == name


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.toml", "replies = 3", "Expected `array`"),
        ("s.toml", "[[replies", "s.toml: "),
        ("s.jsonl", '{"reply": "a"}\n{"repyl": "b"}', "line 2: .*repyl"),
        ("s.jsonl", "hello", "line 1: "),
    ],
)
def test_a_bad_file_is_named_with_what_is_expected(name: str, text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EngineError, match=words):
        ScriptedEngine.from_file(tmp_path / name)
    with pytest.raises(EngineError, match="cannot be read"):
        ScriptedEngine.from_file(tmp_path / "nothing.toml")


async def test_a_rate_slows_it_down() -> None:
    engine = await started(ScriptedEngine(["a b c d e f"], tokens_per_second=100))
    began = time.monotonic()
    await said(engine)
    assert time.monotonic() - began > 0.05
