"""The loop: a turn is at most N rounds of generate, apply, run, judge; what a run printed is the next message."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from oci_tui.core import context, events, examples, failure, feedback, guards
from oci_tui.core.attempt import Attempt, Parts
from oci_tui.core.conversation import CUT, Conversation
from oci_tui.core.errors import PromptError, SandboxError
from oci_tui.core.events import Event
from oci_tui.core.generation import Begun, Message
from oci_tui.core.level import bring_level
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Sandboxes, Snapshot
from oci_tui.core.race import MOST_UNASKED, Race
from oci_tui.core.verdict import COMPILED, NOT_AS_STATED, NOT_DONE, Standing, Verdict

Step = Callable[[], AsyncGenerator[Event]]

_LESS_AND_LESS = (
    (1.0, 1.0, True),
    (1.0, 0.4, True),
    (1.0, 0.0, True),
    (1.0, 0.0, False),
    (0.5, 0.0, False),
    (0.25, 0.0, False),
    (0.1, 0.0, False),
    (0.0, 0.0, False),
)
"""What a turn's first message may hold, until it fits: the share of the room, the part of it for what nobody asked for, and
whether all that the first check said comes, with the files that it names.
"""


async def _done(*steps: Step) -> AsyncGenerator[Event]:
    """What happens in one step after the other."""
    for step in steps:
        async with aclosing(step()) as happened:
            async for event in happened:
                yield event


class Turn:
    """One prompt's rounds over the session's parts. `verdict` and `rounds` say how it ended once `refine` is through."""

    def __init__(
        self,
        prompt: str,
        conversation: Conversation,
        policy: Policy,
        parts: Parts,
        begun: Begun | None = None,
        sandboxes: Sandboxes | None = None,
    ) -> None:
        self.prompt = prompt
        self.conversation = conversation
        self.policy = policy
        self.attempt = Attempt(prompt, conversation, policy, parts, begun)
        self.workspace = parts[2]
        self.verdict = Verdict.FAILED
        self.rounds = 0
        self._best: tuple[Standing, int] | None = None
        self._kept = 0
        self._anew = False
        self._sandboxes = sandboxes
        self._start: tuple[Snapshot, Conversation] | None = None

    async def refine(self) -> AsyncGenerator[Event]:
        """Rounds, until one passes the check, the model has nothing more to run, or they are used up."""
        attempt, turn = self.attempt, self.conversation.turns
        while not attempt.final and (replies := await self._replies(self.rounds + 1)):
            self.rounds += 1
            async with aclosing(self._meet_the_user()) as happened:
                async for event in happened:
                    yield event
            yield events.RoundStarted(turn, self.rounds)
            if self.rounds == 1:
                async with aclosing(self._begin()) as happened:
                    async for event in happened:
                        yield event
            steps: list[Step] = [attempt.write, attempt.run] if replies == 1 else [partial(self._race, replies)]
            async with aclosing(_done(*steps, *[attempt.conclude] * (self.rounds >= self.policy.rounds))) as happened:
                async for event in happened:
                    yield event
            kept = await self.workspace.history.keep(f"turn {turn}, round {self.rounds}: {attempt.outcome}")
            passed = None if attempt.outcome in (COMPILED, NOT_AS_STATED) else attempt.passed
            yield events.RoundFinished(turn, self.rounds, passed, attempt.outcome, kept)
            self.verdict = attempt.judged()
            again = self.rounds < self.policy.rounds and (attempt.failed_plainly or (attempt.failed_the_same and self._start))
            after = [self._start_over if again else attempt.feed_back] * (not attempt.final)
            async with aclosing(_done(partial(self._hold_the_best, kept), *after)) as happened:
                async for event in happened:
                    yield event

    async def _replies(self, number: int) -> int:
        """How many replies are tried in the round of this number; 0 when there is no such round.

        After a last round that failed several are begun from the prompt once more: where two or three repairs did not help,
        another beginning helps more than another repair.
        """
        alone = not self._sandboxes or not self.attempt.sandbox or self.attempt.approval.mode == "plan" or self.attempt.begun
        if number <= self.policy.rounds:
            return 1 if alone else max(self.policy.candidates, 1)
        if alone or self.policy.candidates or number > self.policy.rounds + 1:
            return 0
        failed = self.verdict is Verdict.FAILED and self.attempt.outcome != NOT_DONE
        at_once = (await self.attempt.engine.describe()).at_once
        return min(at_once, MOST_UNASKED) if failed and at_once > 1 else 0

    async def _race(self, replies: int) -> AsyncGenerator[Event]:
        """The best of several replies is the round's, with its files."""
        attempt, unasked = self.attempt, self.rounds > self.policy.rounds
        start = self._start if unasked else None
        async with aclosing(attempt.look()) as happened:
            async for event in happened:
                yield event
        assert self._sandboxes
        race = Race(attempt, replies, await attempt.engine.describe(), self._sandboxes, seed=self.rounds * 100, start=start)
        try:
            async with aclosing(race.run()) as happened:
                async for event in happened:
                    yield event
        except SandboxError:
            # nobody asked for these containers: without them the turn ends as its last round did
            if unasked:
                return
            raise
        winner = race.winner.attempt
        attempt.take_over(winner)
        if start:
            self.conversation.go_on_as(winner.conversation, winner.conversation.first + 1)
        else:
            self.conversation.go_on_as(winner.conversation)
        await bring_level(attempt.sandbox, self.workspace, await self.workspace.adopt(winner.workspace))
        attempt.diff = await self.workspace.diff()
        yield events.DiffChanged(attempt.diff)

    async def _hold_the_best(self, kept: int) -> AsyncGenerator[Event]:
        """Where the check came out worse than in an earlier round, the files go back to that one; `kept` is this one's."""
        attempt = self.attempt
        self._kept = kept or self._kept
        said: Callable[[Sequence[str]], str] = feedback.best_kept
        if attempt.decided and self._kept and attempt.passed is not None:
            now = Standing.of(attempt.passed, failure.counts(self.conversation.output))
            if self._best is None or now >= self._best[0]:
                self._best, self._anew = (now, self._kept), False
                return
            said = partial(feedback.taken_back, max(now.tests_passed, 0), max(self._best[0].tests_passed, 0))
        elif not (self._anew and self._best and (attempt.final or self.rounds >= self.policy.rounds)):
            # only where what was begun anew comes to nothing: an earlier round's files are more than those from before the turn
            return
        self._kept = number = self._best[1]
        await bring_level(attempt.sandbox, self.workspace, await self.workspace.history.restore(number))
        attempt.diff, self._anew = await self.workspace.diff(), False
        room = await attempt.left(context.other_characters(attempt.room))
        files = context.changed_files(self.workspace, attempt.wrote, self.conversation.known, room)
        (self.conversation.say if attempt.final else attempt.said.append)(said(tuple(files.values())))
        yield events.RoundRestored(number)
        yield events.DiffChanged(attempt.diff)

    async def _start_over(self) -> AsyncGenerator[Event]:
        """The next round begins from the files that this turn began with, or from the best so far that passes more tests."""
        attempt, changed = self.attempt, list[str]()
        if self._start and attempt.failed_the_same:
            files, conversation = self._start
            self.conversation.known = dict(conversation.known)
            if self._came_further():
                changed = [file.path for file in attempt.diff.files if file.path in self.conversation.seen]
            else:
                self._anew = True
                await bring_level(attempt.sandbox, self.workspace, await self.workspace.adopt(files.fork()))
                before, attempt.diff = attempt.diff, await self.workspace.diff()
                if attempt.diff != before:
                    yield events.DiffChanged(attempt.diff)
        async with aclosing(attempt.start_over(changed)) as happened:
            async for event in happened:
                yield event

    def _came_further(self) -> bool:
        """Whether more tests pass in the best round than before the first reply; False where the check did not run then."""
        before = self.attempt.first_check.output
        return bool(before and self._best and self._best[0] > Standing.of(False, failure.counts(before)))

    async def _begin(self) -> AsyncGenerator[Event]:
        """The prompt and the files it needs become this turn's message: as many files as the window has room for."""
        attempt, conversation = self.attempt, self.conversation
        attempt.examples = examples.found(self.prompt, self.workspace.paths(), self.workspace.read)
        attempt.window = (await attempt.engine.describe()).context
        attempt.room = min(attempt.window, context.MOST_TOKENS) - self.policy.max_new_tokens
        first = len(conversation.messages) == 1
        planning = attempt.approval.mode == "plan"
        said, cut = context.instructions(self.workspace) if first else (conversation.instructions, False)
        if attempt.sandbox:
            info = await attempt.sandbox.describe()
            attempt.runs, conversation.languages = frozenset(info.tags), info.languages
        attempt.plain = first and not (said or planning or self.workspace.paths())
        fixed = context.system_message(conversation.languages, said, planning=planning)
        conversation.messages[0] = context.PLAIN if attempt.plain else fixed
        conversation.instructions = said
        count, alone = attempt.engine.count, [conversation.messages[0], Message("user", self.prompt)]
        if (size := await count(alone)) > attempt.room:
            most = attempt.room - await count([alone[0], Message("user", "")])
            raise PromptError(
                f"the prompt has {size - attempt.room + most} tokens, and {most} is the most that is read: shorten it"
            )
        if not planning:
            async with aclosing(self._check_first()) as happened:
                async for event in happened:
                    yield event
        check, ago = attempt.first_check, conversation.unanswered()
        read = self.workspace.read
        for share, unasked, whole in _LESS_AND_LESS:
            free = context.kept_free(attempt.room, self.policy.max_new_tokens, unasked=unasked)
            left = attempt.room - free - size
            most = left if whole else min(left, context.LEAST_FEEDBACK_TOKENS)
            heard, failing = await context.cut(ago, most, count), await context.cut(check.said, most, count)
            cut_out = conversation.whole(ago, read) - conversation.whole(heard, read)
            known = {path: told for path, told in conversation.known.items() if path not in cut_out}
            room, named = int(attempt.room * share), [place.path for place in check.places] if whole else ()
            output = conversation.output
            shown = await context.show(self.workspace, attempt.parser, self.prompt, output, room, known, named, unasked)
            unread = [place for place in check.places if place.path not in known]
            frames = context.frames(self.workspace, unread, check.output, int(context.MOST_OF_FRAMES * share))
            text = "\n".join(filter(None, (shown.text, failing, *frames, self.prompt)))
            if await count([conversation.messages[0], Message("user", f"{heard}\n\n{text}")]) <= attempt.room - free:
                break
        conversation.known = known
        conversation.seen = {*shown.paths, *conversation.whole(heard, read)}
        ours = (context.INSTRUCTIONS,)
        paths = (*ours * bool(first and said), *shown.paths)
        left_out = (*shown.left_out, *(f"the end of {path}" for path in ours * cut))
        attempt.shown = context.Shown(paths=paths, left_out=left_out, unknown=shown.unknown)
        if ago:
            conversation.say(heard)
            attempt.forgotten += (CUT,) * (heard != ago)
        conversation.say(text)
        conversation.first, attempt.opening = len(conversation.messages) - 1, conversation.messages[-1]
        attempt.diff = await self.workspace.diff()
        self._start = self.workspace.fork(), conversation.beside()

    async def _check_first(self) -> AsyncGenerator[Event]:
        """Where the person says that something fails, the check runs before the first reply, which knows then how it fails.

        Not where it takes a question, and not where the model has just read what the check says.
        """
        attempt, conversation = self.attempt, self.conversation
        if attempt.sandbox is None or attempt.begun or conversation.failing or not guards.complains(self.prompt):
            return
        async with aclosing(attempt.look()) as happened:
            async for event in happened:
                yield event
        decider = attempt.decider
        if decider is None or not (permission := attempt.approval.by_rule(decider)) or not permission.allowed:
            return
        asked = decider, attempt.sandbox, attempt.workspace, self.prompt, conversation.checking
        async with aclosing(attempt.first_check.told(*asked)) as happened:
            async for event in happened:
                yield event
        conversation.output, attempt.error = attempt.first_check.output, attempt.first_check.failure

    async def _meet_the_user(self) -> AsyncGenerator[Event]:
        """What the person edited meanwhile comes into mirror and sandbox; a model that has read files is told."""
        attempt = self.attempt
        edits = await self.workspace.refresh()
        await bring_level(attempt.sandbox, self.workspace, edits.level)
        said = feedback.user_edits(edits)
        if not said:
            return
        # an earlier round lacks what the person just wrote: going back to it would take that out
        self._best = self._start = None
        yield events.UserEdited(edits.paths, edits.conflicts, edits.moved)
        yield events.DiffChanged(await self.workspace.diff())
        if self.conversation.known:
            most = int(attempt.room * context.NAMED_SHARE * context.TOKEN_CHARACTERS)
            room = await attempt.left(most) if self.rounds > 1 else 0
            changed = context.changed_files(self.workspace, edits.paths, self.conversation.known, room)
            self.conversation.say("\n".join([said, *changed.values()]))
