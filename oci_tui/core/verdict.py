"""How a turn ended."""

from __future__ import annotations

import enum


class Verdict(enum.StrEnum):
    """How a turn ended.

    PASSED: the check command passed, or, with no check command, the last code that ran ended without an error.
    FAILED: the rounds are used up and the last run did not pass.
    ANSWERED: the model replied with prose only; nothing was run.
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
