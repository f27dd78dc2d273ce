"""A disk that is full at any step of an accept: nothing is half written, and the message says why (fault F4)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_NAMESPACE = ["unshare", "--mount", "--map-root-user"]


def attempts(place: Path, full: str, what: str, amounts: list[int]) -> dict[int, str]:
    """With so much left on that disk: what came of an accept."""
    if subprocess.run([*_NAMESPACE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mount namespaces for this user: start the tests as root to see full disks")
    command = [*_NAMESPACE, sys.executable, "-m", "tests.workspace.full_disk", str(place), full, what]
    done = subprocess.run([*command, *map(str, amounts)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pairs = (line.partition(" ") for line in done.stdout.splitlines())
    return {int(amount): outcome for amount, _, outcome in pairs}


@pytest.mark.parametrize(("what", "amounts"), [("pages", [0, 3, 4, 9, 10, 11, 12, 40]), ("inodes", [0, 1, 2, 4, 5, 6, 7, 12])])
def test_the_disk_of_the_tree_is_full(tmp_path: Path, what: str, amounts: list[int]) -> None:
    outcomes = attempts(tmp_path, "tree", what, amounts)
    assert outcomes[amounts[-1]] == "accepted", "with enough room it is"
    for amount, outcome in outcomes.items():
        assert outcome == "accepted" or ("No space left on device" in outcome and "nothing was written" in outcome), amount
    assert outcomes[0] != "accepted"
    assert len({outcome for outcome in outcomes.values() if outcome != "accepted"}) > 1, "it was met at more than one file"


def test_the_disk_of_the_state_is_full(tmp_path: Path) -> None:
    outcomes = attempts(tmp_path, "state", "pages", [0, 1, 2, 4, 8, 400])
    assert outcomes[400] == "accepted"
    assert outcomes[0] != "accepted"
    for amount, outcome in outcomes.items():
        assert outcome == "accepted" or "disk/state" in outcome, f"{amount}: {outcome}"
