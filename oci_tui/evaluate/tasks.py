"""Repository tasks as work for the queue: the product or a peer does one, and the files after each round are judged."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Protocol

import msgspec

from oci_tui.core.generation import Usage
from oci_tui.core.ports import Sandbox
from oci_tui.evaluate.hidden_check import Judgement, judge
from oci_tui.evaluate.results import Attempt, Record
from oci_tui.evaluate.task_folders import Files, RepositoryTask

LEVEL = "hidden"
_KEPT = 4_000

OpenSandbox = Callable[[str], Sandbox]
"""A sandbox of the profile of this name; nothing is started yet."""


class State(msgspec.Struct, frozen=True):
    """The files at the end of a round, and what was said and used in it."""

    files: Files
    reply: str = ""
    usage: Usage = Usage()


class Done(msgspec.Struct, frozen=True):
    """What came of a task, round by round; `note` says in a phrase why it ended early."""

    states: tuple[State, ...]
    note: str = ""


class Way(Protocol):
    """One way to do tasks. `name` is what a table says of it."""

    name: str

    async def do(self, task: RepositoryTask) -> Done:
        """Raises OciError when the engine or the sandbox fails before anything was done."""
        ...


class TaskRun:
    """`queue.Task`: one task, done in one way; what a peer does after so many rounds does not count."""

    def __init__(self, task: RepositoryTask, way: Way, sandbox: OpenSandbox, rounds: int) -> None:
        self._task, self._way, self._sandbox, self._rounds = task, way, sandbox, rounds

    @property
    def id(self) -> str:
        return self._task.name

    async def run(self) -> Record:
        """Do it, and judge what was there after each round. Raises OciError."""
        started = time.monotonic()
        done = await self._way.do(self._task)
        took = time.monotonic() - started
        attempts = await self._judged(done.states[: self._rounds] or (State(self._task.repo),))
        return Record(
            id=self.id,
            problem=self.id,
            sample=0,
            attempts=attempts,
            kept=len(attempts) - 1,
            passed=attempts[-1].passed,
            seconds=round(took, 3),
            note=done.note,
        )

    async def _judged(self, states: Sequence[State]) -> tuple[Attempt, ...]:
        """One container judges all states of a task; a state that is as the one before is not judged again."""
        attempts: list[Attempt] = []
        found = Judgement(False)
        async with opened(self._sandbox(self._task.profile)) as sandbox:
            for number, state in enumerate(states):
                started = time.monotonic()
                if number == 0 or state.files != states[number - 1].files:
                    found = await judge(sandbox, self._task, state.files, f"state-{number}")
                attempts.append(
                    Attempt(
                        messages=(),
                        reply=state.reply,
                        code="",
                        passed={LEVEL: found.passed},
                        outputs={} if found.passed else {LEVEL: found.output[-_KEPT:]},
                        usage=state.usage,
                        scoring_s=round(time.monotonic() - started, 3),
                    )
                )
        return tuple(attempts)


@asynccontextmanager
async def opened(sandbox: Sandbox) -> AsyncGenerator[Sandbox]:
    """The sandbox, started, and gone afterwards. Raises SandboxError."""
    try:
        async with aclosing(sandbox.start()) as steps:
            async for _ in steps:
                pass
        yield sandbox
    finally:
        await sandbox.close()
