"""What outlives a turn: the messages the model has read, what it knows of each file, and what was printed last."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import msgspec

from oci_tui.core import context
from oci_tui.core.checking import Checking
from oci_tui.core.context import Count
from oci_tui.core.generation import Message
from oci_tui.core.secrets import redacted

_MARGIN = 16
"""Tokens by which messages that are counted one by one may be more together."""

CUT = "the middle of what came of the last reply"


class Conversation:
    """`known` holds the hash of each file as the model has read or written it, `seen` the paths of those of this turn, which
    begins with the message of index `first`; `steered` is what the person said meanwhile; `checking` knows what the sandbox can
    run; `failing`: the check failed last, and the model was told; `languages` are the fence tags of those that can be run, as
    the model was told.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = [context.system_message()]
        self.known: dict[str, int] = {}
        self.steered: list[str] = []
        self.output = ""
        self.failing = False
        self.instructions = ""
        self.languages: tuple[str, ...] = ("python", "bash")
        self.turns = self.first = 0
        self.seen: set[str] = set()
        self.checking = Checking()

    def beside(self) -> Conversation:
        """Another conversation that begins with all that was said in this one."""
        twin = copy(self)
        twin.messages, twin.known, twin.seen, twin.steered = list(self.messages), dict(self.known), set(self.seen), []
        return twin

    def go_on_as(self, twin: Conversation, first: int | None = None) -> None:
        """What was said in `twin` was said here: all of it, or what it says from index `first` on."""
        if first is None:
            self.messages, self.first = twin.messages, twin.first
        else:
            self.messages += twin.messages[first:]
        self.known, self.seen = twin.known, twin.seen
        self.output, self.checking, self.failing = twin.output, twin.checking, twin.failing

    def copy(self) -> tuple[list[Message], dict[str, int]]:
        """What `restore` takes back."""
        return list(self.messages), dict(self.known)

    def restore(self, before: tuple[list[Message], dict[str, int]]) -> None:
        """Forget what was said since: a turn that failed leaves nothing behind for the next one to fail on."""
        self.messages, self.known = list(before[0]), dict(before[1])

    def say(self, content: str) -> None:
        """A user message, without secrets; two in a row become one, since templates want them to alternate."""
        content = redacted(content)
        if self.messages[-1].role == "user":
            content = f"{self.messages.pop().content}\n\n{content}"
        self.messages.append(Message("user", content))

    async def left(self, room: int, count: Count) -> int:
        """How much of `room` the next message may take; the fixed prompt, the turn's first message and the reply stay."""
        since = self.messages[self.first + 1 :]
        last = since[-2:] if since and since[-1].role == "user" else [*since[-1:], *[Message("user", "")] * bool(since)]
        return room - await count([self.messages[0], self.messages[self.first], *last]) - _MARGIN

    def say_cut(self, said: str, shown: str, read: Callable[[str], str | None]) -> tuple[str, ...]:
        """Say what is `shown` of what would have been `said`; what the person is told of the rest, a phrase each.

        A file that was in it, and is not whole any more, is not known.
        """
        self.say(shown)
        for path in self.whole(said, read) - self.whole(shown, read):
            del self.known[path]
        return (CUT,) * (shown != said)

    def whole(self, text: str, read: Callable[[str], str | None]) -> set[str]:
        """The known files that stand in a text as they are."""
        return {path for path in self.known if (now := read(path)) and context.block(path, now) in text}

    def unanswered(self) -> str:
        """What came of the last turn's last reply, which no reply has read; it is taken out, to be said with what comes now."""
        return self.messages.pop().content if self.messages[-1].role == "user" else ""

    async def fit(self, room: int, count: Count) -> context.Fitted:
        """What the model reads, in `room` tokens; what is dropped for that is forgotten here too, with files read before."""
        kept = await context.fitted(self.messages, room, self.first, count)
        if not kept.dropped:
            return kept
        self.first = max(self.first - len(self.messages) + len(kept.messages), 1)
        self.messages[:] = kept.messages
        forgotten = sorted(self.known.keys() - self.seen)
        self.known = {path: told for path, told in self.known.items() if path in self.seen}
        return msgspec.structs.replace(kept, dropped=(*kept.dropped, *forgotten))
