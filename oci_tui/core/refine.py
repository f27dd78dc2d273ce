"""The loop: a turn is at most N rounds of generate, apply, run, judge; what a run printed is the next message."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import check, context, events, failure, feedback, guards
from oci_tui.core.conversation import Conversation
from oci_tui.core.diff import Diff
from oci_tui.core.edits import Files, settle
from oci_tui.core.events import Event
from oci_tui.core.generation import Begun, Message, Piece, Request, Sampling, Usage
from oci_tui.core.labels import PYTHON_TAGS
from oci_tui.core.level import bring_level, collect
from oci_tui.core.output import KeptOutput
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Approver, Command, Engine, Exit, Output, Plot, Sandbox, Workspace
from oci_tui.core.reply import RUNNABLE_TAGS, Reply, ReplyReader, placed
from oci_tui.core.terminal import printed
from oci_tui.core.verdict import Standing, Verdict

# how a model that wrote the same again gets another chance
RESAMPLED = Sampling(temperature=0.7, top_p=0.9)

_CUT_OFF, _EDITS_REFUSED, _NOT_RUN = "reply cut off", "edits refused", "not run: no sandbox"
_NOT_DONE = "not done when the rounds were used up"


async def _nothing() -> AsyncGenerator[Piece]:
    """What an engine says that is not asked."""
    nothing: tuple[Piece, ...] = ()
    for piece in nothing:
        yield piece


Parts = tuple[Engine, Sandbox | None, Workspace, Approver]


class Turn:
    """One prompt's rounds over the session's parts. `verdict` and `rounds` say how it ended once `refine` is through.

    Without a `sandbox` the model answers and edits all the same, and nothing is run.
    """

    def __init__(
        self, prompt: str, conversation: Conversation, policy: Policy, parts: Parts, begun: Begun | None = None
    ) -> None:
        self.prompt = prompt
        self._begun = begun
        self.conversation = conversation
        self.policy = policy
        self.engine, self.sandbox, self.workspace, self.approver = parts
        self.verdict = Verdict.FAILED
        self.rounds = 0
        self._reply = Reply("")
        self._runs = RUNNABLE_TAGS
        self._wrote: tuple[str, ...] = ()
        self._said: list[str] = []
        self._passed: bool | None = None
        self._outcome = ""
        self._final = False
        self._diff = Diff()
        self._stuck = False
        self._again = False
        self._undone = False
        self._told: set[tuple[str, str]] = set()
        self._cut_off = False
        self._refused = False
        self._ran: bool | None = None
        self._checked: bool | None = None
        self._decided = False
        self._best: tuple[Standing, int] | None = None
        self._kept = 0
        self._error = ""

    async def refine(self) -> AsyncGenerator[Event]:
        """Rounds, until one passes the check, the model has nothing more to run, or they are used up."""
        for number in range(1, self.policy.rounds + 1):
            self.rounds = number
            async with aclosing(self._meet_the_user()) as happened:
                async for event in happened:
                    yield event
            if number == 1:
                await self._begin()
            yield events.RoundStarted(self.conversation.turns, number)
            for step in (self._write, self._run, self._conclude):
                async with aclosing(step()) as happened:
                    async for event in happened:
                        yield event
            kept = await self.workspace.history.keep(f"turn {self.conversation.turns}, round {number}: {self._outcome}")
            yield events.RoundFinished(self.conversation.turns, number, self._passed, self._outcome)
            self.verdict = self._judged()
            async with aclosing(self._hold_the_best(kept)) as happened:
                async for event in happened:
                    yield event
            if self._final:
                break
            async with aclosing(self._feed_back()) as happened:
                async for event in happened:
                    yield event

    def _judged(self) -> Verdict:
        """How the turn stands after a round: where the check ran only the check counts, edits left undone never pass."""
        self._ran = self._ran if self._passed is None else self._passed
        result = self._ran if self._checked is None else self._checked
        if self._refused:
            return Verdict.REFUSED
        if self._outcome == _NOT_RUN:
            return Verdict.NOT_RUN
        if self._outcome in (_CUT_OFF, _EDITS_REFUSED):
            return Verdict.FAILED
        return {None: Verdict.ANSWERED, True: Verdict.PASSED, False: Verdict.FAILED}[result]

    async def _hold_the_best(self, kept: int) -> AsyncGenerator[Event]:
        """Where the check came out worse than in an earlier round, the files go back to that one; `kept` is this one's."""
        decided, self._decided = self._decided, False
        self._kept = kept or self._kept
        if not (decided and self._kept) or self._passed is None:
            return
        now = Standing.of(self._passed, failure.counts(self.conversation.output))
        if self._best is None or now >= self._best[0]:
            self._best = now, self._kept
            return
        best, number = self._best
        self._kept = number
        await bring_level(self.sandbox, self.workspace, await self.workspace.history.restore(number))
        self._diff = await self.workspace.diff()
        room = int(self._room * context.OTHER_SHARE * context.TOKEN_CHARACTERS)
        files = context.changed_files(self.workspace, self._wrote, self.conversation.known, room)
        self._said.append(feedback.taken_back(max(now.tests_passed, 0), max(best.tests_passed, 0), tuple(files.values())))
        yield events.RoundRestored(number)
        yield events.DiffChanged(self._diff)

    async def _begin(self) -> None:
        """The prompt and the files it needs become this turn's message: as many files as the window has room for."""
        conversation = self.conversation
        self._window = (await self.engine.describe()).context
        self._room = min(self._window, context.MOST_TOKENS) - self.policy.max_new_tokens
        first = len(conversation.messages) == 1
        said, cut = context.instructions(self.workspace) if first else (conversation.instructions, False)
        if self.sandbox:
            info = await self.sandbox.describe()
            self._runs = frozenset(info.tags)
            conversation.messages[0] = context.system_message(info.languages, said)
        elif first:
            conversation.messages[0] = context.system_message(instructions=said)
        conversation.instructions = said
        for share in (1.0, 0.5, 0.25, 0.1, 0.0):
            known = dict(conversation.known)
            room = int(self._room * share)
            shown = await context.show(self.workspace, self.prompt, conversation.output, room, known)
            text = f"{shown.text}\n{self.prompt}" if shown.text else self.prompt
            if await self.engine.count([conversation.messages[0], Message("user", text)]) <= self._room:
                break
        conversation.known = known
        self._seen = set(shown.paths)
        ours = (context.INSTRUCTIONS,)
        self._read = (*ours * bool(first and said), *shown.paths)
        self._left_out = (*shown.left_out, *(f"the end of {path}" for path in ours * cut))
        conversation.say(text)
        self._first_message = len(conversation.messages) - 1
        self._diff = await self.workspace.diff()

    async def _meet_the_user(self) -> AsyncGenerator[Event]:
        """What the person edited meanwhile comes into mirror and sandbox; a model that has read files is told."""
        edits = await self.workspace.refresh()
        await bring_level(self.sandbox, self.workspace, edits.level)
        said = feedback.user_edits(edits)
        if not said:
            return
        # an earlier round lacks what the person just wrote: going back to it would take that out
        self._best = None
        yield events.UserEdited(edits.paths, edits.conflicts, edits.moved)
        yield events.DiffChanged(await self.workspace.diff())
        if self.conversation.known:
            room = int(self._room * context.NAMED_SHARE * context.TOKEN_CHARACTERS) if self.rounds > 1 else 0
            changed = context.changed_files(self.workspace, edits.paths, self.conversation.known, room)
            self.conversation.say("\n".join([said, *changed.values()]))

    async def _write(self) -> AsyncGenerator[Event]:
        """A reply and its edits. Where one was refused the model is told at once and replies again, a few times at most."""
        self._wrote, self._said = (), []
        for left in range(self.policy.corrections, -1, -1):
            for step in (self._generate, self._apply):
                async with aclosing(step()) as happened:
                    async for event in happened:
                        yield event
            if not (left and self._undone):
                break
            async with aclosing(self._feed_back()) as happened:
                async for event in happened:
                    yield event

    async def _generate(self) -> AsyncGenerator[Event]:
        """One reply: what the model reads, the reply as it grows, and the whole of it."""
        messages = self.conversation.messages
        kept = await context.fitted(messages, self._room, self._first_message, self.engine.count)
        forgotten: list[str] = []
        if kept.dropped:
            self._first_message = max(self._first_message - len(messages) + len(kept.messages), 1)
            messages[:] = kept.messages
            known = self.conversation.known
            forgotten = sorted(known.keys() - self._seen)
            self.conversation.known = {path: told for path, told in known.items() if path in self._seen}
        dropped = (*kept.dropped, *forgotten)
        yield events.ContextBuilt(self._read, self._left_out, kept.size, self._window, dropped)
        self._read = self._left_out = ()
        reader, usage = ReplyReader(self.conversation.known, self._runs), Usage()
        texts = {path: text for path in self.conversation.known if (text := self.workspace.read(path)) is not None}
        request = Request(
            kept.messages,
            self.policy.max_new_tokens,
            RESAMPLED if self._stuck else self.policy.sampling,
            begin_with=self._begun.text if self._begun else "",
            alternatives=self.policy.alternatives,
            drafts=tuple(texts.values()),
        )
        begun, self._begun = self._begun, None
        if begun:
            reader.feed(begun.text)
            yield events.ReplyGrew(begun.text)
        async with aclosing(self.engine.generate(request) if begun is None or begun.go_on else _nothing()) as pieces:
            async for piece in pieces:
                usage = piece.usage or usage
                if piece.text:
                    reader.feed(piece.text)
                    yield events.ReplyGrew(piece.text, piece.tokens)
        self._cut_off = usage.end == "length" and reader.open is not None
        before, self._reply = self._reply, placed(reader.finish(cut_off=self._cut_off), texts, self.prompt)
        self._again = self._reply.text == before.text
        messages.append(Message("assistant", self._reply.text))
        yield events.ReplyFinished(self._reply.text, usage)

    async def _apply(self) -> AsyncGenerator[Event]:
        """The reply's edits go into the mirror and the sandbox; the model is told of those that cannot."""
        known = self.conversation.known
        files = Files(self.workspace.paths(), self.workspace.read, self.workspace.check, known)
        done = settle(self._reply.edits, files, self.prompt, self._told)
        self._wrote, self._undone, self._stuck = (
            tuple(dict.fromkeys([*self._wrote, *done.written])),
            bool(done.refused),
            self._again,
        )
        if self._cut_off:
            self._said.append(feedback.CUT_OFF)
        if done.written:
            await bring_level(self.sandbox, self.workspace, await self.workspace.apply(done.written))
            yield events.EditsApplied(tuple(done.written), notes=tuple(done.notes))
            before, self._diff = self._diff, await self.workspace.diff()
            self._stuck = self._stuck or self._diff == before
            yield events.DiffChanged(self._diff)
        texts = {path: self.workspace.read(path) for path in (*done.written, *done.shown)}
        known.update({path: hash(text) for path, text in texts.items()})
        self._seen.update(texts)
        if self._stuck:
            self._said.append(feedback.SAME_EDIT)
        nothing = not (self._reply.edits or self._reply.code or self._cut_off or self._diff.files)
        if nothing and guards.only_claims(self._reply.text, self.workspace.paths()):
            self._undone = True
            self._said.append(feedback.NO_CODE)
            yield events.EditsRefused(("the reply says that it changed a file, and holds no code",))
        if done.refused:
            self._said.append(feedback.refused_edits(done.refused))
            yield events.EditsRefused(tuple(reason.partition("\n")[0] for reason in done.refused))

    async def _run(self) -> AsyncGenerator[Event]:
        """Run what decides the round: the check when files changed, else the reply's own code."""
        self._final = not (self._reply.edits or self._reply.code or self._cut_off or self._wrote)
        unrun = {"answered": self._final, "edited": self._wrote, _CUT_OFF: self._cut_off, _EDITS_REFUSED: True}
        self._passed, self._outcome = None, next(phrase for phrase, holds in unrun.items() if holds)
        deciding = check.find_check(self.policy.check_command, self.workspace.paths(), self.policy.timeout_s)
        if self._wrote and not deciding and not self._reply.code:
            deciding = check.compile_check(self._wrote, self.policy.timeout_s)
        if not (self._wrote and deciding):
            changed = False
            for code in self._reply.code:
                stateful = self.policy.stateful and code.language in PYTHON_TAGS
                command = Command(code.language, (), code.language, code.text, self.policy.timeout_s, stateful)
                async with aclosing(self._execute(command)) as happened:
                    async for event in happened:
                        changed = changed or isinstance(event, events.DiffChanged)
                        yield event
                if not self._passed:
                    return
            if not changed:
                self._final = self._final or bool(self._wrote and not self._reply.code)
                return
        if deciding:
            async with aclosing(self._execute(deciding)) as happened:
                async for event in happened:
                    yield event
            self._checked = self._passed
            self._decided = True
            self._final = bool(self._passed) or self._final

    async def _conclude(self) -> AsyncGenerator[Event]:
        """In the last round the model reads what its code printed, and may say that it is done; nothing more is run."""
        if self.rounds < self.policy.rounds or self._final or self._decided or not self._passed:
            return
        for step in (self._feed_back, self._generate):
            async with aclosing(step()) as happened:
                async for event in happened:
                    yield event
        self._final = not (self._reply.edits or self._reply.code)
        if not self._final:
            self._passed, self._outcome = False, _NOT_DONE

    async def _execute(self, command: Command) -> AsyncGenerator[Event]:
        """One command; what it printed is remembered for the model, what it changed comes into the mirror."""
        if command.language in PYTHON_TAGS and feedback.calls_input(command.code):
            self._said.append(feedback.INPUT_CALLED)
            self._passed, self._outcome = False, "input() was called"
            return
        if self.sandbox is None:
            self._passed, self._outcome, self._final = None, _NOT_RUN, True
            return
        if not await self.approver.allows(command):
            self._passed, self._outcome = None, "not allowed"
            self._final = self._refused = True
            return
        tests = {path: text for path in self.workspace.paths() if guards.is_test(path) and (text := self.workspace.read(path))}
        yield events.CommandStarted(command)
        output, images = KeptOutput(), 0
        end = Exit(1, "connection lost")
        async with aclosing(self.sandbox.run(command)) as run:
            async for item in run:
                if isinstance(item, Output):
                    output.add(item.stream, item.text)
                    yield events.OutputArrived(item.stream, item.text)
                elif isinstance(item, Plot):
                    images += 1
                    yield events.PlotDrawn(item)
                else:
                    end = item
        yield events.CommandFinished(command, end)
        text = printed(output.text())
        shown = text + feedback.IMAGE * images
        said = feedback.execution_result(shown, end, expect_output=bool(command.language), omitted=output.omitted)
        self._said.append(said)
        self._passed, self._outcome = end.passed, check.outcome(text, end.code, end.reason)
        self.conversation.output = text
        self._said.extend(await collect(self.sandbox, self.workspace))
        if lost := guards.damaged_tests(tests, self.workspace.read, self.prompt):
            await bring_level(self.sandbox, self.workspace, await self.workspace.apply(lost))
            self._said.append(feedback.tests_kept(tuple(lost)))
        if not self._passed:
            self._pull_in(text)
            before, self._error = self._error, failure.signature(text)
            if self._error == before:
                self._stuck = True
                self._said.append(feedback.SAME_ERROR)
        if (diff := await self.workspace.diff()) != self._diff:
            self._diff = diff
            yield events.DiffChanged(diff)

    def _pull_in(self, output: str) -> None:
        """Files that a failed run names and that the model has not read come with what it printed."""
        room = int(self._room * context.OTHER_SHARE * context.TOKEN_CHARACTERS)
        paths = [place.path for place in failure.places(output, set(self.workspace.paths()))]
        pulled = context.unread_files(self.workspace, paths, self.conversation.known, room)
        self._said.extend(pulled.values())
        self._seen.update(pulled)
        self._read = tuple(pulled)

    async def _feed_back(self) -> AsyncGenerator[Event]:
        """The next message: what was refused and printed, and what the person said meanwhile."""
        self.conversation.say("\n\n".join(self._said))
        self._said = []
        for text in self.conversation.steered:
            self.conversation.say(text)
            yield events.Steered(text)
        self.conversation.steered.clear()
