"""Reads a PNG that hostile code made, and writes it again from the parts that hold the picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_SIDE = 8192
MAX_PIXELS = 24_000_000
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PIECE = 1 << 16
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"pHYs", b"IDAT", b"IEND")


class BadPictureError(Exception):
    """Not a picture that may be kept; the message says why."""


def cleaned(data: bytes) -> tuple[bytes, int, int]:
    """The same picture without texts, profiles and other extras, its width and its height in pixels.

    Every chunk is checked, and the pixels must be as many as the header says. Raises BadPictureError.
    """
    chunks = list(_chunks(data))
    if len(chunks) < 3 or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise BadPictureError("its parts are not those of a PNG")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise BadPictureError(f"{width} × {height} pixels are too many")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace:
        raise BadPictureError("its header names a form that is not supported")
    size = height * (1 + (width * depth * _CHANNELS[colour] + 7) // 8)
    _check_pixels(b"".join(body for kind, body in chunks if kind == b"IDAT"), size)
    kept = [(kind, body) for kind, body in chunks if kind in _KEPT]
    return SIGNATURE + b"".join(_chunk(kind, body) for kind, body in kept), width, height


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        raise BadPictureError("it is no PNG")
    place = len(SIGNATURE)
    while place < len(data):
        if len(data) - place < 12:
            raise BadPictureError("it is cut off")
        size, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + size
        if end > len(data):
            raise BadPictureError("it is cut off")
        body = data[place + 8 : end - 4]
        if struct.unpack(">I", data[end - 4 : end])[0] != zlib.crc32(kind + body):
            raise BadPictureError("a checksum is wrong")
        yield kind, body
        place = end
        if kind == b"IEND" and place < len(data):
            raise BadPictureError("something follows its end")


def _check_pixels(packed: bytes, size: int) -> None:
    """Unpack piece by piece, and never more than a piece beyond what there may be: a small file can blow up to anything."""
    unpacker, found = zlib.decompressobj(), 0
    try:
        while found <= size and (piece := unpacker.decompress(packed, _PIECE)):
            found += len(piece)
            packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise BadPictureError("its pixels cannot be unpacked") from error
    if found != size or not unpacker.eof:
        raise BadPictureError("its pixels are not as many as its header says")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
