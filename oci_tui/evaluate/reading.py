"""What becomes of a program's outputs as they come: compared with the expected ones, or recorded."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from oci_tui.evaluate import feedback, oracles, values
from oci_tui.evaluate.datasets import Problem
from oci_tui.evaluate.reference import Expected


class Failure(msgspec.Struct, frozen=True):
    """How a program failed first: on which arguments, and what its author is told."""

    status: Literal["wrong answer", "exception", "timeout", "no function", "killed"]
    arguments: str = ""
    feedback: str = ""


class Reading(ABC):
    """Takes the lines of one process that calls `entry_point` with each of `inputs`."""

    def __init__(self, entry_point: str, inputs: Sequence[Sequence[Any]]) -> None:
        self._entry_point, self._inputs = entry_point, inputs
        self._count = 0
        self.settled = False
        self.failure: Failure | None = None

    def take(self, line: str) -> None:
        if self.settled or not line:
            return
        if line.startswith("!"):
            self._last(line[1:2], line[2:])
        elif self._count >= len(self._inputs):
            self._fail("killed")
        else:
            failure = self._output(line)
            if failure is not None:
                self.failure, self.settled = failure, True
            self._count += 1

    def end(self, why: str) -> None:
        """The process is gone: by itself, killed because it was slow, or for another reason that it is not told."""
        if not self.settled:
            self._fail("timeout" if why in ("slow", "late") else "killed", feedback.TIMED_OUT if why == "slow" else "")

    @abstractmethod
    def _output(self, line: str) -> Failure | None:
        """Take an output in; the failure that it shows."""

    def _last(self, kind: str, rest: str) -> None:
        if kind == "d" and self._count == len(self._inputs):
            self.settled = True
        elif kind == "e":
            self._fail("exception", feedback.cut(_text(rest)))
        elif kind == "t":
            self._fail("timeout", feedback.TIMED_OUT)
        elif kind == "m":
            self._fail("no function", feedback.missing(self._entry_point))
        else:
            self._fail("killed")

    def _fail(self, status: Literal["exception", "timeout", "no function", "killed"], told: str = "") -> None:
        arguments = feedback.arguments(self._inputs[self._count]) if self._count < len(self._inputs) else ""
        self.failure, self.settled = Failure(status, arguments, told), True


class Comparison(Reading):
    """Compares each output with what the reference gave; settled at the first that differs."""

    def __init__(self, problem: Problem, inputs: Sequence[Sequence[Any]], expected: Expected) -> None:
        super().__init__(problem.entry_point, inputs)
        self._problem, self._expected = problem, expected

    def _output(self, line: str) -> Failure | None:
        arguments, expected = self._inputs[self._count], self._expected.lines[self._count]
        if oracles.agrees(self._problem, arguments, line, expected):
            return None
        shown = feedback.arguments(arguments)
        return Failure("wrong answer", shown, feedback.wrong(shown, _shown(expected), _shown(line)))


class Recording(Reading):
    """Keeps every output that is a value, and with `timed` the seconds it took."""

    def __init__(self, entry_point: str, inputs: Sequence[Sequence[Any]], *, timed: bool = False) -> None:
        super().__init__(entry_point, inputs)
        self._timed = timed
        self.lines: list[str] = []
        self.seconds: list[float] = []

    def _output(self, line: str) -> Failure | None:
        try:
            if self._timed:
                took, _, line = line.partition(" ")
                self.seconds.append(float(took))
            values.value(line)
        except ValueError:
            return Failure("killed")
        self.lines.append(line)
        return None


def _shown(line: str) -> str:
    try:
        return feedback.shown(values.plain(values.value(line)))
    except ValueError:
        return line


def _text(rest: str) -> str:
    try:
        return str(json.loads(rest))
    except ValueError:
        return rest
