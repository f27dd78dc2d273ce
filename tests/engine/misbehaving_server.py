"""An OpenAI-compatible server over real sockets that does what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

Answer = tuple[int, str, object]
"""Status, extra header lines ("" for none), and the body: bytes, text, or what becomes JSON."""

MODELS: Answer = (200, "", {"object": "list", "data": [{"id": "tiny", "max_model_len": 4096}]})


def event(text: str = "", end: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": end}
    return b"data: " + json.dumps({"choices": [choice]} | more).encode() + b"\n\n"


USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 5}}
WELL = [event("Hel"), event("lo"), event(end="stop"), f"data: {json.dumps({'choices': [], 'usage': USAGE})}\n\n".encode()]
DONE = b"data: [DONE]\n\n"


class MisbehavingServer:
    """`answers` maps "METHOD /path" to an answer, or to a list of them (one a request, the last again and again).

    A chat request for which there is no answer streams `pieces`; `hold` keeps the stream open after them until the client
    goes, which sets `gone`; `reset` breaks the connection instead.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer | list[Answer]] = {
            "GET /v1/models": MODELS,
            "POST /tokenize": (200, "", {"count": 7}),
        }
        self.pieces: list[bytes] = [*WELL, DONE]
        self.hold = self.reset = False
        self.gone = asyncio.Event()
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""

    def times(self, what: str) -> int:
        return len([one for one, _, _ in self.asked if one == what])

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[MisbehavingServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}/v1"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                first, *lines = head.splitlines()
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                what = first.rpartition(" ")[0]
                self.asked.append((what, headers, json.loads(body) if body else None))
                if what == "POST /v1/chat/completions" and what not in self.answers:
                    await self._stream(reader, writer)
                    return
                await self._answer(writer, self._next(what))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _next(self, what: str) -> Answer:
        answer = self.answers.get(what, (404, "", {"error": {"message": "no such path"}}))
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer

    async def _answer(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        status, extra, said = answer
        body = said if isinstance(said, bytes) else said.encode() if isinstance(said, str) else json.dumps(said).encode()
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)
        await writer.drain()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for piece in self.pieces:
            writer.write(piece)
            await writer.drain()
        if self.reset:
            # with no time to linger the kernel sends a reset in place of an orderly end
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        elif self.hold:
            await reader.read()
            self.gone.set()
