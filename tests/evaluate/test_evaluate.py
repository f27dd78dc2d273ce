"""`oci-tui evaluate` from the command line to the results file, with real sandboxes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any

import pytest

from oci_tui.core.generation import Sampling
from oci_tui.evaluate import results
from oci_tui.evaluate.protocols import NO_ROOM
from oci_tui.evaluate.replies import FILE
from oci_tui.evaluate.results import Record, Results
from tests.engine.misbehaving_server import MisbehavingServer
from tests.evaluate.small import NAMES, write_dataset, write_replies

pytestmark = pytest.mark.docker
CHAT = "POST /v1/chat/completions"
RUN = [sys.executable, "-m", "oci_tui", "evaluate"]


def arguments(folder: Path, *more: str, out: str = "out.jsonl") -> list[str]:
    dataset, replies = write_dataset(folder / "small.jsonl"), write_replies(folder / "script.jsonl", delay_s=0.05)
    return [*RUN, str(dataset), "--engine", "scripted", "--replies", str(replies), "--out", str(folder / out), *more]


def evaluated(folder: Path, *more: str, out: str = "out.jsonl") -> Results:
    done = subprocess.run(arguments(folder, *more, out=out), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return results.read(folder / out)


def verdicts(found: Results) -> dict[str, list[list[str]]]:
    """The levels that each round of each problem passed."""
    names = dict(zip(sorted(record.problem for record in found.records), NAMES, strict=True))
    return {
        names[record.problem]: [sorted(level for level, held in attempt.passed.items() if held) for attempt in record.attempts]
        for record in found.records
    }


def of(found: Results, name: str) -> Record:
    return found.records[NAMES.index(name)]


def without_times(file: Path) -> list[Any]:
    text = re.sub(r'"(scoring_s|seconds|first_token_s)":[\d.e-]+', "", file.read_text())
    return [json.loads(re.sub(r",(?=,|\})|(?<=\{),", "", line)) for line in text.splitlines()]


def test_single_is_one_reply(tmp_path: Path) -> None:
    found = evaluated(tmp_path)
    assert verdicts(found) == {
        "double": [["base", "plus"]],
        "largest": [[]],
        "backwards": [[]],
        "shorter": [[]],
        "square": [[]],
    }
    assert found.summary is not None
    assert (found.summary.passed, found.conditions.level, found.conditions.rounds) == ({"base": 1, "plus": 1}, "plus", 1)


def test_oracle_feeds_back_the_first_hidden_test_that_failed(tmp_path: Path) -> None:
    found = evaluated(tmp_path, "--protocol", "oracle")
    assert verdicts(found) == {
        "double": [["base", "plus"]],
        "largest": [[], ["base", "plus"]],
        "backwards": [[], []],
        "shorter": [[], []],
        "square": [[], []],
    }
    first, second = of(found, "shorter").attempts
    assert first.feedback.splitlines()[:3] == ["Execution result: ", "The results aren't as expected.", "Input: ['abc', 'de']"]
    assert second.messages[0].content == f"{first.messages[0].content}\n{first.reply}\n\n@@ Instruction\n{first.feedback}\n"
    assert not second.feedback


def test_visible_knows_only_the_test_that_the_prompt_shows(tmp_path: Path) -> None:
    found = evaluated(tmp_path, "--protocol", "visible", "--rounds", "3")
    every = ["base", "plus", "visible"]
    assert verdicts(found) == {
        "double": [every],
        "largest": [[], every],
        "backwards": [[], [], []],
        "shorter": [["visible"]],
        "square": [[], [], []],
    }
    assert of(found, "shorter").passed == {"base": False, "plus": False}
    told = "".join(message.content for record in found.records for attempt in record.attempts for message in attempt.messages)
    assert "['abc', 'de']" not in told
    assert "[-1, -3]" not in told
    assert [message.role for message in of(found, "largest").attempts[1].messages] == ["user"]


def test_a_later_reply_counts_only_when_it_is_not_worse_by_what_is_shown(tmp_path: Path) -> None:
    found = evaluated(tmp_path, "--protocol", "visible", "--rounds", "3")
    square, backwards = of(found, "square"), of(found, "backwards")
    assert ([attempt.shown_passed for attempt in square.attempts], square.kept) == ([1, 0, 0], 0)
    first, second, _ = square.attempts
    assert first.feedback.startswith("Earlier attempts at this failed.")
    assert second.feedback.startswith(first.feedback)
    assert second.feedback > first.feedback
    assert ([attempt.shown_passed for attempt in backwards.attempts], backwards.kept) == ([0, 0, 0], 2)
    assert of(evaluated(tmp_path, "--protocol", "oracle", out="oracle.jsonl"), "square").kept == 1


def test_samples_have_seeds_of_their_own(tmp_path: Path) -> None:
    found = evaluated(tmp_path, "--samples", "2", "--temperature", "0.5", "--seed", "7", "--limit", "2")
    assert [record.id for record in found.records] == ["Mbpp/9000#0", "Mbpp/9000#1", "Mbpp/9001#0", "Mbpp/9001#1"]
    assert len((tmp_path / FILE).read_text().splitlines()) == 4
    assert found.conditions.sampling == Sampling(temperature=0.5, seed=7)
    assert (found.conditions.problems, found.conditions.limit) == (2, 2)


def test_the_guide_is_another_model_with_or_without_the_solution(tmp_path: Path) -> None:
    guide = tmp_path / "guide.jsonl"
    guide.write_text(json.dumps({"reply": "Mind the order.\n", "when": ["@@Guidance"]}) + "\n")
    for more, solution in ([], False), (["--guide-oracle"], True):
        found = evaluated(
            tmp_path, "--protocol", "guided", "--guide-engine", "scripted", "--guide-replies", str(guide), *more,
            out=f"{solution}.jsonl",
        )  # fmt: skip
        first, second = of(found, "largest").attempts
        assert first.feedback == "Mind the order."
        assert second.messages[0].content.endswith("\n\n@@ Instruction\nMind the order.\n")
        assert second.passed == {"base": True, "plus": True}
        assert ("@@Canonical Solution" in first.guide_messages[1].content) is solution


def test_protocols_share_first_replies(tmp_path: Path) -> None:
    single = evaluated(tmp_path, out="single.jsonl")
    count = len((tmp_path / FILE).read_text().splitlines())
    assert count == 5
    oracle = evaluated(tmp_path, "--protocol", "oracle", out="oracle.jsonl")
    assert [record.attempts[0].usage for record in oracle.records] == [record.attempts[0].usage for record in single.records]
    assert len((tmp_path / FILE).read_text().splitlines()) == count + 4
    evaluated(tmp_path, "--protocol", "visible", "--prompt", "published", "--rounds", "1", out="visible.jsonl")
    assert len((tmp_path / FILE).read_text().splitlines()) == count + 4


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_half_way_and_resumed_it_is_the_file_of_an_unbroken_run(tmp_path: Path, workers: str) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    more = ["--protocol", "visible", "--workers", workers]
    evaluated(whole, *more)
    process = subprocess.Popen(arguments(broken, *more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("◌ 2 of 5"):
            os.kill(process.pid, signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = results.read(broken / "out.jsonl").records
    assert 2 <= len(kept) < 5
    with (broken / "out.jsonl").open("a") as file:
        file.write('{"type":"task","id":"Mbpp/90')
    evaluated(broken, *more, "--resume")
    assert without_times(broken / "out.jsonl") == without_times(whole / "out.jsonl")


@pytest.mark.ray
def test_the_tasks_spread_over_ray_leave_the_same_file(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    evaluated(here, "--protocol", "oracle")
    evaluated(there, "--protocol", "oracle", "--ray", "local", "--workers", "2")
    assert without_times(there / "out.jsonl") == without_times(here / "out.jsonl")


async def test_a_server_that_fails_ends_the_run_and_resume_goes_on(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "small.jsonl")
    async with MisbehavingServer().serving() as server:
        server.answers[CHAT] = (500, "", {"error": {"message": "out of order"}})
        command = [*RUN, str(dataset), "--url", server.url, "--workers", "4", "--out", str(tmp_path / "out.jsonl")]

        async def ran(*more: str) -> tuple[int | None, str]:
            process = await asyncio.create_subprocess_exec(*command, *more, stdout=DEVNULL, stderr=PIPE)
            _, said = await process.communicate()
            return process.returncode, said.decode()

        code, said = await ran()
        assert code == 3
        assert "out of order" in said
        assert "0 of 5 tasks are in" in said
        del server.answers[CHAT]
        before = server.times(CHAT)
        code, said = await ran("--resume")
        assert (code, server.times(CHAT) - before) == (0, 5)
    found = results.read(tmp_path / "out.jsonl")
    assert [record.attempts[0].reply for record in found.records] == ["Hello"] * 5
    assert (found.conditions.engine, found.conditions.model) == ("vLLM", "tiny")


def test_what_a_hostile_dataset_and_solution_say_is_written_down_harmlessly(tmp_path: Path) -> None:
    evil = "\ud800\x1b]0;evil\x07"
    row = {
        "task_id": f"Mbpp/1{evil}",
        "prompt": f'"""\nWrite it. {evil[1:]}\nassert f(1) == 1\n"""\n',
        "entry_point": "f",
        "canonical_solution": "\ndef f(x):\n    return x\n",
        "base_input": [[1]],
        "plus_input": [],
        "atol": 0,
    }
    (tmp_path / "evil.jsonl").write_text(json.dumps(row) + "\n")
    reply = "```python\ndef f(x):\n    raise ValueError('\\ud800\\x1b[2J')\n```"
    (tmp_path / "script.jsonl").write_text(json.dumps({"reply": reply, "when": ["Write it"]}) + "\n")
    command = [*RUN, str(tmp_path / "evil.jsonl"), "--protocol", "oracle", "--engine", "scripted"]
    command += ["--replies", str(tmp_path / "script.jsonl"), "--out", str(tmp_path / "out.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    (record,) = results.read(tmp_path / "out.jsonl").records
    assert "ValueError" in record.attempts[1].messages[0].content


def test_a_problem_that_does_not_fit_the_window_is_not_solved_and_that_is_said(tmp_path: Path) -> None:
    command = arguments(tmp_path, "--context", "40000", "--limit", "1")
    room = {**os.environ, "OCI_ENGINE_MAX_NEW_TOKENS": "32760"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=room)
    assert done.returncode == 0, done.stderr
    assert f"1 of 1 tasks ended early: {NO_ROOM}" in done.stdout
    (record,) = results.read(tmp_path / "out.jsonl").records
    assert (record.attempts, record.passed) == ((), {"base": False, "plus": False})
