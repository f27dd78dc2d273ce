"""A run goes on after any interruption, repeats nothing that is done, and ends with the file of an unbroken run."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from pathlib import Path

import msgspec
import pytest

from oci_tui.core.errors import EngineError, SettingsError, StoreError
from oci_tui.core.generation import Sampling
from oci_tui.evaluate import queue, results
from oci_tui.evaluate.queue import Run
from oci_tui.evaluate.results import Attempt, Conditions, Record

CONDITIONS = Conditions(
    "humaneval", "v1", "ab" * 32, 4, 0, "single", "published", "base", 1, 1, "scripted", "model", "cd" * 32, 4096, 512,
    Sampling(), "0.1.0",
)  # fmt: skip
NAMES = ["d", "a", "c", "b"]


class Told:
    """A task that keeps count, fails when told to, and counts how many run beside it."""

    def __init__(self, name: str, log: list[str], fails: bool = False) -> None:
        self.id, self._log, self._fails = name, log, fails

    async def run(self) -> Record:
        self._log.append(self.id)
        for _ in range(3):
            await asyncio.sleep(0)
        if self._fails:
            raise EngineError("the server has gone")
        self._log.append(f"{self.id} done")
        return Record(self.id, self.id, 0, (Attempt((), "reply", "code", {"base": True}),), 0, {"base": True})


async def ran(file: Path, log: list[str], *, resume: bool = False, fails: str = "", workers: int = 1) -> list[str]:
    run = Run(file, CONDITIONS, resume=resume)
    try:
        async with aclosing(queue.run([Told(name, log, name == fails) for name in NAMES], run, workers)) as records:
            return [record.id async for record in records]
    finally:
        run.close()


async def test_a_run_broken_anywhere_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    whole, log = tmp_path / "whole.jsonl", list[str]()
    assert await ran(whole, log) == NAMES
    expected = whole.read_bytes()
    assert expected.count(b"\n") == 6
    for cut in range(len(expected)):
        torn, log = tmp_path / "torn.jsonl", []
        torn.write_bytes(expected[:cut])
        with suppress(EngineError):
            await ran(torn, log, resume=True, fails="b")
        await ran(torn, log, resume=True)
        assert torn.read_bytes() == expected
        again = NAMES[max(expected[:cut].count(b"\n") - 1, 0) :]
        assert [name for name in log if name.endswith("done")] == [f"{name} done" for name in again]


async def test_an_error_ends_the_run_and_keeps_what_was_done(tmp_path: Path) -> None:
    file, log = tmp_path / "run.jsonl", list[str]()
    with pytest.raises(EngineError, match="the server has gone"):
        await ran(file, log, fails="c")
    assert [record.id for record in results.read(file).records] == ["d", "a"]
    assert results.read(file).summary is None
    log.clear()
    assert await ran(file, log, resume=True) == ["c", "b"]
    assert [record.id for record in results.read(file).records] == NAMES


async def test_workers_share_the_queue(tmp_path: Path) -> None:
    log: list[str] = []
    await ran(tmp_path / "two.jsonl", log, workers=2)
    assert log[:2] == ["d", "a"]
    assert log.index("c") > log.index("d done")
    await ran(tmp_path / "one.jsonl", [])
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


async def test_what_may_not_be_gone_on_with_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    await ran(file, [])
    with pytest.raises(SettingsError, match="is there already; --resume goes on with it"):
        await ran(file, [])
    before = file.read_bytes()
    other = msgspec.structs.replace(CONDITIONS, rounds=3, model_sha256="ef" * 32)
    with pytest.raises(SettingsError, match=r"made otherwise: rounds 3 instead of 1; model sha256 efef\w+ instead of cdcd"):
        Run(file, other, resume=True)
    for text in ("x = 1", "x = 1\ny = 2\n", '{"type":"task"}\n'):
        (tmp_path / "other.txt").write_text(text)
        with pytest.raises(SettingsError, match=r"other\.txt"):
            Run(tmp_path / "other.txt", CONDITIONS, resume=True)
        assert (tmp_path / "other.txt").read_text() == text
    assert file.read_bytes() == before


async def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    run = Run(tmp_path / "run.jsonl", CONDITIONS, resume=False)
    with pytest.raises(StoreError, match="another run is writing it"):
        Run(tmp_path / "run.jsonl", CONDITIONS, resume=True)
    run.close()
    Run(tmp_path / "run.jsonl", CONDITIONS, resume=True).close()
