"""Which command decides whether a round passed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from oci_tui.core import failure
from oci_tui.core.guards import is_test
from oci_tui.core.ports import Command


def find_check(configured: str, paths: Sequence[str], timeout_s: float) -> Command | None:
    """The configured command, else pytest where the workspace holds test files, else None."""
    if configured:
        return Command(label=configured, language="bash", code=configured + "\n", timeout_s=timeout_s)
    if any(path.endswith(".py") and is_test(path) for path in paths):
        return Command(label="pytest -q", argv=("python3", "-m", "pytest", "-q"), timeout_s=timeout_s)
    return None


def compile_check(paths: Sequence[str], timeout_s: float) -> Command | None:
    """The least check of edited Python files where there is no other: that they compile. None without Python files."""
    names = [path for path in paths if path.endswith(".py")]
    if not names:
        return None
    argv = ("python3", "-m", "py_compile", *names)
    return Command(label=shlex.join(argv), argv=argv, timeout_s=timeout_s)


def outcome(output: str, code: int, reason: str) -> str:
    """One phrase for people: the counts of a test run, else how the command ended."""
    if reason != "exited":
        return reason
    if (counts := failure.counts(output)) and (phrase := counts.phrase()):
        return phrase
    return "passed" if code == 0 else f"exit code {code}"
