"""A reply while the model writes it: its text is told piece by piece and read as it grows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from oci_tui.core import events
from oci_tui.core.events import Event
from oci_tui.core.generation import Begun, Request, Usage, nothing
from oci_tui.core.ports import Engine
from oci_tui.core.reply import Reply, ReplyReader


class Replying:
    """Once `told` is through: the `reply`, what it cost, and whether it was `cut_off` inside a block for its length.

    `begun` is a reply that the person changed: the model goes on from it, or is not asked.
    """

    def __init__(self, engine: Engine, request: Request, reader: ReplyReader, begun: Begun | None) -> None:
        self.reply, self.usage, self.cut_off = Reply(""), Usage(), False
        self._engine, self._request, self._reader, self._begun = engine, request, reader, begun

    async def told(self) -> AsyncGenerator[Event]:
        """The reply as it grows, as far as it says nothing again. Raises EngineError."""
        begun, reader = self._begun, self._reader
        if begun:
            reader.feed(begun.text)
            yield events.ReplyGrew(begun.text)
        asked = begun is None or begun.go_on
        async with aclosing(self._engine.generate(self._request) if asked else nothing()) as pieces:
            async for piece in pieces:
                self.usage = piece.usage or self.usage
                if piece.text:
                    reader.feed(piece.text)
                    yield events.ReplyGrew(piece.text, piece.tokens)
                if reader.repeats:
                    break
        self.cut_off = self.usage.end == "length" and reader.open is not None
        self.reply = reader.finish(cut_off=self.cut_off)
