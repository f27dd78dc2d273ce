"""`oci-tui bench` measures each part, and its exit code goes by counts and ratios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oci_tui.core.measurement import Measurement
from oci_tui.resources import state_folder
from tests.cli.test_commands import oci

GENEROUS = ["--rounds", "1", "--json", "--tolerance", "1000"]


def measured(*arguments: str, cwd: Path, code: int = 0) -> dict[str, dict[str, Any]]:
    done = oci("bench", *arguments, cwd=cwd)
    assert done.returncode == code, done.stderr
    return {line["measurement"]["name"]: line for line in map(json.loads, done.stdout.splitlines())}


def test_the_start(tmp_path: Path) -> None:
    rows = measured("start", *GENEROUS, cwd=tmp_path)
    assert list(rows) == ["--help, modules", "--help/its libraries", "first paint/Textual"]
    assert all(row["decides"] and row["met"] for row in rows.values())
    modules = rows["--help, modules"]["measurement"]
    assert Measurement(**modules).met, "a count holds on a busy machine too"


def test_the_workspace(tmp_path: Path) -> None:
    rows = measured("workspace", *GENEROUS, cwd=tmp_path)
    assert list(rows) == ["first snapshot/git", "seed/tar", "later snapshot/git", "diff"]
    assert not list((state_folder()).glob("*/shadow.git")), "nothing is remembered of the repository"


@pytest.mark.docker
def test_the_sandbox(tmp_path: Path) -> None:
    rows = measured("sandbox", *GENEROUS, cwd=tmp_path)
    assert list(rows) == ["warm print(1)", "in a fresh process", "100 MB of output", "memory it takes", "session start"]
    assert [name for name, row in rows.items() if not row["decides"]] == ["memory it takes"]
    assert Measurement(**rows["warm print(1)"]["measurement"]).within(1.0), "an exec takes several times as long"


def test_a_part_that_cannot_be_measured_is_said_and_the_others_are(tmp_path: Path) -> None:
    done = oci("bench", "engine", "--model", "nothing", "--rounds", "1", cwd=tmp_path)
    assert done.returncode == 3
    assert "oci-tui: engine: nothing: no such model" in done.stderr
    assert done.stdout.splitlines()[0].split()[1:4] == ["engine", "worker,", "per"]


def test_a_target_may_be_missed_by_the_tolerance_and_times_do_not_decide(tmp_path: Path) -> None:
    at_most, at_least = Measurement("a", 1.09, "×", 1.0, True, ""), Measurement("b", 0.91, "×", 1.0, False, "")
    assert [each.within(0.1) for each in (at_most, at_least)] == [True, True]
    assert [each.within(0.08) for each in (at_most, at_least)] == [False, False]
    assert [at_most.met, at_least.met] == [False, False]
    assert [Measurement("", 1, unit, 1, True, "").decides for unit in ("", "×", "%", "ms", "MB")] == [True] * 3 + [False] * 2
    missed = oci("bench", "start", "--rounds", "1", "--tolerance", "0", cwd=tmp_path, PYTHONDONTWRITEBYTECODE="1")
    assert (missed.returncode == 1) == ("✗" in missed.stdout)
