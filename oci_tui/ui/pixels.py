"""The pixels of a PNG, in Python alone: for terminals that take no PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
MOST = 2_000_000
"""Pixels: more take longer than a person waits."""

Colour = tuple[int, int, int]


class UnreadableError(Exception):
    """The picture cannot be read here; the message says why."""


class Pixels(NamedTuple):
    """Rows of pixels, each four bytes: red, green, blue, opacity, as one number of this machine."""

    width: int
    height: int
    rows: list[memoryview]


def colour(pixel: int) -> Colour:
    """A pixel on white."""
    red, green, blue, opaque = struct.pack("=I", pixel)
    if opaque == 255:
        return red, green, blue
    return tuple(255 - (255 - part) * opaque // 255 for part in (red, green, blue))  # type: ignore[return-value]


def read(png: bytes) -> Pixels:
    """The picture in a PNG that is not interlaced. Raises UnreadableError."""
    try:
        chunks = dict.fromkeys((b"IHDR", b"PLTE", b"tRNS", b"IDAT"), b"")
        for kind, body in _chunks(png):
            chunks[kind] = chunks.get(kind, b"") + body
        width, height, depth, kind_of, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        if interlaced or kind_of not in _CHANNELS:
            raise UnreadableError("it is of a kind that is not read here")
        if width * height > MOST:
            raise UnreadableError(f"{width} × {height} pixels are too many to draw here")
        channels = _CHANNELS[kind_of]
        length = (width * depth * channels + 7) // 8
        data = zlib.decompressobj().decompress(chunks[b"IDAT"], height * (length + 1))
        if len(data) != height * (length + 1):
            raise UnreadableError("it is cut off")
        quads = _as_quads(kind_of, chunks[b"PLTE"], chunks[b"tRNS"])
        lines = _unfiltered(data, length, max(1, depth * channels // 8))
        return Pixels(
            width,
            height,
            [memoryview(quads(_bytes(line, depth, width * channels, grey=not kind_of))).cast("I") for line in lines],
        )
    except (struct.error, zlib.error, IndexError, ValueError) as error:
        raise UnreadableError(f"it is no whole PNG ({error})") from error


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(_SIGNATURE):
        raise UnreadableError("it is no PNG")
    place = len(_SIGNATURE)
    while place < len(png):
        size, kind = struct.unpack_from(">I4s", png, place)
        yield kind, png[place + 8 : place + 8 + size]
        place += size + 12


def _unfiltered(data: bytes, length: int, pixel: int) -> Iterator[bytes]:
    """The lines as they were before each was told by its difference to what is left of it and above."""
    above = bytes(length)
    for start in range(0, len(data), length + 1):
        how, line = data[start], bytearray(data[start + 1 : start + 1 + length])
        if how == 2:
            line = bytearray((here + up) & 255 for here, up in zip(line, above, strict=True))
        elif how:
            for at in range(length):
                left, up = (line[at - pixel] if at >= pixel else 0), above[at]
                if how == 1:
                    guess = left
                elif how == 3:
                    guess = (left + up) // 2
                else:
                    guess = _nearest(left, up, above[at - pixel] if at >= pixel else 0)
                line[at] = (line[at] + guess) & 255
        above = bytes(line)
        yield above


def _nearest(left: int, up: int, corner: int) -> int:
    """PNG's Paeth predictor."""
    apart = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
    if apart[0] <= apart[1] and apart[0] <= apart[2]:
        return left
    return up if apart[1] <= apart[2] else corner


def _bytes(line: bytes, depth: int, count: int, *, grey: bool) -> bytes:
    """A byte a sample: of 16 bits the upper ones; of fewer than 8 each apart, and as bright as with 8 where they are greys."""
    if depth == 8:
        return line
    if depth == 16:
        return line[::2]
    stretched = 255 // ((1 << depth) - 1) if grey else 1
    return bytes(stretched * ((byte >> shift) & ((1 << depth) - 1)) for byte in line for shift in range(8 - depth, -1, -depth))[
        :count
    ]


def _as_quads(kind: int, palette: bytes, opacity: bytes) -> Callable[[bytes], bytes]:
    """What makes red, green, blue and opacity of the samples of a line."""

    def quads(line: bytes) -> bytes:
        if kind == 6:
            return line
        if kind == 3:
            return b"".join([entries[sample] for sample in line])
        step = _CHANNELS[kind]
        found = bytearray(b"\xff" * (len(line) // step * 4))
        colours = (0, 1, 2) if kind == 2 else (0, 0, 0)
        for place, source in enumerate(colours):
            found[place::4] = line[source::step]
        if kind == 4:
            found[3::4] = line[1::2]
        return bytes(found)

    opaque = opacity + b"\xff" * 256
    entries = [palette[at * 3 : at * 3 + 3] + opaque[at : at + 1] for at in range(len(palette) // 3)]
    return quads
