"""What the model is told next: what came of its reply, files that a failure names, or the prompt once more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from oci_tui.core import context, events, feedback
from oci_tui.core.beginning_anew import Beginnings
from oci_tui.core.conversation import Conversation
from oci_tui.core.events import Event
from oci_tui.core.execution import Execution
from oci_tui.core.first_check import FirstCheck
from oci_tui.core.generation import Message
from oci_tui.core.ports import Engine, Snapshot


class Telling:
    """The messages of a turn over a conversation. `said` is what comes into the next one.

    `room` is how much the model may read, in tokens; `opening` is the turn's first message, `shown` what the person is told
    that the next one holds, `forgotten` what it no longer does.
    """

    def __init__(self, prompt: str, conversation: Conversation, engine: Engine, workspace: Snapshot) -> None:
        self.conversation, self.engine, self.workspace = conversation, engine, workspace
        self.room = 0
        self.opening = Message("user", prompt)
        self.first_check = FirstCheck()
        self.shown = context.Shown()
        self.said: list[str] = []
        self.forgotten: tuple[str, ...] = ()
        self._beginnings = Beginnings()
        self._failed: list[str] = []
        self._heard: tuple[str, ...] = ()
        self._checked: bool | None = None

    async def left(self, most: int) -> int:
        """How many characters of files may still come into the next message, `most` at most."""
        left = await self.conversation.left(self.room, self.engine.count)
        return max(min(int(left * context.TOKEN_CHARACTERS) - sum(map(len, self.said)), most), 0)

    async def pull_in(self, failed: Execution) -> None:
        """Files that a failed run names and that the model has not read come with what it printed, of others the lines."""
        room, named = await self.left(context.other_characters(self.room)), [place.path for place in failed.places]
        pulled = context.unread_files(self.workspace, named, self.conversation.known, room)
        self.said.extend(pulled.values())
        others = [place for place in failed.places if place.path not in pulled]
        self.said.extend(context.frames(self.workspace, others, failed.text, await self.left(context.MOST_OF_FRAMES)))
        self.conversation.seen.update(pulled)
        self.shown = context.Shown(paths=tuple(pulled))

    async def feed_back(self) -> AsyncGenerator[Event]:
        """The next message: what was refused and printed, and what the person said meanwhile."""
        if self.said or self.conversation.messages[-1].role != "user":
            said = "\n\n".join(self.said)
            left = await self.conversation.left(self.room, self.engine.count)
            shown = await context.cut(said, left, self.engine.count)
            self.forgotten += self.conversation.say_cut(said, shown, self.workspace.read)
        self.said = []
        for text in self.conversation.steered:
            self.conversation.say(text)
            yield events.Steered(text)
        self._heard += tuple(self.conversation.steered)
        self.conversation.steered.clear()

    async def start_over(self, changed: Sequence[str] = ()) -> AsyncGenerator[Event]:
        """In place of `feed_back`: the prompt once more with what went wrong, and none of the replies; `changed` are shown."""
        self.forgotten = ("the attempts that failed",)
        self.conversation.messages[self.conversation.first :] = [self.opening]
        failed, checked = [*self._failed, *self.said], self._checked is not None
        self.said = [self._beginnings.message(failed, self.first_check.said, checked=checked), *self._heard]
        room = await self.left(context.other_characters(self.room)) if changed else 0
        if files := context.unread_files(self.workspace, changed, self.conversation.known, room):
            self.said.append(feedback.best_kept(tuple(files.values())))
        async with aclosing(self.feed_back()) as happened:
            async for event in happened:
                yield event
