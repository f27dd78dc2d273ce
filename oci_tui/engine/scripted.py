"""Replies from a file, in order: for tests, demonstrations and the replay of a recorded session."""

from __future__ import annotations

import asyncio
import re
import time
import tomllib
from collections.abc import AsyncGenerator, Iterable, Sequence
from pathlib import Path

import msgspec

from oci_tui.core.errors import EngineError
from oci_tui.core.generation import EngineInfo, Message, Piece, Request, Token, Usage, spoken
from oci_tui.core.ports import Progress
from oci_tui.engine.room import check_messages, check_room

_CONTEXT = 32_768
_BYTES_PER_TOKEN = 4
_TOKEN = re.compile(r"\s*\w{1,8}|\s*[^\w\s]|\s+")


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One reply of the file; it begins after `delay_s` seconds.

    A recorded one has `pieces` in place of `reply`: the seconds since the piece before (the request), and the text; `usage`
    is what it cost then.

    With `when` it is no reply of the sequence: it answers, as often as it is asked, what holds all of these texts.
    """

    reply: str = ""
    when: tuple[str, ...] = ()
    delay_s: float = 0.0
    pieces: tuple[tuple[float, str], ...] = ()
    usage: Usage | None = None


class _Toml(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    replies: tuple[Line, ...]
    tokens_per_second: float = 0.0
    at_once: int = 1


class ScriptedEngine:
    """`core.ports.Engine` that says what it is given. A reply counts as given once it was asked for, even when it is stopped.

    Tokens are words and signs; `tokens_per_second` 0 means at once. It says that it computes `at_once` replies together.
    """

    def __init__(self, replies: Sequence[str], tokens_per_second: float = 0, at_once: int = 1) -> None:
        self._lines: Sequence[Line] = [Line(reply) for reply in replies]
        self._rate = tokens_per_second
        self._at_once = at_once
        self._given = 0
        self._started = False
        self._name = "scripted"

    @classmethod
    def from_file(cls, path: Path) -> ScriptedEngine:
        """From TOML ([[replies]] with `reply` and `delay_s`) or JSON lines (the same keys, or what `--record` wrote).

        Raises EngineError.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise EngineError(
                f"engine.replies: {path} cannot be read ({why}); name a TOML or JSON lines file, there or with --replies"
            ) from error
        engine = cls(())
        try:
            if path.suffix == ".toml":
                script = msgspec.convert(tomllib.loads(text), _Toml)
                engine._lines, engine._rate, engine._at_once = script.replies, script.tokens_per_second, script.at_once
            else:
                engine._lines = list(_json_lines(text))
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, msgspec.DecodeError) as error:
            raise EngineError(
                f'{path}: {error}; expected a "reply" and perhaps a "delay_s" and a "when" for each reply'
            ) from error
        engine._name = path.name
        return engine

    async def start(self) -> AsyncGenerator[Progress]:
        self._started = True
        yield Progress("opening the script", 1.0)

    async def generate(self, request: Request) -> AsyncGenerator[Piece]:
        prompt = await self.count(request.messages)
        check_messages(request.messages)
        if request.loras:
            raise EngineError("a script takes no adapter; choose another engine")
        check_room(prompt, request.max_new_tokens, _CONTEXT)
        line = self._next(request.messages)
        began = due = time.monotonic()
        written, first_s, end = 0, 0.0, "stop"
        room = len(_until_stop(line.reply or "".join(text for _, text in line.pieces), request.stop))
        for pause_s, text in line.pieces or self._paced(line):
            if written == request.max_new_tokens or not room:
                end = "length" if room else "stop"
                break
            # from when it was due, not from when it woke: the pace is kept
            due += pause_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            said = text[:room]
            room -= len(said)
            written += 1
            first_s = first_s or time.monotonic() - began
            yield Piece(said, tokens=(Token(said, 1.0),) if request.alternatives else ())
        counted = Usage(prompt, 0, written, first_s, time.monotonic() - began, "length" if end == "length" else "stop")
        yield Piece("", line.usage or counted)

    def _next(self, messages: Sequence[Message]) -> Line:
        """The first line whose time it is; lines without `when` come in order, each once."""
        asked = "\n".join(message.content for message in messages)
        for number, line in enumerate(self._lines):
            if (line.when and all(text in asked for text in line.when)) or (not line.when and number >= self._given):
                self._given = self._given if line.when else number + 1
                return line
        raise EngineError(
            f"the script has {len(self._lines)} replies and all were given, or are for other prompts; add one to it"
        )

    def _paced(self, line: Line) -> list[tuple[float, str]]:
        """Tokens of a written reply, each after its pause."""
        pause_s = 1 / self._rate if self._rate > 0 else 0.0
        tokens = _TOKEN.findall(line.reply)
        return [(pause_s if number else line.delay_s, token) for number, token in enumerate(tokens)]

    async def count(self, messages: Sequence[Message]) -> int:
        """An estimate: four bytes make a token, and each message adds four."""
        self._check()
        texts = [message.content.encode("utf-8", "replace") for message in spoken(messages)]
        return sum(4 + len(text) // _BYTES_PER_TOKEN for text in texts)

    async def describe(self) -> EngineInfo:
        self._check()
        return EngineInfo(
            "scripted",
            self._name,
            _CONTEXT,
            device="none",
            notes=(f"{len(self._lines)} replies",),
            at_once=self._at_once,
            probabilities=True,
        )

    async def close(self) -> None:
        self._started = False

    def _check(self) -> None:
        if not self._started:
            raise EngineError("the engine is not running; start it first")


def _json_lines(text: str) -> Iterable[Line]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=Line)
            except msgspec.DecodeError as error:
                raise msgspec.ValidationError(f"line {number}: {error}") from error


def _until_stop(reply: str, stops: Sequence[str]) -> str:
    found = [at for at in (reply.find(stop) for stop in stops if stop) if at >= 0]
    return reply[: min(found)] if found else reply
