"""What is kept of an output for the model and the journal: the head and the tail of each stream, and an exact count."""

from __future__ import annotations

from collections import deque
from itertools import groupby

from oci_tui.core.ports import Stream

HEAD, TAIL = 64 << 10, 192 << 10
PIECES = 2_000  # of the head: a journal has a line for each, so a program that prints byte by byte goes on in the tail
_JOINED = 4 << 10
_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


class KeptOutput:
    """Takes the pieces of both streams as they arrive. Sizes are in bytes of the text as UTF-8; no character is cut."""

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._ends = {stream: _Ends(head, tail) for stream in _STREAMS}
        self._arrived = 0

    @property
    def omitted(self) -> int:
        """How many bytes are not kept."""
        return sum(ends.omitted for ends in self._ends.values())

    def add(self, stream: Stream, text: str) -> str:
        """Take a piece; the part of it that belongs to the head of its stream."""
        self._arrived += 1
        return self._ends[stream].add(self._arrived, text.encode("utf-8", "replace")).decode()

    def text(self) -> str:
        """All that is kept, in the order in which it arrived; nothing marks where bytes were omitted."""
        pieces = [piece for ends in self._ends.values() for piece in (*ends.head, *ends.tail)]
        return b"".join(piece.data for piece in sorted(pieces, key=lambda piece: piece.first)).decode()

    def rest(self) -> list[tuple[Stream, str]]:
        """What is kept beyond the heads, in order; where a stream lost bytes a line says how many."""
        found: list[tuple[int, Stream, str]] = []
        for stream, ends in self._ends.items():
            if ends.omitted:
                found.append((ends.tail[0].first, stream, f"\n...({ends.omitted} bytes omitted)...\n"))
            found += [(piece.first, stream, piece.data.decode()) for piece in ends.tail]
        found.sort(key=lambda piece: piece[0])
        return [(stream, "".join(text for _, _, text in run)) for stream, run in groupby(found, key=lambda piece: piece[1])]


class _Piece:
    """Text of one stream that nothing of the other interrupts: the first and the last arrival that it holds."""

    def __init__(self, arrival: int, data: bytes) -> None:
        self.first = self.last = arrival
        self.data = data


class _Ends:
    """The head and the tail of one stream."""

    def __init__(self, head: int, tail: int) -> None:
        self.head: list[_Piece] = []
        self.tail: deque[_Piece] = deque()
        self.omitted = 0
        self._room, self._pieces = head, PIECES
        self._most = tail
        self._size = 0

    def add(self, arrival: int, data: bytes) -> bytes:
        """Take a piece; the part of it that is in the head."""
        self._pieces -= 1
        cut = _boundary(data, self._room) if self._pieces >= 0 else 0
        first, rest = data[:cut], data[cut:]
        if first:
            self._room -= cut
            _append(self.head, arrival, first)
        if rest:
            self._room = 0
            self._size += len(rest)
            _append(self.tail, arrival, rest)
            self._trim()
        return first

    def _trim(self) -> None:
        while (excess := self._size - self._most) > 0:
            piece = self.tail[0]
            cut = min(excess, len(piece.data))
            while cut < len(piece.data) and piece.data[cut] & 0xC0 == 0x80:
                cut += 1
            piece.data = piece.data[cut:]
            self._size -= cut
            self.omitted += cut
            if not piece.data:
                self.tail.popleft()


def _append(pieces: list[_Piece] | deque[_Piece], arrival: int, data: bytes) -> None:
    """Add a piece, or lengthen the last one where it is short: a program that prints byte by byte must not cost more."""
    if pieces and pieces[-1].last == arrival - 1 and len(pieces[-1].data) < _JOINED:
        pieces[-1].last = arrival
        pieces[-1].data += data
    else:
        pieces.append(_Piece(arrival, data))


def _boundary(data: bytes, most: int) -> int:
    """The largest cut of at most `most` bytes that no character crosses."""
    cut = min(most, len(data))
    while 0 < cut < len(data) and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut
