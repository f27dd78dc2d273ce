"""The runner's standard input and output as frames. Sent in as source; standard library only, Python 3.9 and newer."""

from __future__ import annotations

import os
import selectors

from oci_tui.sandbox.frames import Decoder, Frame, encode

CHUNK = 1 << 16
BACKLOG = 1 << 18


class Wire:
    """This process's standard input and output as frames, neither of which ever blocks it."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.decoder = Decoder()
        self.inbox: list[Frame] = []
        self.outgoing = bytearray()
        self.closed = False
        os.set_blocking(0, False)
        os.set_blocking(1, False)
        selector.register(0, selectors.EVENT_READ, self.on_readable)

    def send(self, kind: bytes, nonce: bytes, payload: bytes = b"") -> None:
        self.outgoing += encode(kind, nonce, payload)
        self.flush()

    def flush(self) -> None:
        try:
            while self.outgoing:
                del self.outgoing[: os.write(1, self.outgoing[:CHUNK])]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
            self.outgoing.clear()
        waiting = 1 in self.selector.get_map()
        if self.outgoing and not waiting:
            self.selector.register(1, selectors.EVENT_WRITE, self.flush)
        elif waiting and not self.outgoing:
            self.selector.unregister(1)

    def on_readable(self) -> None:
        try:
            data = os.read(0, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.closed = True
            self.selector.unregister(0)
        self.inbox += self.decoder.feed(data)

    def listen(self, on: bool) -> None:
        """Stop reading while a command is slow to take its input, and go on later."""
        reading = 0 in self.selector.get_map()
        if on and not reading and not self.closed:
            self.selector.register(0, selectors.EVENT_READ, self.on_readable)
        elif reading and not on:
            self.selector.unregister(0)
