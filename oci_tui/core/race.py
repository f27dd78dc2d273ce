"""Best of n: several replies to the same messages, each tried in files and a container of its own; the best is the round's."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from oci_tui.core import events, failure, feedback
from oci_tui.core.attempt import Attempt
from oci_tui.core.beginning_anew import RESAMPLED
from oci_tui.core.conversation import Conversation
from oci_tui.core.errors import OciError
from oci_tui.core.events import Event
from oci_tui.core.generation import EngineInfo, Sampling
from oci_tui.core.ports import Sandboxes, Snapshot
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted

KEPT_OUTPUT = 256 << 10
"""How many characters of what a candidate's commands print are shown, should it be chosen."""

MOST_UNASKED = 4
"""So many candidates there are at most where nobody asked for a number."""

_WHY = ("how its check came out", "more tests passed", "the smaller change", "the model was surest of it")


class Rank(NamedTuple):
    """What candidates are compared by; a greater one is better."""

    result: int
    tests_passed: int
    smallness: int
    log_probability: float


class Candidate:
    """One reply and what came of it. `happened` is told only of the one that is chosen."""

    def __init__(self, number: int, attempt: Attempt, engine: EngineInfo) -> None:
        self.number = number
        self.attempt = attempt
        self._tells = bool(attempt.policy.alternatives)
        told = attempt.policy.alternatives or int(engine.probabilities)
        # where others are tried anyway, one that says the same again is not worth many more replies
        corrections = min(attempt.policy.corrections, 1)
        attempt.policy = msgspec.structs.replace(attempt.policy, alternatives=told, corrections=corrections)
        self.happened: list[Event] = []
        self.error: OciError | None = None
        self.same_as = 0
        self._room = KEPT_OUTPUT
        self._omitted = 0
        self._logs: list[float] = []
        self._stateful = False

    async def write(self) -> None:
        """The reply and its edits."""
        await self._collect(self.attempt.write)

    async def try_out(self, another: Sandboxes) -> None:
        """Run what decides, in a container of its own that is gone afterwards."""
        if not self.attempt.has_to_run:
            await self._collect(self.attempt.run)
            return
        sandbox, files = another(), self.attempt.workspace
        try:
            async with aclosing(sandbox.start()) as steps:
                async for _ in steps:
                    pass
            await sandbox.unpack(files.seed())
            files.synced(await sandbox.listing())
            self.attempt.sandbox = sandbox
            await self._collect(self.attempt.run)
        finally:
            self.attempt.sandbox = None
            await sandbox.close()
        if self._stateful:
            self.attempt.said.append(feedback.FORGOTTEN)

    def rank(self) -> Rank:
        attempt = self.attempt
        counts = failure.counts(attempt.conversation.output) if attempt.decided else None
        result = -1 if attempt.passed is None else int(attempt.passed) * (2 + 2 * attempt.decided - (not attempt.as_stated))
        if self.error or self.same_as:
            # below an error: what was not tried is not taken in the place of what could not be
            result = -3 if self.same_as else -2
        surest = self.log_probability if self.log_probability is not None else -math.inf
        return Rank(result, counts.passed if counts else -1, -self.lines, surest)

    @property
    def lines(self) -> int:
        """How many lines the change adds and removes."""
        return sum(file.added + file.removed for file in self.attempt.diff.files)

    @property
    def log_probability(self) -> float | None:
        """That of a token of the reply, on average; None where the engine does not tell, as a script is always sure."""
        return sum(self._logs) / len(self._logs) if any(self._logs) else None

    def finished(self, seconds: float) -> CandidateFinished:
        attempt = self.attempt
        outcome = str(self.error) if self.error else f"the same as {self.same_as}" if self.same_as else attempt.outcome
        passed = False if self.error else None if self.same_as else attempt.passed
        return CandidateFinished(self.number, passed, outcome, self.lines, self.log_probability, seconds)

    async def _collect(self, step: Callable[[], AsyncGenerator[Event]]) -> None:
        async with aclosing(step()) as happened:
            async for event in happened:
                self._keep(event)

    def _keep(self, event: Event) -> None:
        match event:
            case events.ReplyGrew():
                self._logs += [math.log(max(token.probability, 1e-9)) for token in event.tokens]
                tokens = event.tokens if self._tells else ()
                self.happened.append(events.ReplyGrew(event.text, tokens))
                return
            case events.OutputArrived():
                shown, self._room = event.text[: self._room], max(self._room - len(event.text), 0)
                self._omitted += len(event.text) - len(shown)
                if shown:
                    self.happened.append(events.OutputArrived(event.stream, shown))
                return
            case events.CommandFinished():
                self._stateful = self._stateful or event.command.stateful
                if self._omitted:
                    note = f"\n[{self._omitted} more characters are not shown: it ran beside others]\n"
                    self.happened.append(events.OutputArrived("stderr", note))
                    self._omitted = 0
        self.happened.append(event)


