"""A script is given reply by reply, and a bad one is named with its line."""

from __future__ import annotations

import re
import time
from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import Message, Piece, Request
from oci_tui.core.ports import Engine
from oci_tui.engine.opening import open_engine
from oci_tui.engine.scripted import ScriptedEngine
from oci_tui.settings import EngineSettings

ASK = Request((Message("user", "hello"),))


async def started(engine: ScriptedEngine) -> ScriptedEngine:
    async with aclosing(engine.start()) as progress:
        assert [step.fraction async for step in progress] == [1.0]
    return engine


async def pieces_of(engine: Engine) -> list[Piece]:
    async with aclosing(engine.generate(ASK)) as pieces:
        return [piece async for piece in pieces]


async def said(engine: ScriptedEngine) -> str:
    return "".join(piece.text for piece in await pieces_of(engine))


async def test_replies_come_in_order_and_then_run_out() -> None:
    engine = await started(ScriptedEngine(["  one\n\ttwo — ünï\U0001f600!\n", ""]))
    assert [await said(engine), await said(engine)] == ["  one\n\ttwo — ünï\U0001f600!\n", ""]
    with pytest.raises(EngineError, match="has 2 replies and all were given"):
        await said(engine)


async def test_a_reply_with_when_answers_what_holds_all_of_it_as_often_as_asked(tmp_path: Path) -> None:
    script = tmp_path / "s.toml"
    given = ['"both"\nwhen = ["hello", "world"]', '"hi"\nwhen = ["hello"]', '"first"', '"second"']
    script.write_text("".join(f"[[replies]]\nreply = {line}\n" for line in given))
    engine = await started(ScriptedEngine.from_file(script))

    async def to(text: str) -> str:
        async with aclosing(engine.generate(Request((Message("user", text),)))) as pieces:
            return "".join([piece.text async for piece in pieces])

    asked = ["hello", "other", "hello, world", "hello", "other"]
    assert [await to(text) for text in asked] == ["hi", "first", "both", "hi", "second"]
    with pytest.raises(EngineError, match="or are for other prompts"):
        await to("other")


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


def test_one_that_cannot_be_read_is_named_with_why_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    for name, why in (("nothing.toml", "No such file or directory"), ("latin.toml", "it is not UTF-8 text")):
        said = (
            f"engine.replies: {tmp_path / name} cannot be read ({why}); name a TOML or JSON lines file, there or with --replies"
        )
        with pytest.raises(EngineError, match=f"^{re.escape(said)}$"):
            ScriptedEngine.from_file(tmp_path / name)


async def test_a_rate_slows_it_down() -> None:
    engine = await started(ScriptedEngine(["a b c d e f"], tokens_per_second=100))
    began = time.monotonic()
    await said(engine)
    assert time.monotonic() - began > 0.05


async def test_what_is_recorded_is_replayed_with_its_timing(tmp_path: Path) -> None:
    script, record = tmp_path / "script.toml", tmp_path / "folder" / "record.jsonl"
    script.write_text(
        'tokens_per_second = 50\n[[replies]]\nreply = "a b 😀 c\\n"\ndelay_s = 0.1\n[[replies]]\nreply = "long story"'
    )
    original = open_engine(EngineSettings(kind="scripted", replies=str(script), record=str(record)), tmp_path / "log")
    async with aclosing(original.start()) as progress:
        assert [step async for step in progress]
    first = await pieces_of(original)
    async with aclosing(original.generate(ASK)) as pieces:
        await anext(pieces)
    replayed = await started(ScriptedEngine.from_file(record))
    began = time.monotonic()
    again = await pieces_of(replayed)
    assert time.monotonic() - began >= 0.1 + 4 * 0.02
    assert [piece.text for piece in again] == [piece.text for piece in first]
    assert again[-1].usage == first[-1].usage
    assert [piece.text for piece in await pieces_of(replayed)] == ["long", ""]
    with pytest.raises(EngineError, match="has 2 replies"):
        await pieces_of(replayed)


async def test_a_record_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = EngineSettings(kind="scripted", replies=str(tmp_path / "file"), record=str(tmp_path / "file" / "record"))
    with pytest.raises(EngineError, match=r"record: cannot be written .*; record to another file"):
        await anext(open_engine(settings, tmp_path / "log").start())
