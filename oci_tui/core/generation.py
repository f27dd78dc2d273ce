"""What is asked of an engine and what it answers: the values of the port `Engine`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Literal

import msgspec

Role = Literal["system", "user", "assistant"]
ReplyEnd = Literal["stop", "length", "stopped"]


class Message(msgspec.Struct, frozen=True):
    """An entry of the conversation the model reads."""

    role: Role
    content: str


def spoken(messages: Sequence[Message]) -> list[Message]:
    """The messages without a system message that says nothing: the one that a model's template has of its own then stands."""
    return [message for message in messages if message.content or message.role != "system"]


def encodable(text: str) -> str:
    """The text with half characters (lone surrogates), which cannot travel as UTF-8, as "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is chosen; every default is neutral, and temperature 0 is greedy.

    An engine passes each of these on, never its library's own defaults, and leaves out what its endpoint does not know.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    dry_multiplier: float = 0.0
    xtc_probability: float = 0.0
    seed: int = 0


PRECISE = Sampling()
CREATIVE = Sampling(temperature=0.8, top_p=0.95, min_p=0.05)


class Lora(msgspec.Struct, frozen=True):
    """An adapter's folder or file, and how strongly it counts."""

    path: str
    scale: float = 1.0


class Request(msgspec.Struct, frozen=True):
    """One reply asked of an engine. `max_new_tokens` bounds it; `stop` are strings that end it and are not part of it.

    `begin_with` is text that the reply goes on from (it is not said again). With `alternatives` n > 0 the pieces carry their
    tokens, each with its probability and the n most probable in its place. `drafts` are texts that the reply may repeat, such
    as the files being edited: a hint for drafting, which changes the speed and never the reply.
    """

    messages: tuple[Message, ...]
    max_new_tokens: int = 1024
    sampling: Sampling = PRECISE
    stop: tuple[str, ...] = ()
    begin_with: str = ""
    alternatives: int = 0
    loras: tuple[Lora, ...] = ()
    drafts: tuple[str, ...] = ()


class Begun(msgspec.Struct, frozen=True):
    """A reply that a person changed: the model goes on from there, or it counts as its reply as it is."""

    text: str
    go_on: bool


class Usage(msgspec.Struct, frozen=True):
    """What a reply cost. Counts are tokens, times are seconds; `cached_tokens` of the prompt were not computed again.

    Of the `drafted_tokens`, guessed ahead, `accepted_tokens` became part of the reply.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    reply_tokens: int = 0
    first_token_s: float = 0.0
    seconds: float = 0.0
    end: ReplyEnd = "stop"
    drafted_tokens: int = 0
    accepted_tokens: int = 0

    @property
    def new_tokens(self) -> int:
        """Tokens of the prompt that had to be computed."""
        return max(self.prompt_tokens - self.cached_tokens, 0)

    @property
    def tokens_per_second(self) -> float:
        """Speed after the first token; 0.0 when it cannot be told."""
        after = self.seconds - self.first_token_s
        return (self.reply_tokens - 1) / after if after > 0 and self.reply_tokens > 1 else 0.0


class Token(msgspec.Struct, frozen=True):
    """A token of a reply, the probability (0 to 1) that the model gave it, and the most probable ones in its place.

    A part of a character is U+FFFD; an engine that streams whole characters may tell only the last token of one.
    """

    text: str
    probability: float
    alternatives: tuple[tuple[str, float], ...] = ()


class Piece(msgspec.Struct, frozen=True):
    """A part of a reply as it streams. The last, and only it, carries `usage`; `tokens` come only where they were asked for."""

    text: str
    usage: Usage | None = None
    tokens: tuple[Token, ...] = ()


async def nothing() -> AsyncGenerator[Piece]:
    """What an engine says that is not asked."""
    none: tuple[Piece, ...] = ()
    for piece in none:
        yield piece


class EngineInfo(msgspec.Struct, frozen=True):
    """What an engine runs. `context` is the window in tokens; `notes` are facts worth a line each.

    `at_once` is how many replies it computes at the same time; those beyond wait their turn.
    `probabilities`: it tells those of its tokens where a request wants alternatives. `speed_limit` is the tokens per
    second that the memory allows, every weight being read once for each, with an empty window; 0 where that is not known.
    """

    engine: str
    model: str
    context: int
    device: str = "cpu"
    bits_per_weight: float | None = None
    template: str = ""
    notes: tuple[str, ...] = ()
    at_once: int = 1
    probabilities: bool = False
    speed_limit: float = 0.0
