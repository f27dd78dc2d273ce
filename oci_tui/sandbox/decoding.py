"""A command's bytes as text: UTF-8 cut anywhere, and a stream that is no text told in a summary instead."""

from __future__ import annotations

import codecs
import hashlib

SAMPLE = 8 << 10
_SHOWN = 256
_ENOUGH = 64  # characters that tell text in another encoding from binary
_KINDS = {
    b"\x89PNG\r\n\x1a\n": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF8": "GIF image",
    b"%PDF-": "PDF document",
    b"\x7fELF": "ELF program",
    b"PK\x03\x04": "zip archive",
    b"\x1f\x8b": "gzip data",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\0": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"SQLite format 3\0": "SQLite database",
    b"\x80\x04\x95": "Python pickle",
    b"\x93NUMPY": "NumPy array",
}


class Decoder:
    """Text of one stream as it grows, bad bytes as U+FFFD.

    A NUL among the first 8 KiB, or more than 30 % bad characters there, makes it binary: from then on there is no text,
    and at the end a summary.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._sample = bytearray()
        self._characters = self._bad = 0
        self._size = 0
        self._digest = hashlib.sha256()
        self._binary = False

    def feed(self, data: bytes) -> str:
        """The text that `data` completes; "" for a binary stream."""
        before, self._size = self._size, self._size + len(data)
        self._sample += data[: max(0, SAMPLE - before)]
        if self._binary:
            self._digest.update(data)
            return ""
        text = self._decoder.decode(data)
        if before < SAMPLE:
            self._characters += len(text)
            self._bad += text.count("\ufffd")
            self._binary = 0 in self._sample or (self._characters >= _ENOUGH and self._bad > 0.3 * self._characters)
            if self._binary:
                self._digest.update(self._sample + data[max(0, SAMPLE - before) :])
                return ""
        return text

    def finish(self) -> str:
        """What is left at the end of the stream: an unfinished character, or the summary."""
        if not self._binary:
            return self._decoder.decode(b"", final=True)
        begin = bytes(self._sample[:_SHOWN])
        kind = next((kind for magic, kind in _KINDS.items() if begin.startswith(magic)), "unknown type")
        rows = [begin[at : at + 32].hex(" ", 4) for at in range(0, len(begin), 32)]
        head = f"[binary output: {self._size} bytes, {kind}, sha256 {self._digest.hexdigest()}, it begins with]"
        return "\n".join([head, *rows, ""])
