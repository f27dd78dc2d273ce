"""An OpenAI-compatible model server over real sockets that says what a function makes of the messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Says = Callable[[str], str]
"""All that was said so far → the reply."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, says: Says) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.says = says


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "tiny", "max_model_len": 8192}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.endswith("/chat/completions"):
            self._answer({"count": 10})  # of tokens, as vLLM's /tokenize
            return
        reply = self.server.says("\n".join(message["content"] for message in asked["messages"]))
        usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
        about = {"id": "x", "created": 1, "model": "tiny", "usage": usage}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": reply}
            self._answer({**about, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
            return
        choice = {"index": 0, "delta": {"role": "assistant", "content": reply}, "finish_reason": "stop"}
        event = json.dumps({**about, "choices": [choice]})
        self._send(f"data: {event}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")

    def _answer(self, content: dict[str, Any]) -> None:
        self._send(json.dumps(content).encode(), "application/json")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving(says: Says) -> Iterator[str]:
    """The address of its API."""
    with _Server(says) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
