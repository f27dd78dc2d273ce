"""What outlives a turn: the messages the model has read, what it knows of each file, and what was printed last."""

from __future__ import annotations

from copy import copy

from oci_tui.core import context
from oci_tui.core.checking import Checking
from oci_tui.core.generation import Message
from oci_tui.core.secrets import redacted


class Conversation:
    """`known` holds the hash of each file as the model has read or written it; `steered` is what the person said meanwhile;
    `checking` knows what the sandbox can run; `failing`: the check failed last, and the model was told; `languages` are the
    fence tags of those that can be run, as the model was told.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = [context.system_message()]
        self.known: dict[str, int] = {}
        self.steered: list[str] = []
        self.output = ""
        self.failing = False
        self.instructions = ""
        self.languages: tuple[str, ...] = ("python", "bash")
        self.turns = 0
        self.checking = Checking()

    def beside(self) -> Conversation:
        """Another conversation that begins with all that was said in this one."""
        twin = copy(self)
        twin.messages, twin.known, twin.steered = list(self.messages), dict(self.known), []
        return twin

    def go_on_as(self, twin: Conversation, first: int | None = None) -> None:
        """What was said in `twin` was said here: all of it, or what it says from index `first` on."""
        self.messages = twin.messages if first is None else [*self.messages, *twin.messages[first:]]
        self.known, self.output, self.checking, self.failing = twin.known, twin.output, twin.checking, twin.failing

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
