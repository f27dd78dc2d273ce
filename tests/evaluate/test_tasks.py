"""`oci-tui evaluate tasks` from the command line to the table: real repositories, real sandboxes, replies from a script."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from oci_tui.core.events import RoundFinished
from oci_tui.core.reading import read
from oci_tui.evaluate import results
from oci_tui.evaluate.results import Results
from tests.calculator import FILES, RIGHT, WRONG

pytestmark = pytest.mark.docker

RUN = [sys.executable, "-m", "oci_tui", "evaluate", "tasks"]
CHECK = "python3 -m pytest -q"
TASK = f"prompt = 'PROMPT'\nkind = 'fix'\nlanguage = 'python'\ncheck = '{CHECK}'\nhidden = '{CHECK}'\n"
SWAPPED = "def add(a, b):\n    return 3\n"


def write_task(folder: Path, prompt: str, more: str = "", hidden: str = "") -> None:
    for path, text in FILES.items():
        (folder / "repo" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "repo" / path).write_text(text)
    if hidden:
        (folder / "hidden").mkdir()
        (folder / "hidden" / "test_hidden.py").write_text(hidden)
    (folder / "task.toml").write_text(TASK.replace("PROMPT", prompt) + more)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Three tasks: solved in the second round; passing only what is visible; one that must change nothing but is changed."""
    hidden = "from calc import add\n\n\ndef test_hidden():\n    assert add(5, 5) == 10\n"
    write_task(tmp_path / "tasks" / "second", "correct the sum", hidden=hidden)
    write_task(tmp_path / "tasks" / "cheated", "do it somehow", hidden=hidden)
    write_task(tmp_path / "tasks" / "touched", "change nothing at all", "unchanged = true\n")
    script = [
        {"when": ["correct the sum", "assert 1 == 3"], "reply": RIGHT},
        {"when": ["correct the sum"], "reply": WRONG},
        {"when": ["do it somehow"], "reply": f"calc.py\n```python\n{SWAPPED}```\n"},
        {"when": ["change nothing at all"], "reply": RIGHT},
    ]
    replies = tmp_path / "replies.jsonl"
    replies.write_text("".join(json.dumps(line) + "\n" for line in script))
    return [str(tmp_path / "tasks"), "--engine", "scripted", "--replies", str(replies), "--out", str(tmp_path / "out")]


def done(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *arguments], capture_output=True, text=True, check=False)


def of(folder: Path, way: str) -> Results:
    (file,) = folder.glob(f"out/tasks-{way}-*.jsonl")
    return results.read(file)


def solved(found: Results) -> dict[str, list[bool]]:
    return {record.id: [attempt.passed["hidden"] for attempt in record.attempts] for record in found.records}


def test_every_round_is_judged_by_what_nobody_was_shown(tmp_path: Path, arguments: list[str]) -> None:
    ended = done(*arguments, "--candidates", "1")
    assert ended.returncode == 0, ended.stderr
    found = of(tmp_path, "one-reply")
    assert solved(found) == {"cheated": [False], "second": [False, True], "touched": [False]}
    assert "changed: calc.py" in found.records[2].attempts[0].outputs["hidden"]
    assert "assert 3 == 10" in found.records[0].attempts[0].outputs["hidden"]
    assert found.records[1].attempts[1].usage.reply_tokens > 0
    table = ended.stdout.splitlines()
    assert re.fullmatch(r"one reply +replies.jsonl +3 +0 \(0 %\) +1 \(33 %\) +1 \(33 %\) +[\d.]+", table[2])
    assert [line.split() for line in table[-3:]] == [["cheated", "fix", "–"], ["second", "fix", "2"], ["touched", "fix", "–"]]
    journals = sorted((tmp_path / "out" / "journals").iterdir())
    assert [file.name for file in journals] == ["cheated-1.jsonl", "second-1.jsonl", "touched-1.jsonl"]
    told = [event for event in read(journals[1]) if isinstance(event, RoundFinished)]
    assert [event.passed for event in told] == [False, True]


def test_best_of_several_stands_beside_and_a_run_goes_on_with_what_is_left(tmp_path: Path, arguments: list[str]) -> None:
    ended = done(*arguments, "--candidates", "2", "--rounds", "2", "--only", "second")
    assert ended.returncode == 0, ended.stderr
    assert solved(of(tmp_path, "one-reply")) == solved(of(tmp_path, "best-of-2")) == {"second": [False, True]}
    assert [line.split()[:2] for line in ended.stdout.splitlines()[2:4]] == [["one", "reply"], ["best", "of"]]

    again = done(*arguments, "--candidates", "2", "--rounds", "2", "--only", "second")
    assert again.returncode == 2
    assert "--resume" in again.stderr
    (file,) = (tmp_path / "out").glob("tasks-best-of-2-*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0])
    resumed = done(*arguments, "--candidates", "2", "--rounds", "2", "--only", "second", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert solved(of(tmp_path, "best-of-2")) == {"second": [False, True]}


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--only", "third"), 2, "--only third: no task is named like that"),
        (("--peer", "aider"), 2, "--peer: both use the same model server; name it with --url"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(arguments: list[str], more: tuple[str, ...], code: int, said: str) -> None:
    ended = done(*arguments, *more)
    assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr
