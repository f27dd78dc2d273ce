"""The wire format between the app and the runner, both ends: frames of a kind, the nonce of their run, and a payload.

Imported by the app and, as source, by the runner inside the container; standard library only, Python 3.9 and newer.
A frame is `kind (1 byte) nonce (16 bytes) length (4 bytes, big-endian) payload`.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

HELLO = b"H"  # both ways; answered with a report (JSON) about the process that runs commands
RUN = b"R"  # to the runner: a request (JSON)
INPUT = b"I"  # to the runner: bytes for the command's standard input; an empty payload ends it
CANCEL = b"C"  # to the runner: end what runs
STDOUT = b"O"
STDERR = b"E"
PLOT = b"P"  # from the runner: a part of a picture; an empty payload ends it
EXIT = b"X"  # from the runner: how it ended (JSON); the last frame of a run

KINDS = frozenset((HELLO, RUN, INPUT, CANCEL, STDOUT, STDERR, PLOT, EXIT))
NONCE_SIZE = 16
MAX_PAYLOAD = 1 << 20

_HEADER = struct.Struct(">c16sI")


class Frame(NamedTuple):
    kind: bytes
    nonce: bytes
    payload: bytes


class ProtocolError(Exception):
    """Bytes that are no frame: the other end is broken or hostile, and what follows cannot be read."""


def encode(kind: bytes, nonce: bytes, payload: bytes = b"") -> bytes:
    """One frame. `payload` is at most MAX_PAYLOAD bytes."""
    if len(payload) > MAX_PAYLOAD or len(nonce) != NONCE_SIZE:
        raise ProtocolError(f"a frame of {len(payload)} bytes, nonce of {len(nonce)}")
    return _HEADER.pack(kind, nonce, len(payload)) + payload


class Decoder:
    """Cuts a stream of bytes into frames; holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises ProtocolError."""
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while len(self._buffer) - start >= _HEADER.size:
            kind, nonce, length = _HEADER.unpack_from(self._buffer, start)
            if kind not in KINDS or length > MAX_PAYLOAD:
                raise ProtocolError(f"kind {kind!r}, length {length}")
            end = start + _HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append(Frame(kind, nonce, bytes(self._buffer[start + _HEADER.size : end])))
            start = end
        del self._buffer[:start]
        return frames
