"""How a round stands, and how a turn ended."""

from __future__ import annotations

import enum
from typing import NamedTuple

from oci_tui.core.failure import Counts


class Verdict(enum.StrEnum):
    """How a turn ended.

    PASSED: the check command passed, after whatever was run and written, or, with no check command, the code ran without an
    error and the model says it is done.
    FAILED: the rounds are used up and the last run did not pass, or the model was not done.
    ANSWERED: the model replied with prose only, or wrote what no check judges: nothing was run that could tell.
    REFUSED: the person did not allow a command.
    NOT_RUN: there is no sandbox: the reply is there and its edits are pending, but nothing was run.
    STOPPED: the person stopped the turn.
    GAVE_UP: the turn could not go on (an error of the engine, the sandbox or the workspace).
    """

    PASSED = "passed"
    FAILED = "failed"
    ANSWERED = "answered"
    REFUSED = "refused"
    NOT_RUN = "not run"
    STOPPED = "stopped"
    GAVE_UP = "gave up"


class Standing(NamedTuple):
    """How a round came out of the check; a greater one is better. An output that counts no tests stands below any that does."""

    check_passed: bool
    tests_passed: int
    not_failed: int

    @classmethod
    def of(cls, check_passed: bool, counts: Counts | None) -> Standing:
        if counts is None:
            return cls(check_passed, -1, 0)
        return cls(check_passed, counts.passed, -counts.failed - counts.errors)


CUT_OFF, EDITS_REFUSED, NOT_RUN = "reply cut off", "edits refused", "not run: no sandbox"
COMPILED = "compiles; there is no check, and nothing of it was run"
"""Outcomes of a round that decide how its turn stands."""

PLANNED, NOT_DONE = "planned", "not done when the rounds were used up"
AS_STATED, NOT_AS_STATED = "the prompt's examples come out as stated", "an example of the prompt comes out otherwise"
"""Other outcomes, in words."""


def judged(outcome: str, ran: bool | None, checked: bool | None, *, refused: bool) -> Verdict:
    """How a turn stands after a round: where the check ran only the check counts, edits left undone never pass."""
    if refused:
        return Verdict.REFUSED
    if outcome == NOT_RUN:
        return Verdict.NOT_RUN
    if outcome == COMPILED:
        return Verdict.ANSWERED
    if outcome in (CUT_OFF, EDITS_REFUSED):
        return Verdict.FAILED
    return {None: Verdict.ANSWERED, True: Verdict.PASSED, False: Verdict.FAILED}[ran if checked is None else checked]
