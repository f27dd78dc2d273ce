"""What a person does with the pending change and with those accepted before, told as events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple

from oci_tui.core import events, feedback
from oci_tui.core.changes import CommitPolicy, Level, Written
from oci_tui.core.commit_message import generated
from oci_tui.core.conversation import Conversation
from oci_tui.core.decision_events import DecisionFailed
from oci_tui.core.errors import ConflictError, OciError, WorkspaceError
from oci_tui.core.events import Event, Part
from oci_tui.core.ports import Workspace
from oci_tui.core.selection import Selection


class _Done(NamedTuple):
    """What happened; with `level` the pending change is another now, and the sandbox is to follow."""

    event: Event
    level: Level | None = None


class Settlement:
    """Settles the changes of one session. An error is told as an event, never raised; on a conflict nothing was written.

    `follow` brings the sandbox level, `told` takes an event to the journal, `lost` says which part an error belongs to;
    `policy` is to commit never, always (after each accept) or when asked.
    """

    def __init__(
        self,
        workspace: Workspace,
        conversation: Conversation,
        follow: Callable[[Level], Awaitable[None]],
        told: Callable[[Event], Event],
        lost: Callable[[OciError], Part],
        policy: CommitPolicy = "ask",
    ) -> None:
        self._workspace = workspace
        self._conversation = conversation
        self._follow = follow
        self._told = told
        self._lost = lost
        self.policy = policy
        self._prompts: list[str] = []

    def asked(self, prompt: str) -> None:
        """A prompt whose change may be committed; commit messages are made of these."""
        self._prompts.append(prompt)

    async def accept(self, selection: Selection | None = None, *, clean_only: bool = False) -> AsyncGenerator[Event]:
        """Write the pending change, or only the selection, into the user's tree; `clean_only`: but for files in conflict."""

        async def done() -> _Done:
            written = await self._workspace.changes.accept(selection, clean_only=clean_only)
            proposed = generated(self._prompts, written.paths) if self.policy == "ask" and written.paths else ""
            return _Done(events.ChangeAccepted(written.paths, written.conflicts, proposed, written.held), written.level)

        accepted = False
        async with aclosing(self._settle(done)) as happened:
            async for event in happened:
                accepted = accepted or isinstance(event, events.ChangeAccepted)
                yield event
        if accepted and self.policy == "always":
            async with aclosing(self.commit()) as happened:
                async for event in happened:
                    yield event

    async def commit(self, message: str = "") -> AsyncGenerator[Event]:
        """Commit what was accepted, and nothing else, by the user's own git; without a message one is made of the prompts."""
        try:
            if self.policy == "never":
                raise WorkspaceError('the settings say [workspace] commit = "never"')
            wanted = message.strip() or generated(self._prompts, await self._workspace.changes.uncommitted())
            made = await self._workspace.changes.commit(wanted)
        except OciError as error:
            yield self._told(events.CommitFailed(str(error)))
        else:
            self._prompts.clear()
            yield self._told(events.ChangeCommitted(made.id, wanted.partition("\n")[0], made.paths))

    def reject(self, selection: Selection | None = None) -> AsyncGenerator[Event]:
        """Drop the pending change, or only the selection."""

        async def done() -> _Done:
            level = await self._workspace.changes.reject(selection)
            part = selection.paths if selection and (await self._workspace.diff()).files else ()
            if not part:
                self._prompts.clear()
            return _Done(events.ChangeRejected(part), level)

        return self._settle(done)

    def undo(self) -> AsyncGenerator[Event]:
        """Take the last accepted change back out of the user's tree."""
        return self._settle(lambda: self._replayed(self._workspace.changes.undo, events.ChangeUndone))

    def redo(self) -> AsyncGenerator[Event]:
        """Write again what was undone last."""
        return self._settle(lambda: self._replayed(self._workspace.changes.redo, events.ChangeRedone))

    def give_way(self, paths: tuple[str, ...]) -> AsyncGenerator[Event]:
        """Let the user's version take the change's place in the lines of these files that both changed.

        The next prompt can have it made again on top.
        """

        async def done() -> _Done:
            return _Done(events.ChangeGaveWay(paths), await self._workspace.changes.give_way(paths))

        return self._settle(done)

    def restore(self, number: int) -> AsyncGenerator[Event]:
        """Bring the mirror, not the user's tree, to the end of a round; what is pending then leads there."""

        async def done() -> _Done:
            level = await self._workspace.history.restore(number)
            self._conversation.say(feedback.RESTORED)
            return _Done(events.RoundRestored(number), level)

        return self._settle(done)

    def history(self) -> AsyncGenerator[Event]:
        """What the session remembers: rounds and accepts."""

        async def done() -> _Done:
            return _Done(events.HistoryListed(await self._workspace.history.log()))

        return self._settle(done)

    def include(self, path: str) -> AsyncGenerator[Event]:
        """Let a file that stayed out of the mirror go in, with the next prompt."""

        async def done() -> _Done:
            if not self._workspace.include(path):
                raise WorkspaceError(f"{path} is no file that stayed out; give its path as it is listed at the start")
            return _Done(events.FileIncluded(path))

        return self._settle(done)

    async def _replayed(self, replay: Callable[[], Awaitable[Written]], done: Callable[[tuple[str, ...]], Event]) -> _Done:
        written = await replay()
        return _Done(done(written.paths), written.level)

    async def _settle(self, work: Callable[[], Awaitable[_Done]]) -> AsyncGenerator[Event]:
        """Do it, say so, say what is pending now, and bring the sandbox level with it."""
        try:
            done = await work()
            yield self._told(done.event)
            if done.level is not None:
                yield self._told(events.DiffChanged(await self._workspace.diff()))
                await self._follow(done.level)
        except ConflictError as error:
            yield self._told(events.ChangeConflicted(error.paths, str(error), error.clean, error.versions, error.doing))
        except OciError as error:
            part = self._lost(error)
            failed = DecisionFailed(str(error)) if part == "workspace" else events.PartFailed(part, str(error))
            yield self._told(failed)
