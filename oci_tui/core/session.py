"""A conversation about one workspace: it makes its parts ready and runs turns; `settle` is what becomes of the change.

Everything that happens is an event; each goes to the journal before it is yielded to whoever asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import ClassVar, get_args

from oci_tui.core import events, own_command, repository_map
from oci_tui.core.approval import Approval, ApprovalChosen
from oci_tui.core.changes import Level
from oci_tui.core.conversation import Conversation
from oci_tui.core.errors import OciError, SandboxError, StoreError
from oci_tui.core.events import Event, Part
from oci_tui.core.generation import Begun
from oci_tui.core.level import bring_level
from oci_tui.core.output import KeptOutput
from oci_tui.core.policy import Policy
from oci_tui.core.ports import (
    ApprovalMode,
    Command,
    EndReason,
    Engine,
    Exit,
    Parser,
    Record,
    Sandbox,
    Sandboxes,
    Workspace,
)
from oci_tui.core.readiness import Readiness
from oci_tui.core.recall import CHECKED, Checkpoints, recalled
from oci_tui.core.refine import Turn
from oci_tui.core.settlement import Settlement
from oci_tui.core.stopping import stoppable
from oci_tui.core.verdict import Verdict


class Session:
    """One conversation. One turn at a time; `stop` may be called at any time, from the same event loop.

    `past` is what happened in it before, in another process: it goes on from there.
    """

    recorded: ClassVar[bool] = True
    company = None
    """Nobody else is at a session of one's own."""

    def __init__(
        self,
        name: str,
        policy: Policy,
        engine: Engine,
        sandbox: Sandbox,
        workspace: Workspace,
        parser: Parser,
        approval: Approval,
        journal: Record,
        sandboxes: Sandboxes | None = None,
        past: Sequence[Event] = (),
    ) -> None:
        self.name = name
        self.past = past
        self.policy = policy
        self.engine = engine
        self.sandbox = sandbox
        self._sandboxes = sandboxes
        self.workspace = workspace
        self.parser = parser
        self.approval = approval
        before = recalled(past) if past else None
        self.conversation = before.conversation if before else Conversation()
        self.settle = Settlement(workspace, self.conversation, self._follow, self._told, self._lost, policy.commit)
        for prompt in before.prompts if before else ():
            self.settle.asked(prompt)
        self._checkpoints = Checkpoints(self.conversation, before)
        self._journal: Record | None = journal
        self._unwritten = ""
        self._stop = asyncio.Event()
        self._parts = Readiness(sandbox, workspace, begun_before=bool(past))

    async def prepare(self) -> AsyncGenerator[Event]:
        """Make ready what is not: engine beside workspace and sandbox. A part that cannot be had yields PartFailed."""
        self._stop.clear()
        yield self._told(ApprovalChosen(self.approval.mode))
        async with aclosing(stoppable(self._parts.prepare(self.engine), self._stop)) as happened:
            async for event in happened:
                yield self._told(event)
        if self._stop.is_set():
            for part in [part for part in get_args(Part) if part not in self._parts.ready]:
                yield self._told(events.PartFailed(part, f"the {part} was stopped; the next prompt makes it ready"))

    async def use(self, engine: Engine) -> AsyncGenerator[Event]:
        """Close the engine and make this one ready in its place; the conversation goes on with it."""
        before, self.engine = self.engine, engine
        self._parts.ready.discard("engine")
        try:
            await before.close()
        except OciError as error:
            yield self._told(events.PartFailed("engine", str(error)))
        async with aclosing(self.prepare()) as happened:
            async for event in happened:
                yield event

    async def ask(self, prompt: str, begun: Begun | None = None) -> AsyncGenerator[Event]:
        """One turn; `begun` is its first reply, or how that begins.

        What is expected to go wrong is told by TurnFailed, never raised. It ends with the change as it then is.
        """
        self._stop.clear()
        said, self.conversation.steered = self.conversation.steered, []
        prompt = "\n\n".join([*said, prompt])
        self.conversation.turns += 1
        self.settle.asked(prompt)
        before = self.conversation.copy()
        started = time.monotonic()
        parts = self.engine, self.sandbox, self.workspace, self.parser, self.approval
        turn = Turn(prompt, self.conversation, self.policy, parts, begun, self._sandboxes)
        verdict, ended = Verdict.GAVE_UP, False

        def finished(verdict: Verdict) -> Event:
            return events.TurnFinished(self.conversation.turns, verdict, turn.rounds, time.monotonic() - started)

        try:
            yield self._told(events.TurnStarted(self.conversation.turns, prompt))
            try:
                async with aclosing(stoppable(self._turn(turn), self._stop)) as happened:
                    async for event in happened:
                        yield self._told(event)
                verdict = Verdict.STOPPED if self._stop.is_set() else turn.verdict
            except OciError as error:
                self._lost(error)
                self.conversation.restore(before)
                yield self._told(events.TurnFailed(str(error)))
            if verdict is Verdict.STOPPED:
                # whoever said it has it back: it was about what the turn was doing
                self.conversation.steered.clear()
            if verdict in (Verdict.STOPPED, Verdict.GAVE_UP):
                async with aclosing(self._interrupted()) as happened:
                    async for event in happened:
                        yield self._told(event)
            ended = True
            yield self._told(finished(verdict))
        except (GeneratorExit, asyncio.CancelledError):
            # Whoever asked has gone, with the terminal perhaps; the journal says how the turn ended all the same.
            if not ended:
                self._record(finished(Verdict.STOPPED))
            raise
        if self._unwritten:
            yield events.PartFailed("workspace", f"this session is no longer recorded: {self._unwritten}")
            self._unwritten = ""

    async def run(self, text: str) -> AsyncGenerator[Event]:
        """A shell command of the person's own, in the sandbox; the model can be shown its output as @output."""
        self._stop.clear()
        kept = KeptOutput()
        began = time.monotonic()
        command: Command | None = None
        try:
            async with aclosing(stoppable(self._run(text, kept), self._stop)) as happened:
                async for event in happened:
                    if isinstance(event, events.CommandStarted | events.CommandFinished):
                        command = event.command if isinstance(event, events.CommandStarted) else None
                    yield self._told(event)
        except OciError as error:
            yield self._told(events.PartFailed(self._lost(error), str(error)))
        if command is not None:
            reason: EndReason = "stopped" if self._stop.is_set() else "connection lost"
            yield self._told(events.CommandFinished(command, Exit(137, reason, time.monotonic() - began)))
        if self._stop.is_set():
            self._parts.ready.discard("sandbox")
        self.conversation.output = kept.text()

    async def _run(self, text: str, kept: KeptOutput) -> AsyncGenerator[Event]:
        async with aclosing(self._parts.prepare(self.engine)) as happened:
            async for event in happened:
                yield event
        if message := self._parts.failed.get("workspace") or self._parts.failed.get("sandbox"):
            raise SandboxError(message)
        async with aclosing(own_command.run(text, self.policy.timeout_s, self.sandbox, self.workspace, kept)) as happened:
            async for event in happened:
                yield event

    def files(self) -> tuple[str, ...]:
        """The paths of the repository's files that the model can see; none before the workspace is open."""
        return self.workspace.paths() if "workspace" in self._parts.ready else ()

    async def symbols(self) -> dict[str, str]:
        """The names that its code defines, each with one place ("path:line"); of large repositories only a part."""
        found: dict[str, str] = {}
        read = 0
        for path in self.files():
            text = (self.workspace.read(path) or "") if self.parser.knows(path) else ""
            read += len(text)
            if read > repository_map.LARGEST_OF_ALL:
                break
            if text:
                await asyncio.sleep(0)
                for item in repository_map.definitions(path, text, self.parser):
                    found.setdefault(item.name, f"{item.path}:{item.line}")
        return found

    def steer(self, text: str) -> None:
        """Say something while a turn runs; the model reads it at the next round, or after the last one with the next prompt.

        A stop forgets what it has not read.
        """
        self.conversation.steered.append(text)

    def adopt(self, policy: Policy) -> None:
        """Run the turns that come like this."""
        self.policy = policy
        self.settle.policy = policy.commit

    def approve(self, mode: ApprovalMode) -> Event:
        """From now on commands of the model's are approved in this way, also in a turn that runs."""
        self.approval.mode = mode
        return self._told(ApprovalChosen(mode))

    def stop(self) -> None:
        """End the running turn: the generation and whatever runs."""
        self._stop.set()

    def note(self, event: Event) -> Event:
        """Take an event about the session that did not come from it into its journal; the event."""
        return self._told(event)

    async def close(self) -> None:
        """Give everything back: the sandbox is removed, the model unloaded. Safe to call twice."""
        self._stop.set()
        closed = await asyncio.gather(self.sandbox.close(), self.engine.close(), return_exceptions=True)
        await asyncio.to_thread(self.workspace.close)
        self._parts.ready.clear()
        if journal := self._journal:
            self._journal = None
            journal.close()
        for problem in closed:
            if isinstance(problem, BaseException):
                raise problem

    async def _interrupted(self) -> AsyncGenerator[Event]:
        """After a stop or an error the container may hold other files than the mirror: it is made anew for the next turn."""
        self._parts.ready.discard("sandbox")
        if "workspace" not in self._parts.ready:
            return
        try:
            await self.workspace.history.hold()
            yield events.DiffChanged(await self.workspace.diff())
        except OciError as error:
            yield events.PartFailed("workspace", str(error))

    async def _turn(self, turn: Turn) -> AsyncGenerator[Event]:
        async with aclosing(self._parts.prepare(self.engine)) as happened:
            async for event in happened:
                yield event
        for part, message in self._parts.failed.items():
            if part != "sandbox" or self.policy.must_run:
                raise OciError(message)
            turn.attempt.sandbox = None
        async with aclosing(turn.refine()) as happened:
            async for event in happened:
                yield event

    async def _follow(self, level: Level) -> None:
        if "sandbox" in self._parts.ready:
            await bring_level(self.sandbox, self.workspace, level)

    def _lost(self, error: OciError) -> Part:
        """The part an error belongs to; an engine or sandbox is made ready again before the next turn."""
        if error.part != "workspace":
            self._parts.ready.discard(error.part)
        return error.part

    def _told(self, event: Event) -> Event:
        """The event, once it is in the journal; before some, what is needed to go on from there (`core.recall`)."""
        if isinstance(event, CHECKED) and (checkpoint := self._checkpoints.next(self.workspace.history.held)):
            self._record(checkpoint)
        self._record(event)
        return event

    def _record(self, event: Event) -> None:
        """Tell the journal; one that cannot be written ends the recording, not the session."""
        if self._journal:
            try:
                self._journal.show(event)
            except StoreError as error:
                self._journal, self._unwritten = None, str(error)
