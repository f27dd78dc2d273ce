"""Replies of an engine, none generated twice: one asked for before, also by another run beside it, is read from a file."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec

from oci_tui.core.errors import StoreError
from oci_tui.core.generation import Message, Request, Sampling, Usage
from oci_tui.core.ports import Engine

FILE = ".replies.jsonl"
"""Beside the results, and not one of them: `*.jsonl` does not name it."""


class Said(msgspec.Struct, frozen=True):
    """A reply and what it cost when it was generated. `key` names who was asked what."""

    key: str
    text: str
    usage: Usage


class Replies:
    """The replies of all runs whose results lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._known: dict[str, Said] = {}
        self._read_to = 0
        self._asked: dict[str, asyncio.Lock] = {}

    async def reply(
        self, engine: Engine, model: str, messages: Sequence[Message], sampling: Sampling, max_new_tokens: int
    ) -> Said:
        """What `engine` replies; `model` names its weights and how they are used. Raises EngineError or StoreError."""
        request = Request(tuple(messages), max_new_tokens, sampling)
        key = hashlib.sha256(msgspec.json.encode((model, request))).hexdigest()
        async with self._asked.setdefault(key, asyncio.Lock()):
            if said := self._find(key):
                return said
            text: list[str] = []
            usage = Usage()
            async with aclosing(engine.generate(request)) as pieces:
                async for piece in pieces:
                    text.append(piece.text)
                    usage = piece.usage or usage
            said = Said(key, "".join(text), usage)
            self._add(said)
            return said

    def _find(self, key: str) -> Said | None:
        if key not in self._known:
            self._catch_up()
        return self._known.get(key)

    def _catch_up(self) -> None:
        """Read what was added since; a line that is torn or is none is passed over."""
        try:
            with self._file.open("rb") as file:
                file.seek(self._read_to)
                whole, end, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed(error) from error
        self._read_to += len(whole) + len(end)
        for line in whole.splitlines():
            try:
                said = msgspec.json.decode(line, type=Said)
            except msgspec.DecodeError:
                continue
            self._known[said.key] = said

    def _add(self, said: Said) -> None:
        self._known[said.key] = said
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                size = file.seek(0, os.SEEK_END)
                # a process that was killed may have left half a line
                torn = size and os.pread(file.fileno(), 1, size - 1) != b"\n"
                file.write((b"\n" if torn else b"") + msgspec.json.encode(said) + b"\n")
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> StoreError:
        return StoreError(f"{self._file}: cannot be used ({error.strerror}); correct that, or name another folder with --out")