class Race:
    """Runs `count` candidates from where `attempt` stands, or from `start`: files and a conversation as they were before.

    As many are under way as the engine computes at once; once one has passed no other is begun, and what one has written
    already is not tried again. At the end there is a `winner`.
    """

    def __init__(
        self,
        attempt: Attempt,
        count: int,
        engine: EngineInfo,
        another: Sandboxes,
        seed: int,
        start: tuple[Snapshot, Conversation] | None = None,
    ) -> None:
        files, conversation = start or (attempt.workspace, attempt.conversation)
        self._another = another
        self._at_once = min(engine.at_once, count)
        self._turns = asyncio.Semaphore(engine.at_once)
        self._containers = asyncio.Semaphore(max(attempt.policy.containers, 1))
        self._won = False
        self._written: dict[Hashable, int] = {}
        self._candidates: list[Candidate] = []
        for number in range(1, count + 1):
            twin, luck = conversation.beside(), _luck(attempt, number, seed, fresh=bool(start))
            # what the person is told in a race is what the chosen one tells
            twin.checking = attempt.conversation.checking.beside()
            self._candidates.append(Candidate(number, attempt.beside(twin, files.fork(), luck), engine))
        self.winner = self._candidates[0]

    async def run(self) -> AsyncGenerator[Event]:
        """Candidates as they begin and end, the choice, and what happened in the one that was chosen. Raises OciError."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        tasks = [asyncio.create_task(self._run(candidate, queue)) for candidate in self._candidates]
        ended = asyncio.create_task(_after(tasks, queue))
        try:
            while (event := await queue.get()) is not None:
                yield event
            done = [candidate for candidate, task in zip(self._candidates, tasks, strict=True) if task.result()]
        finally:
            for task in (*tasks, ended):
                task.cancel()
            await asyncio.gather(*tasks, ended, return_exceptions=True)
        # of equals the first one wins: it is the model's likeliest reply
        best, *others = sorted(done, key=lambda candidate: candidate.rank(), reverse=True)
        if best.error:
            raise best.error
        self.winner = best
        yield CandidateChosen(best.number, _why(best, others))
        for event in best.happened:
            yield event

    async def _run(self, candidate: Candidate, queue: asyncio.Queue[Event | None]) -> bool:
        """Whether it was begun."""
        async with self._turns:
            if self._won:
                return False
            began = time.monotonic()
            queue.put_nowait(CandidateStarted(candidate.number, len(self._candidates), self._at_once))
            try:
                await candidate.write()
                first = self._written.setdefault(candidate.attempt.result, candidate.number)
                candidate.same_as = first if first != candidate.number else 0
                if not candidate.same_as:
                    async with self._containers:
                        await candidate.try_out(self._another)
            except OciError as error:
                candidate.error = error
            self._won = self._won or (candidate.rank().result > 0 and candidate.attempt.as_stated)
            queue.put_nowait(candidate.finished(time.monotonic() - began))
            return True


def _luck(attempt: Attempt, number: int, seed: int, *, fresh: bool) -> Sampling:
    """The first candidate's reply is chosen as the settings say, unless that one is known; the others' as luck will have it."""
    if number == 1 and not fresh:
        return attempt.sampling
    base = attempt.sampling if attempt.sampling.temperature > 0 else RESAMPLED
    return msgspec.structs.replace(base, seed=base.seed + seed + number)


def _why(best: Candidate, others: Sequence[Candidate]) -> str:
    if not others:
        return "no other was needed"
    pairs = zip(best.rank(), others[0].rank(), strict=True)
    return next((why for why, (one, other) in zip(_WHY, pairs, strict=True) if one != other), "it came first")


async def _after(tasks: Sequence[asyncio.Task[bool]], queue: asyncio.Queue[Event | None]) -> None:
    await asyncio.wait(tasks)
    queue.put_nowait(None)
