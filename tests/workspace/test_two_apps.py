"""Two apps on one repository (fault F7); `python -m tests.bench.two_apps` does it a hundred times."""

from __future__ import annotations

from tests.bench.two_apps import race


def test_two_processes_accept_at_once() -> None:
    """F7: what both did is there, in order, and what could not be was a conflict."""
    written, conflicts, _ = race(8)
    assert written + conflicts == 16
    assert written >= 8, "a conflict is only met when the other one was first"
