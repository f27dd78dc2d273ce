"""How a problem is tried: at once, with the failing hidden test fed back, with only the visible ones, or with guidance."""

from __future__ import annotations

import time
from functools import partial

import msgspec

from oci_tui.core.generation import Message, encodable
from oci_tui.core.ports import Engine
from oci_tui.evaluate.datasets import Level, Problem
from oci_tui.evaluate.dialogue import Dialogue, Product, Published
from oci_tui.evaluate.guide import Guide, messages
from oci_tui.evaluate.replies import Replies, Said
from oci_tui.evaluate.results import Attempt, Conditions, Record
from oci_tui.evaluate.sanitize import sanitize
from oci_tui.evaluate.scoring import Scorer

NO_ROOM = "the next prompt did not fit the model's window"


class Solver:
    """Tries problems under the conditions of a run. Only `visible` keeps the best round; the others keep the last."""

    def __init__(
        self,
        conditions: Conditions,
        engine: Engine,
        model: str,
        scorer: Scorer,
        replies: Replies,
        guide: Guide | None = None,
    ) -> None:
        self._conditions, self._engine, self._model = conditions, engine, model
        self._scorer, self._replies, self._guide = scorer, replies, guide
        self._hidden: tuple[Level, ...] = ("base", "plus") if conditions.level == "plus" else ("base",)

    async def solve(self, problem: Problem, sample: int) -> Record:
        """Raises OciError when the engine or the sandbox fails."""
        began = time.monotonic()
        dialogue = self._dialogue(problem)
        attempts: list[Attempt] = []
        kept, best, note = 0, -1, ""
        for left in range(self._conditions.rounds - 1, -1, -1):
            if not await self._fits(dialogue.messages):
                note = NO_ROOM
                break
            said = await self._reply(dialogue, sample)
            attempt = await self._score(problem, dialogue, said)
            over = not left or self._settled(problem, attempt, first=not attempts)
            if not over:
                attempt = await self._taught(problem, dialogue, attempt)
                dialogue.answer(attempt.reply, attempt.feedback)
            # what only the scorer sees may not decide which reply counts
            if self._conditions.protocol != "visible" or attempt.shown_passed >= best:
                kept, best = len(attempts), attempt.shown_passed
            attempts.append(attempt)
            if over:
                break
        passed: dict[str, bool] = {level: bool(attempts) and attempts[kept].passed[level] for level in self._hidden}
        seconds = round(time.monotonic() - began, 3)
        return Record(task_id(problem.id, sample), encodable(problem.id), sample, tuple(attempts), kept, passed, seconds, note)

    def _dialogue(self, problem: Problem) -> Dialogue:
        find, prompt = partial(sanitize, entry_point=problem.entry_point), encodable(problem.prompt)
        if self._conditions.prompt == "product":
            return Product(prompt, find)
        return Published(prompt, find, completion=problem.family == "humaneval")

    async def _fits(self, asked: tuple[Message, ...]) -> bool:
        return await self._engine.count(asked) + self._conditions.max_new_tokens <= self._conditions.context

    async def _reply(self, dialogue: Dialogue, sample: int) -> Said:
        drawn = dialogue.resampled or self._conditions.sampling
        again = dialogue.resampled.seed if dialogue.resampled else 0
        sampling = msgspec.structs.replace(drawn, seed=self._conditions.sampling.seed + sample + again)
        return await self._replies.reply(
            self._engine, self._model, dialogue.messages, sampling, self._conditions.max_new_tokens
        )

    async def _score(self, problem: Problem, dialogue: Dialogue, said: Said) -> Attempt:
        asked, code = dialogue.messages, dialogue.read(said.text)
        hidden = await self._scorer.score(problem, code, self._hidden[-1])
        passed: dict[str, bool] = {"base": hidden.base_passed, self._hidden[-1]: hidden.passed}
        outputs, seconds, shown = {"hidden": hidden.feedback}, hidden.seconds, 0
        if self._conditions.protocol == "visible":
            visible = await self._scorer.score(problem, code, "visible")
            passed["visible"], outputs["visible"] = visible.passed, visible.feedback
            seconds += visible.seconds
            shown = len(problem.visible_tests) if visible.passed else await self._shown_passed(problem, code)
        return Attempt(
            asked,
            said.text,
            code,
            passed,
            {tests: encodable(output) for tests, output in outputs.items() if output},
            usage=said.usage,
            scoring_s=round(seconds, 3),
            shown_passed=shown,
        )

    async def _shown_passed(self, problem: Problem, code: str) -> int:
        """How many of the tests that the problem shows pass, each by itself; -1 without code."""
        if not code:
            return -1
        alone = [msgspec.structs.replace(problem, visible_tests=(test,)) for test in problem.visible_tests]
        return sum([(await self._scorer.score(each, code, "visible")).passed for each in alone]) if len(alone) > 1 else 0

    def _settled(self, problem: Problem, attempt: Attempt, *, first: bool) -> bool:
        """Whether the protocol goes no further, as it has nothing to say about the code."""
        if self._conditions.protocol == "visible":
            return attempt.passed["visible"] or not problem.visible_tests
        # the paper's loop ends with a refinement in which there is no code
        return all(attempt.passed[level] for level in self._hidden) or not (first or attempt.code)

    async def _taught(self, problem: Problem, dialogue: Dialogue, attempt: Attempt) -> Attempt:
        """The attempt with what the model is told about it."""
        if self._conditions.protocol == "visible":
            return msgspec.structs.replace(attempt, feedback=dialogue.result(attempt.outputs.get("visible", "")))
        output = attempt.outputs.get("hidden", "")
        if self._guide is None:
            return msgspec.structs.replace(attempt, feedback=dialogue.result(output))
        solution = problem.canonical.removeprefix(problem.prompt) if self._guide.oracle else ""
        asked = messages(encodable(problem.prompt), attempt.code, output, encodable(solution))
        advice = await self._guide.say(self._replies, asked)
        return msgspec.structs.replace(attempt, feedback=advice.text.strip(), guide_messages=asked, guide_usage=advice.usage)


class ProblemTask:
    """`queue.Task`: one try at a problem."""

    def __init__(self, solver: Solver, problem: Problem, sample: int) -> None:
        self._solver, self._problem, self._sample = solver, problem, sample
        self.id = task_id(problem.id, sample)

    async def run(self) -> Record:
        return await self._solver.solve(self._problem, self._sample)


def task_id(problem: str, sample: int) -> str:
    return f"{encodable(problem)}#{sample}"
