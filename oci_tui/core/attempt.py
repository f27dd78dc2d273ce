"""One reply in one place: it is written, its edits go into the files, what decides it runs, and the model is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from copy import copy

from msgspec.structs import replace

from oci_tui.core import check, context, events, examples, failure, feedback, guards, verdict
from oci_tui.core.approval import Approval, CommandAsked, CommandRefused
from oci_tui.core.beginning_anew import anew
from oci_tui.core.check import Check
from oci_tui.core.conversation import Conversation
from oci_tui.core.diff import Diff
from oci_tui.core.edits import MOST_SHOWN, Files, settle
from oci_tui.core.events import Event
from oci_tui.core.examples import Example
from oci_tui.core.execution import Execution
from oci_tui.core.generation import Begun, Message, Request, Sampling
from oci_tui.core.labels import PYTHON_TAGS
from oci_tui.core.level import bring_level
from oci_tui.core.own_code import as_command, changes_files, left_to_check
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Command, Engine, Parser, Sandbox, Snapshot, Workspace
from oci_tui.core.reply import RUNNABLE_TAGS, Code, Reply, ReplyReader, placed
from oci_tui.core.replying import Replying
from oci_tui.core.rules import text_of
from oci_tui.core.telling import Telling
from oci_tui.core.unbound import hint
from oci_tui.core.unfinished import left_behind
from oci_tui.core.verdict import Verdict

Parts = tuple[Engine, Sandbox | None, Workspace, Parser, Approval]


class Attempt(Telling):
    """What a turn does in each of its rounds, and how the last one came out.

    Without a `sandbox` the model answers and edits all the same, and nothing is run. `runs` are the fence tags of what can be
    run, `window` is how much the model could read, in tokens, `examples` are those of the prompt, and whether they came out
    `as_stated`. `plain`: there was no file when it began. `final`: there is nothing more to do. `error` tells which failure was
    the last.
    """

    def __init__(self, prompt: str, conversation: Conversation, policy: Policy, parts: Parts, begun: Begun | None) -> None:
        engine, self.sandbox, workspace, self.parser, self.approval = parts
        super().__init__(prompt, conversation, engine, workspace)
        self.prompt = prompt
        self.policy = policy
        self.sampling, self.runs = policy.sampling, RUNNABLE_TAGS
        self.window = 0
        self.plain = self.decided = self.final = False
        self.examples: tuple[Example, ...] = ()
        self.as_stated = True
        self.diff = Diff()
        self.wrote: tuple[str, ...] = ()
        self.passed: bool | None = None
        self.outcome = self.error = ""
        self.begun = begun
        self._reply = Reply("")
        self._told: set[tuple[str, str]] = set()
        self._again = self._stuck = self._undone = self._idle = self._cut_off = self._refused = self._planned = self._warned = (
            False
        )
        self._unchecked = self._failing = self._lacks = self._wordy = self._worded = self._told_otherwise = False
        self._ran: bool | None = None
        self._check: Check | None = None

    def beside(self, conversation: Conversation, files: Snapshot, sampling: Sampling) -> Attempt:
        """Another attempt from here, with a conversation and files of its own, no sandbox yet, and another luck."""
        twin = copy(self)
        twin.conversation, twin.workspace, twin.sandbox, twin.sampling = conversation, files, None, sampling
        twin.said, twin._told, twin._stuck = [], set(self._told), False
        twin._beginnings = copy(self._beginnings)
        return twin

    def take_over(self, twin: Attempt) -> None:
        """What came of `twin` is what came of this one; the conversation, the files and the sandbox stay its own."""
        own = ("conversation", "workspace", "sandbox", "sampling", "policy")
        vars(self).update({name: value for name, value in vars(twin).items() if name not in own})

    async def write(self) -> AsyncGenerator[Event]:
        """A reply and its edits. Where one was refused, or they make nothing different, the model is told at once and replies
        again, a few times at most.
        """
        self.wrote, self.said = (), []
        before: list[Code] = []
        async with aclosing(self.look()) as happened:
            async for event in happened:
                yield event
        for left in range(self.policy.corrections, -1, -1):
            for step in (self._generate, self._apply):
                async with aclosing(step()) as happened:
                    async for event in happened:
                        yield event
            if not (left and self._undone):
                break
            # the reply that comes next corrects the edits, and seldom says again what was to be run beside them
            before += [] if self._idle else [code for code in self._reply.code if changes_files(code)]
            async with aclosing(self.feed_back()) as happened:
                async for event in happened:
                    yield event
        self._reply = replace(self._reply, code=tuple(dict.fromkeys((*before, *self._reply.code))))

    @property
    def has_to_run(self) -> bool:
        """Whether the reply has something to run, changed what a check is about, or leaves a check to run before its end."""
        return bool(self.wrote or self._reply.code or (self._unchecked and self.decider))

    @property
    def _acted(self) -> bool:
        return bool(self._reply.edits or self._reply.code or self._cut_off or self.wrote)

    @property
    def decider(self) -> Command | None:
        """The check's command; None where there is no check that the sandbox can run."""
        return self._check.command if self._check and self.conversation.checking.runs(self._check) else None

    @property
    def result(self) -> Hashable:
        """What the reply makes of the files, and what it wants to run: where that is the same, the same comes of it."""
        return self.diff, self._reply.code, self._cut_off, self._undone

    async def look(self) -> AsyncGenerator[Event]:
        """Find the check, unless there is one: it stays what it was before the model edited what it is known from."""
        checking = self.conversation.checking
        if self._check and checking.runs(self._check):
            return
        self._check = await checking.find(self.policy.check_command, self.sandbox, self.workspace, self.policy.timeout_s)
        for event in checking.told(self._check) if self._check else ():
            yield event

    async def _generate(self) -> AsyncGenerator[Event]:
        """One reply: what the model reads, the reply as it grows, and the whole of it."""
        kept = await self.conversation.fit(self.room, self.engine.count)
        shown, dropped = self.shown, (*self.forgotten, *kept.dropped)
        yield events.ContextBuilt(shown.paths, shown.left_out, kept.size, self.window, dropped, shown.unknown)
        self.shown, self.forgotten = context.Shown(), ()
        texts = {path: text for path in self.conversation.known if (text := self.workspace.read(path)) is not None}
        request = Request(
            kept.messages,
            self.policy.max_new_tokens,
            anew(self.sampling, self._beginnings.number) if self._stuck or self._beginnings.number else self.sampling,
            begin_with=self.begun.text if self.begun else "",
            alternatives=self.policy.alternatives,
            drafts=tuple(texts.values()),
        )
        begun, self.begun = self.begun, None
        replying = Replying(self.engine, request, ReplyReader(self.conversation.known, self.runs), begun)
        async with aclosing(replying.told()) as happened:
            async for event in happened:
                yield event
        self._cut_off, first = replying.cut_off, not self.workspace.paths()
        before, self._reply = self._reply, placed(replying.reply, texts, self.prompt, self.parser, first=first)
        self._again = self._reply.text == before.text
        self.conversation.messages.append(Message("assistant", self._reply.text))
        yield events.ReplyFinished(self._reply.text, replying.usage)

    async def _apply(self) -> AsyncGenerator[Event]:
        """The reply's edits go into the mirror and the sandbox; the model is told of those that cannot."""
        self._planned = self.approval.mode == "plan"
        if self._planned:
            self._undone = self._idle = self._wordy = False
            return
        known = self.conversation.known
        room = await self.left(MOST_SHOWN)
        files = Files(self.workspace.paths(), self.workspace.read, self.workspace.check, known, self.parser, room)
        done = settle(self._reply.edits, files, self.prompt, self._told)
        same = bool(done.written) and all(self.workspace.read(path) == text for path, text in done.written.items())
        self._failing = self.first_check.fails if self._checked is None else not (self._checked or self._lacks)
        done_nothing = not (self.diff.files or any(map(changes_files, self._reply.code)))
        missed = self._failing or (done_nothing and guards.wants_change(self.prompt, passes=bool(self.first_check.output)))
        self._idle = same and missed and not (done.refused or self._cut_off)
        self._undone, self._stuck = self._idle or bool(done.refused), self._again or same
        if self._idle:
            # the model does not read its copy again: the prompt stands, with a word on it, and the next is drawn otherwise
            del self.conversation.messages[-1]
            self._beginnings.number += 1
            copied = feedback.COPIED if self._failing else feedback.UNCHANGED
            self.said += [copied] * (copied not in self.conversation.messages[-1].content)
            yield events.EditsRefused((f"the reply writes {', '.join(done.written)} as it is",))
            return
        self.wrote = tuple(dict.fromkeys([*self.wrote, *done.written]))
        self.said += [feedback.CUT_OFF] * self._cut_off
        if done.written:
            self._unchecked = True
            await bring_level(self.sandbox, self.workspace, await self.workspace.apply(done.written))
            yield events.EditsApplied(tuple(done.written), notes=tuple(done.notes))
            self.diff = await self.workspace.diff()
            yield events.DiffChanged(self.diff)
        texts = {path: self.workspace.read(path) for path in (*done.written, *done.shown)}
        known.update({path: context.fingerprint(text) for path, text in texts.items()})
        self.conversation.seen.update(texts)
        self.said += [feedback.SAME_EDIT] * self._stuck
        goes_on = self._warned or any(map(changes_files, self._reply.code))
        words, changed = (self._reply.text, self.workspace.paths(), self.prompt), bool(self.diff.files)
        nothing = not (self._acted or (changed and not self._failing))
        untold = changed and not (self._unchecked or self._worded)
        why = guards.only_words(*words, failing=self._failing, changed=untold) if nothing else ""
        self._wordy = bool(why)
        if why:
            self._undone = self._worded = True
            # words that come again are drawn otherwise each time
            self._beginnings.number += self._again
            self.said.append(feedback.NO_CODE)
            yield events.EditsRefused((f"{why}, and the reply holds no code",))
        elif self.wrote and not goes_on and (why := left_behind(self.prompt, self.diff, self.workspace, self.parser)):
            self._undone = self._warned = True
            self.said.append(why)
            yield events.EditsRefused((why.partition("\n")[0],))
        if done.refused:
            self.said.append(feedback.refused_edits(done.refused))
            yield events.EditsRefused(tuple(reason.partition("\n")[0] for reason in done.refused))

    async def run(self) -> AsyncGenerator[Event]:
        """Run what decides the round: the check when files changed, else the reply's own code.

        Beside edits only code that changes files is run before the check; where that failed the model is told, though the check
        passes.
        A reply of words only ends the turn, unless something was run or written since the check: then that runs first, for
        only the check passes a turn, and where it fails the model is told.
        """
        if self._planned:
            self.passed, self.outcome, self.decided, self.final = None, verdict.PLANNED, False, True
            self.conversation.say(feedback.PLANNED)
            return
        self.final = not (self._acted or (self._undone and self._failing))
        unrun = {"answered": self.final, "edited": self.wrote, verdict.CUT_OFF: self._cut_off, verdict.EDITS_REFUSED: True}
        self.decided, self.passed, self.outcome = False, None, next(phrase for phrase, holds in unrun.items() if holds)
        async with aclosing(self.look()) as happened:
            async for event in happened:
                yield event
        deciding = self.decider
        if self.wrote and not deciding and not self._reply.code:
            deciding = check.compile_check(self.wrote, self.policy.timeout_s)
        owed, beside = self.final and self._unchecked and deciding, bool(self.wrote and deciding)
        changed = failed = False
        for code in self._reply.code:
            if beside and not changes_files(code):
                yield left_to_check(code)
                continue
            command = as_command(code, self.policy)
            said, error = len(self.said), self.error
            async with aclosing(self._execute(command)) as happened:
                async for event in happened:
                    changed = changed or isinstance(event, events.DiffChanged)
                    yield event
            if not self.passed and (self.final or not beside):
                return
            if beside:
                # what the check said before stays what its next failure is compared with
                failed, self.error = failed or not self.passed, error
                del self.said[said : said + bool(self.passed)]
        if not (beside or owed or changed):
            self.final = self.final or bool(self.wrote and not self._reply.code)
            return
        if deciding:
            self.final = self.final and not owed
            async with aclosing(self._decide(deciding)) as happened:
                async for event in happened:
                    yield event
            self.final = self.final and not (failed and self.passed)

    async def _decide(self, check: Command) -> AsyncGenerator[Event]:
        """Run the check; a turn that passes it is through, but for an example of the prompt that comes out otherwise."""
        async with aclosing(self._execute(check, deciding=True)) as happened:
            async for event in happened:
                yield event
        self._checked, self._unchecked = self.passed, False
        self.conversation.failing = self.passed is False
        self.decided = True
        if self.passed and check is not self.decider:
            self.outcome, self.decided = verdict.COMPILED, False
        self.final = bool(self.passed) or self.final
        if self.passed:
            async with aclosing(self._try_examples()) as happened:
                async for event in happened:
                    yield event

    async def _try_examples(self) -> AsyncGenerator[Event]:
        """What the prompt states is tried. Where it comes out otherwise the model is told, once; the check decides all the
        same, since the words may have meant something else.
        """
        files, output, outcome, error, stuck = self.workspace, self.conversation.output, self.outcome, self.error, self._stuck
        stated = examples.command(self.examples, files.paths(), files.read, self.policy.timeout_s)
        allowed = self.approval.by_rule(stated) if stated and "python" in self.runs else None
        if not stated or not allowed or not allowed.allowed:
            return
        said = len(self.said)
        async with aclosing(self._execute(stated)) as happened:
            async for event in happened:
                yield event
        self.as_stated, told = self.passed is not False, self._told_otherwise
        self.passed, self._unchecked, self._stuck = True, False, stuck
        self.conversation.output, self.error = output, error
        if self.as_stated:
            del self.said[said:]
            self.outcome = verdict.AS_STATED if outcome == verdict.COMPILED else outcome
        else:
            self.outcome, self.final, self._told_otherwise = verdict.NOT_AS_STATED, self.final and told, True

    async def conclude(self) -> AsyncGenerator[Event]:
        """With no round left the model reads what its code printed; where it says that it is done, the check runs."""
        if self.final or self.decided or not self.passed:
            return
        for step in (self.feed_back, self._generate):
            async with aclosing(step()) as happened:
                async for event in happened:
                    yield event
        self.final = not (self._reply.edits or self._reply.code)
        if not self.final:
            self.passed, self.outcome = False, verdict.NOT_DONE
        elif self._unchecked and self.decider:
            async with aclosing(self._decide(self.decider)) as happened:
                async for event in happened:
                    yield event

    async def _execute(self, command: Command, *, deciding: bool = False) -> AsyncGenerator[Event]:
        """One command; what it printed is remembered for the model, what it changed comes into the mirror."""
        if command.language in PYTHON_TAGS and feedback.calls_input(command.code):
            self.said.append(feedback.INPUT_CALLED)
            self.passed, self.outcome = False, "input() was called"
            return
        if self.sandbox is None:
            self.passed, self.outcome, self.final = None, verdict.NOT_RUN, True
            return
        permission = self.approval.by_rule(command)
        if permission is None:
            yield CommandAsked(command)
            permission = await self.approval.ask(command)
        if not permission.allowed:
            self.final = self._refused = permission.final or deciding
            self.passed, self.outcome = None if self.final else False, "not allowed"
            told = self.conversation.say if self.final else self.said.append
            told(feedback.not_allowed(text_of(command), permission.why))
            yield CommandRefused(command, permission.why)
            return
        self._unchecked = True
        changed = [file.path for file in self.diff.files]
        execution = Execution(command, self.sandbox, self.workspace, self.prompt, changed)
        async with aclosing(execution.told()) as happened:
            async for event in happened:
                yield event
        if not execution.end.passed and (why := hint(execution.text, self.prompt, self.diff, self.workspace, self.parser)):
            execution.said[0] = f"{execution.said[0]}\n{why}"
        self.said.extend(execution.said)
        self.passed, self.outcome = execution.end.passed, execution.outcome
        self.conversation.output = execution.text
        self._lacks = bool(execution.lacking)
        for event in self.conversation.checking.offered(execution.lacking) if execution.lacking else ():
            yield event
        if not (self.passed or self._lacks):
            self._failed = execution.said[:1]
            await self.pull_in(execution)
            before, self.error = self.error, failure.signature(execution.text)
            if self.error and self.error == before:
                self._stuck = True
                self.said.append(feedback.SAME_ERROR)
        if (diff := await self.workspace.diff()) != self.diff:
            self.diff = diff
            yield events.DiffChanged(diff)

    @property
    def failed_plainly(self) -> bool:
        """Whether what ran was the reply's own code, in a turn that began without a file."""
        return self.plain and self.passed is False and not self.decided

    @property
    def failed_the_same(self) -> bool:
        """Whether the check failed, and as it did before, or the replies since make nothing different or are words."""
        return self._checked is False and (self._idle or self._wordy or (self.decided and self._stuck))

    def judged(self) -> Verdict:
        self._ran = self._ran if self.passed is None else self.passed
        return verdict.judged(self.outcome, self._ran, self._checked, refused=self._refused)
