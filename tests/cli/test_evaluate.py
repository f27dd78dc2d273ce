"""What `oci-tui evaluate` refuses before anything is loaded, one clear line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import oci, one_line
from tests.evaluate.small import write_dataset

SCRIPTED = ["--engine", "scripted", "--replies", "script.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["humaneval", "--protocol", "hope"], "'hope' is not one of"),
        (["humaneval", "--protocol", "oracle", "--prompt", "product"], "--prompt product: the protocol oracle is the paper's"),
        (["humaneval", "--rounds", "2"], "the protocol single has one reply"),
        (["humaneval", "--samples", "5"], "greedy replies are all the same; give --temperature too"),
        (["humaneval", "--protocol", "guided"], "needs --guide-model or --guide-url"),
        (["humaneval", "--guide-model", "x"], "--guide-… needs --protocol guided"),
        (["humaneval", "--temperature", "9"], "--temperature: sampling.temperature"),
        (["humaneval", "--out", "there.jsonl"], "there.jsonl: it is there already; --resume goes on with it"),
        (["report"], "Missing argument 'FILES...'"),
        (["report", "nothing.jsonl"], "no such results file"),
        (["report", "there.jsonl"], "there.jsonl, line 1: no line of a results file"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "there.jsonl").write_text("mine\n")
    done = oci("evaluate", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in one_line(done.stderr)
    assert (tmp_path / "there.jsonl").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense", *SCRIPTED], "'nonsense' is no dataset: expected humaneval"),
        (["--protocol", "visible", "nothing.jsonl", *SCRIPTED], "nothing.jsonl: cannot be read"),
        (["humaneval", "--data-version", "v9", *SCRIPTED], "expected v0.1.9, v0.1.10"),
        (["small.jsonl", "--engine", "scripted", "--replies", "nothing"], "nothing: cannot be read"),
    ],
)
def test_what_is_not_there(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "script.jsonl").write_text("")
    write_dataset(tmp_path / "small.jsonl")
    done = oci("evaluate", *arguments, cwd=tmp_path)
    assert done.returncode == 3
    assert said in one_line(done.stderr)


def test_without_arguments_it_says_what_there_is(tmp_path: Path) -> None:
    done = oci("evaluate", "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "report" in done.stdout
    assert oci("evaluate", cwd=tmp_path).returncode == 2
