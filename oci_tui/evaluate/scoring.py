"""Scores solutions: each runs in the sandbox on a problem's tests, and its outputs are compared here with the reference's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from oci_tui.core.errors import DatasetError
from oci_tui.core.ports import Progress, Sandbox, untold
from oci_tui.core.terminal import visible_line
from oci_tui.evaluate import feedback, oracles, values
from oci_tui.evaluate.calling import Caller, Part, Program
from oci_tui.evaluate.checks import Check
from oci_tui.evaluate.datasets import Level, Problem
from oci_tui.evaluate.reading import Comparison, Failure, Recording
from oci_tui.evaluate.reference import Expected, Kept, Reference
from oci_tui.resources import state_folder
from oci_tui.settings import SandboxSettings

Status = Literal["passed", "wrong answer", "exception", "timeout", "no function", "killed"]
MEMORY_MB = 4096
_LEAST_S, _FACTOR = 1.0, 4.0
_REFERENCE_S = 60.0
_VISIBLE_S = 5.0


class Score(msgspec.Struct, frozen=True):
    """Whether a solution passed. `status` and `failed_input` (an argument list as Python prints it) are of its first failure.

    `feedback` is what a model is told of that, "" when there is nothing to tell. `base_passed` is that of the base tests
    alone (at level "visible", the visible ones). `seconds` is wall time.
    """

    passed: bool
    status: Status
    base_passed: bool
    failed_input: str = ""
    feedback: str = ""
    seconds: float = 0.0


def confined(settings: SandboxSettings, memory_mb: int = MEMORY_MB) -> SandboxSettings:
    """The settings of a sandbox that scores: room for a solution's memory limit, and output for long results."""
    return msgspec.structs.replace(settings, memory_mb=memory_mb + 512, workspace_mb=64, output_mb=64)


class Scorer:
    """Scores with at most `workers` sandboxes at a time, each from `make` and kept warm. Use it as a context.

    `memory_mb` is one solution's limit; what references return is kept in `folder` (None: the state folder).
    """

    def __init__(
        self, make: Callable[[], Sandbox], workers: int = 1, folder: Path | None = None, memory_mb: int = MEMORY_MB
    ) -> None:
        self._memory = memory_mb << 20
        self._kept = Kept(folder or state_folder() / "references")
        self._idle: asyncio.LifoQueue[Caller] = asyncio.LifoQueue()
        self._callers = [Caller(make()) for _ in range(workers)]
        for caller in reversed(self._callers):
            self._idle.put_nowait(caller)
        self._preparing: dict[str, asyncio.Lock] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Remove the sandboxes. Safe to call twice."""
        await asyncio.gather(*(caller.close() for caller in self._callers))

    async def prepare(self, problems: Sequence[Problem], tell: Callable[[Progress], None] = untold) -> None:
        """Run the references that have not been run here before; otherwise each is run when it is first needed.

        Raises DatasetError, SandboxError.
        """
        missing = [problem for problem in problems if problem.base_inputs and self._kept.find(problem) is None]
        done = 0

        async def one(problem: Problem) -> None:
            nonlocal done
            await self._reference(problem)
            done += 1
            tell(Progress("running the reference solutions", done / len(missing)))

        tasks = [asyncio.create_task(one(problem)) for problem in missing]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def score(self, problem: Problem, code: str, level: Level) -> Score:
        """Run `code`, a whole program, on the tests of `level`; "plus" includes "base". Raises DatasetError, SandboxError."""
        began = time.monotonic()
        if level == "visible":
            score = await self._checked(problem, code, problem.visible_tests)
        elif problem.base_tests:
            score = await self._checked(problem, code, problem.base_tests)
        else:
            score = await self._compared(problem, code, level)
        return msgspec.structs.replace(score, seconds=time.monotonic() - began)

    async def _compared(self, problem: Problem, code: str, level: Level) -> Score:
        reference = await self._reference(problem)
        sides = [(problem.base_inputs, reference.base)]
        if level == "plus" and problem.plus_inputs:
            sides.append((problem.plus_inputs, reference.plus))
        program = Program(code, problem.entry_point, self._memory, listed=oracles.compares_as_sets(problem))
        parts = [
            Part(values.whole(list(inputs)), [max(_LEAST_S, _FACTOR * took) for took in expected.seconds])
            for inputs, expected in sides
        ]
        async with self._caller() as caller:
            read = await caller.call(program, parts, lambda: [Comparison(problem, *side) for side in sides])
        failures = [each.failure for each in read]
        first = next((failure for failure in failures if failure is not None), None)
        if first is None:
            return Score(True, "passed", True)
        told = [failure.feedback for failure in failures if failure is not None]
        if first.status != "wrong answer":
            told = told[:1]
        return Score(False, first.status, failures[0] is None, first.arguments, feedback.cut("\n".join(told)))

    async def _checked(self, problem: Problem, code: str, tests: Sequence[str]) -> Score:
        """By asserts. No test is no failure."""
        checks = [Check(test, problem.entry_point) for test in tests]
        calls = [call for check in checks for call in check.calls]
        if not calls:
            return Score(True, "passed", True)
        program = Program(code, problem.entry_point, self._memory, listed=False)
        part = Part(values.whole(calls), [_VISIBLE_S] * len(calls))
        async with self._caller() as caller:
            (read,) = await caller.call(program, [part], lambda: [Recording(problem.entry_point, calls)])
        failure = _first_failure(checks, read)
        if failure is None:
            return Score(True, "passed", True)
        return Score(False, failure.status, False, failure.arguments, failure.feedback)

    async def _reference(self, problem: Problem) -> Reference:
        async with self._preparing.setdefault(problem.id, asyncio.Lock()):
            found = self._kept.find(problem)
            if found is None:
                found = await self._run_reference(problem)
                self._kept.keep(problem, found)
        return found

    async def _run_reference(self, problem: Problem) -> Reference:
        program = Program(
            problem.canonical,
            problem.entry_point,
            self._memory,
            listed=oracles.compares_as_sets(problem),
            secret=True,
        )
        sides = (problem.base_inputs, problem.plus_inputs)
        parts = [Part(values.whole(list(inputs)), [_REFERENCE_S] * len(inputs), timed=True) for inputs in sides]
        async with self._caller() as caller:
            read = await caller.call(
                program, parts, lambda: [Recording(problem.entry_point, side, timed=True) for side in sides]
            )
        for each in read:
            if each.failure is not None:
                why = visible_line(each.failure.feedback.strip().rpartition("\n")[2])[:200] or each.failure.status
                raise DatasetError(f"{visible_line(problem.id)[:40]}: the reference solution fails: {why}")
        base, plus = (
            Expected(tuple(oracles.expected_of(problem, line) for line in each.lines), tuple(each.seconds)) for each in read
        )
        return Reference(base, plus)

    @asynccontextmanager
    async def _caller(self) -> AsyncGenerator[Caller]:
        caller = await self._idle.get()
        try:
            yield caller
        finally:
            self._idle.put_nowait(caller)


def _first_failure(checks: Sequence[Check], read: Recording) -> Failure | None:
    """That of the first check that does not hold, or whose calls did not all return."""
    at = 0
    for check in checks:
        outputs: list[Any] = [values.plain(values.value(line)) for line in read.lines[at : at + len(check.calls)]]
        if len(outputs) < len(check.calls):
            return read.failure
        at += len(outputs)
        holds, expected, actual = check.judge(outputs)
        if not holds:
            arguments = ", ".join(map(feedback.arguments, check.calls))
            return Failure("wrong answer", arguments, feedback.wrong(arguments, expected, actual))
    return read.failure
