"""A run is seen as it goes on, and a finished one as it ended."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

from oci_tui.core.measured import MeasuredTask
from oci_tui.evaluate import queue
from oci_tui.evaluate.queue import Run
from oci_tui.evaluate.replies import FILE
from oci_tui.evaluate.watching import Watch
from tests.evaluate.test_queue import CONDITIONS, NAMES, Told


async def test_a_run_is_seen_while_it_goes_on(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    assert watch.runs() == ()
    (tmp_path / FILE).write_text("{}\n")
    (tmp_path / "notes.jsonl").write_text("mine\n")
    run, seen = Run(tmp_path / "run.jsonl", CONDITIONS, resume=False), []
    async with aclosing(queue.run([Told(name, []) for name in NAMES], run, 1)) as records:
        async for _ in records:
            (now,) = watch.runs()
            seen.append((len(now.tasks), now.total, now.running))
    assert seen == [(1, 4, True), (2, 4, True), (3, 4, True), (4, 4, True)]
    run.close()
    (ended,) = watch.runs()
    assert (ended.running, ended.title, ended.first, ended.passed, ended.fixed) == (False, "humaneval v1 · single", 4, 4, 0)
    assert ended.tasks[0] == MeasuredTask("d", (True,), True, 0.0)


def test_a_run_that_was_killed_is_not_running(tmp_path: Path) -> None:
    Run(tmp_path / "run.jsonl", CONDITIONS, resume=False).close()
    (run,) = Watch(tmp_path).runs()
    assert (run.running, run.tasks) == (False, ())
