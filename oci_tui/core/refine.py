"""The loop: a turn is at most N rounds of generate, apply, run, judge; what a run printed is the next message."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import context, events, failure, feedback
from oci_tui.core.attempt import Attempt, Parts
from oci_tui.core.conversation import Conversation
from oci_tui.core.events import Event
from oci_tui.core.generation import Begun, Message
from oci_tui.core.level import bring_level
from oci_tui.core.policy import Policy
from oci_tui.core.verdict import Standing, Verdict


class Turn:
    """One prompt's rounds over the session's parts. `verdict` and `rounds` say how it ended once `refine` is through."""

    def __init__(
        self, prompt: str, conversation: Conversation, policy: Policy, parts: Parts, begun: Begun | None = None
    ) -> None:
        self.prompt = prompt
        self.conversation = conversation
        self.policy = policy
        self.attempt = Attempt(prompt, conversation, policy, parts, begun)
        self.workspace = self.attempt.workspace
        self.verdict = Verdict.FAILED
        self.rounds = 0
        self._best: tuple[Standing, int] | None = None
        self._kept = 0

    async def refine(self) -> AsyncGenerator[Event]:
        """Rounds, until one passes the check, the model has nothing more to run, or they are used up."""
        attempt, turn = self.attempt, self.conversation.turns
        for number in range(1, self.policy.rounds + 1):
            self.rounds = number
            async with aclosing(self._meet_the_user()) as happened:
                async for event in happened:
                    yield event
            if number == 1:
                await self._begin()
            yield events.RoundStarted(turn, number)
            steps = [attempt.write, attempt.run, *([attempt.conclude] if number == self.policy.rounds else [])]
            for step in steps:
                async with aclosing(step()) as happened:
                    async for event in happened:
                        yield event
            kept = await self.workspace.history.keep(f"turn {turn}, round {number}: {attempt.outcome}")
            yield events.RoundFinished(turn, number, attempt.passed, attempt.outcome, kept)
            self.verdict = attempt.judged()
            async with aclosing(self._hold_the_best(kept)) as happened:
                async for event in happened:
                    yield event
            if attempt.final:
                break
            async with aclosing(attempt.feed_back()) as happened:
                async for event in happened:
                    yield event

    async def _hold_the_best(self, kept: int) -> AsyncGenerator[Event]:
        """Where the check came out worse than in an earlier round, the files go back to that one; `kept` is this one's."""
        attempt = self.attempt
        self._kept = kept or self._kept
        if not (attempt.decided and self._kept) or attempt.passed is None:
            return
        now = Standing.of(attempt.passed, failure.counts(self.conversation.output))
        if self._best is None or now >= self._best[0]:
            self._best = now, self._kept
            return
        best, number = self._best
        self._kept = number
        await bring_level(attempt.sandbox, self.workspace, await self.workspace.history.restore(number))
        attempt.diff = await self.workspace.diff()
        room = int(attempt.room * context.OTHER_SHARE * context.TOKEN_CHARACTERS)
        files = context.changed_files(self.workspace, attempt.wrote, self.conversation.known, room)
        attempt.said.append(feedback.taken_back(max(now.tests_passed, 0), max(best.tests_passed, 0), tuple(files.values())))
        yield events.RoundRestored(number)
        yield events.DiffChanged(attempt.diff)

    async def _begin(self) -> None:
        """The prompt and the files it needs become this turn's message: as many files as the window has room for."""
        attempt, conversation = self.attempt, self.conversation
        attempt.window = (await attempt.engine.describe()).context
        attempt.room = min(attempt.window, context.MOST_TOKENS) - self.policy.max_new_tokens
        first = len(conversation.messages) == 1
        planning = attempt.approval.mode == "plan"
        said, cut = context.instructions(self.workspace) if first else (conversation.instructions, False)
        if attempt.sandbox:
            info = await attempt.sandbox.describe()
            attempt.runs, conversation.languages = frozenset(info.tags), info.languages
        conversation.messages[0] = context.system_message(conversation.languages, said, planning=planning)
        conversation.instructions = said
        for share in (1.0, 0.5, 0.25, 0.1, 0.0):
            known = dict(conversation.known)
            room = int(attempt.room * share)
            shown = await context.show(self.workspace, self.prompt, conversation.output, room, known)
            text = f"{shown.text}\n{self.prompt}" if shown.text else self.prompt
            if await attempt.engine.count([conversation.messages[0], Message("user", text)]) <= attempt.room:
                break
        conversation.known = known
        attempt.seen = set(shown.paths)
        ours = (context.INSTRUCTIONS,)
        attempt.read = (*ours * bool(first and said), *shown.paths)
        attempt.left_out = (*shown.left_out, *(f"the end of {path}" for path in ours * cut))
        conversation.say(text)
        attempt.first_message = len(conversation.messages) - 1
        attempt.diff = await self.workspace.diff()

    async def _meet_the_user(self) -> AsyncGenerator[Event]:
        """What the person edited meanwhile comes into mirror and sandbox; a model that has read files is told."""
        attempt = self.attempt
        edits = await self.workspace.refresh()
        await bring_level(attempt.sandbox, self.workspace, edits.level)
        said = feedback.user_edits(edits)
        if not said:
            return
        # an earlier round lacks what the person just wrote: going back to it would take that out
        self._best = None
        yield events.UserEdited(edits.paths, edits.conflicts, edits.moved)
        yield events.DiffChanged(await self.workspace.diff())
        if self.conversation.known:
            room = int(attempt.room * context.NAMED_SHARE * context.TOKEN_CHARACTERS) if self.rounds > 1 else 0
            changed = context.changed_files(self.workspace, edits.paths, self.conversation.known, room)
            self.conversation.say("\n".join([said, *changed.values()]))
