"""What the app and the worker say to each other: length-prefixed msgpack frames of one closed union each way."""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO, Literal

import msgspec

from oci_tui.core.errors import EngineError, ModelError
from oci_tui.core.generation import EngineInfo, Message, Piece, Request
from oci_tui.core.ports import Progress
from oci_tui.settings import EngineSettings

_LENGTH = struct.Struct(">I")
_MAX_FRAME = 256 * 1024**2


class Load(msgspec.Struct, frozen=True, tag=True):
    settings: EngineSettings


class Generate(msgspec.Struct, frozen=True, tag=True):
    number: int
    request: Request


class Count(msgspec.Struct, frozen=True, tag=True):
    number: int
    messages: tuple[Message, ...]


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End generation `number`, queued or running; its last piece still comes."""

    number: int


class Unload(msgspec.Struct, frozen=True, tag=True):
    """End every generation and free the model."""


class Loading(msgspec.Struct, frozen=True, tag=True):
    progress: Progress


class Loaded(msgspec.Struct, frozen=True, tag=True):
    info: EngineInfo


class Unloaded(msgspec.Struct, frozen=True, tag=True):
    """The model is freed."""


class Grew(msgspec.Struct, frozen=True, tag=True):
    number: int
    piece: Piece


class Counted(msgspec.Struct, frozen=True, tag=True):
    number: int
    tokens: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Request `number` (0: load and unload) cannot be served; `kind` says which error of the port it is."""

    number: int
    kind: Literal["engine", "model"]
    message: str

    @classmethod
    def of(cls, number: int, error: EngineError) -> Failed:
        return cls(number, "model" if isinstance(error, ModelError) else "engine", str(error))

    def error(self) -> EngineError:
        return ModelError(self.message) if self.kind == "model" else EngineError(self.message)


Order = Load | Generate | Count | Stop | Unload
Answer = Loading | Loaded | Unloaded | Grew | Counted | Failed


def frame(message: Order | Answer) -> bytes:
    """The message as it travels."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def read_order(stream: BinaryIO) -> Order | None:
    """The next order; None when the app has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    body = stream.read(length)
    return msgspec.msgpack.decode(body, type=Order) if len(body) == length else None


async def read_answer(stream: asyncio.StreamReader) -> Answer | None:
    """The next answer; None when the worker has gone or no longer makes sense."""
    try:
        length = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))[0]
        if length > _MAX_FRAME:
            return None
        answer: Answer = msgspec.msgpack.decode(await stream.readexactly(length), type=Answer)
    except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
        return None
    return answer
