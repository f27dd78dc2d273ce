"""A peer on the same model server: a program that is called as aider is, and whose test command runs in the sandbox.

The program stands in for aider, which is no dependency; with aider itself: `oci-tui evaluate tasks tests/tasks --peer aider`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.calculator import RIGHT, WRONG
from tests.evaluate.model_server import serving
from tests.evaluate.test_tasks import RUN, of, solved, write_task

pytestmark = pytest.mark.docker

HIDDEN = "from calc import add\n\n\ndef test_hidden():\n    assert add(5, 5) == 10\n"
PEER = """
import os, subprocess, sys
if "--version" in sys.argv:
    print("aider 9.9")
    sys.exit()
assert "--auto-test" in sys.argv and "openai/tiny" in sys.argv and sys.argv[-2:] == ["--read", "test_calc.py"], sys.argv
assert not [name for name in os.environ if "KEY" in name or name.startswith("OCI_")], os.environ
test = sys.argv[sys.argv.index("--test-cmd") + 1]
for code in ("a * b", "b - a", "a + b", "a - b"):
    with open("calc.py", "w") as file:
        file.write(f"def add(a, b):\\n    return {code}\\n")
    done = subprocess.run(test, shell=True, capture_output=True, text=True)
    if done.returncode == 0:
        assert "1 passed" in done.stdout, done
        break
    assert done.returncode == 1 and "1 failed" in done.stdout, done
"""


def says(text: str) -> str:
    return RIGHT if "assert 1 == 3" in text else WRONG


def done(folder: Path, peer: str, *more: str) -> subprocess.CompletedProcess[str]:
    write_task(folder / "tasks" / "sum", "correct the sum", hidden=HIDDEN)
    program = folder / "peer.py"
    program.write_text(peer)
    with serving(says) as url:
        command = [*RUN, str(folder / "tasks"), "--url", url, "--candidates", "1", "--out", str(folder / "out")]
        peered = ["--peer", "aider", "--peer-command", f"{sys.executable} {program}"]
        return subprocess.run([*command, *peered, *more], capture_output=True, text=True, check=False)


def test_a_peer_is_judged_round_by_round_as_the_product_is(tmp_path: Path) -> None:
    ended = done(tmp_path, PEER)
    assert ended.returncode == 0, ended.stderr
    assert solved(of(tmp_path, "one-reply")) == {"sum": [False, True]}
    assert solved(of(tmp_path, "aider")) == {"sum": [False, False, True]}
    assert of(tmp_path, "aider").conditions.product == "aider 9.9"
    assert [line.split()[-2:] for line in ended.stdout.splitlines()[-1:]] == [["2", "3"]]


def test_what_a_peer_does_after_the_last_round_does_not_count(tmp_path: Path) -> None:
    ended = done(tmp_path, PEER, "--rounds", "2")
    assert ended.returncode == 0, ended.stderr
    assert solved(of(tmp_path, "aider")) == {"sum": [False, False]}


def test_a_peer_that_cannot_work_ends_the_run_and_is_no_failed_task(tmp_path: Path) -> None:
    broken = "import sys\nif '--version' in sys.argv: print('9.9')\nelse: sys.exit('no \\x1b[2J server')\n"
    ended = done(tmp_path, broken)
    assert ended.returncode == 3
    assert "aider ended with exit code 1: no ␛[2J server" in ended.stderr
    assert of(tmp_path, "aider").records == ()


def test_a_peer_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    ended = done(tmp_path, "", "--peer-command", str(tmp_path / "nowhere"))
    assert (ended.returncode, "nowhere: cannot be run" in ended.stderr) == (2, True), ended.stderr
    assert "Traceback" not in ended.stderr
