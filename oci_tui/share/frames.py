"""Frames of the protocol of hosts and clients: a length, a kind and JSON; see `share.protocol`."""

from __future__ import annotations

import asyncio
import struct
from typing import TypeVar

import msgspec

from oci_tui.core.errors import ShareError
from oci_tui.core.scrubbing import scrubbed
from oci_tui.share.protocol import Message

_HEAD = struct.Struct(">Ic")
_EVENT, _MESSAGE = b"E", b"C"
_ENCODER = msgspec.json.Encoder()

M = TypeVar("M")


def message_frame(message: Message) -> bytes:
    """A message as a frame. Lone surrogates cannot be encoded and become U+FFFD."""
    try:
        body = _ENCODER.encode(message)
    except UnicodeEncodeError:
        body = _ENCODER.encode(scrubbed(msgspec.to_builtins(message)))
    return _HEAD.pack(len(body) + 1, _MESSAGE) + body


def event_frame(line: bytes) -> bytes:
    """An event that `core.events.encode` made a line of, as a frame."""
    return _HEAD.pack(len(line) + 1, _EVENT) + line


async def receive(reader: asyncio.StreamReader, largest: int) -> tuple[bool, bytes]:
    """The next frame: whether it is an event, and its JSON. Raises ShareError for what is no frame, EOFError at the end."""
    try:
        length, kind = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        if kind not in (_EVENT, _MESSAGE):
            raise ShareError("what came is no frame of this protocol")
        if not 1 <= length <= largest:
            raise ShareError(f"a frame of {length} bytes is not allowed here; {largest} are")
        return kind == _EVENT, await reader.readexactly(length - 1)
    except asyncio.IncompleteReadError as error:
        raise EOFError from error


def read_message(body: bytes, decoder: msgspec.json.Decoder[M]) -> M:
    """A message that may come now. Raises ShareError when it is none."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ShareError(f"what came is no message that may come now: {error}") from error
