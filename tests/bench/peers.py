"""The app beside other terminal agents: `python -m tests.bench.peers [--codex PROGRAM] [--vibe PROGRAM]` prints one table.

Every program runs in a pty of 120×40 and asks the same server of this machine, which streams the same reply as fast. Processor
time is that of a program and all its children. Programs are set up in a home of their own and reach nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from tests.bench.screen import COLUMNS, ROWS, Screen
from tests.bench.ui import reply

ASKED = "BENCHGO"
RATES = ((1510, 100.0), (6000, 300.0))
SECONDS_TO_START = 90


class Program(NamedTuple):
    """How one is started, told where the server is, and known to be ready."""

    name: str
    command: tuple[str, ...]
    ready: str
    files: dict[str, str]
    environment: dict[str, str]


def oci_tui(url: str) -> Program:
    run = f"import sys; sys.path.insert(0, {os.getcwd()!r}); sys.argv = ['oci-tui']; from oci_tui.cli import main; main()"
    settings = {"KIND": "openai", "URL": url, "MODEL": "mock", "CONTEXT": "32000", "MAX_NEW_TOKENS": "8000"}
    environment = {f"OCI_ENGINE_{name}": value for name, value in settings.items()}
    sandbox = {"OCI_AGENT_ROUNDS": "1", "OCI_SANDBOX_DOCKER_HOST": "unix:///nowhere.sock"}
    return Program("oci-tui", (sys.executable, "-c", run), "✗ sandbox", {}, environment | sandbox)


def codex(url: str, program: str, repository: Path) -> Program:
    config = f"""
model = "mock"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "read-only"
check_for_update_on_startup = false
[model_providers.mock]
name = "mock"
base_url = "{url}"
wire_api = "responses"
[projects."{repository}"]
trust_level = "trusted"
[tui]
screen_reader_detection_done = true
"""
    return Program("Codex", (program,), "›|Ask Codex|/model", {".codex/config.toml": config}, {"OPENAI_API_KEY": "x"})


def vibe(url: str, program: str, repository: Path) -> Program:
    config = f"""
active_model = "mock"
enable_update_checks = false
enable_telemetry = false
[[providers]]
name = "mock"
api_base = "{url}"
api_key_env_var = "MOCK_KEY"
api_style = "openai"
backend = "generic"
[[models]]
name = "mock"
provider = "mock"
alias = "mock"
"""
    files = {".vibe/config.toml": config, ".vibe/trusted_folders.toml": f"trusted = [{json.dumps(str(repository))}]\n"}
    return Program("mistral-vibe", (program,), ">", files, {"MOCK_KEY": "x"})


class Server(ThreadingHTTPServer):
    """Speaks chat completions and responses; `began` and `ended` are when the first and the last piece of a reply were sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.pieces: list[tuple[float, str]] = []
        self.began = self.ended = 0.0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A program that hangs up has what it wanted."""


class _Asked(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        """Nothing: the table is the output."""

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self.send_error(404)
            return
        self._whole({"object": "list", "data": [{"id": "mock", "object": "model"}], "models": []})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path not in ("/v1/chat/completions", "/v1/responses"):
            self.send_error(404)
            return
        said = self.server.pieces if ASKED in json.dumps(asked.get("messages", asked.get("input"))[-3:]) else [(0.0, "ok")]
        if not asked.get("stream"):
            message = {"role": "assistant", "content": "".join(piece for _, piece in said)}
            self._whole({"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        begin, grow, end = self._responses() if self.path.endswith("/responses") else self._chat()
        begin()
        began, after = time.perf_counter(), 0.0
        if said is self.server.pieces:
            self.server.began = time.time()
        for pause, piece in said:
            after += pause
            time.sleep(max(0.0, began + after - time.perf_counter()))
            grow(piece)
        if said is self.server.pieces:
            self.server.ended = time.time()
        end("".join(piece for _, piece in said))

    def _whole(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send(self, data: object, kind: str = "") -> None:
        line = f"event: {kind}\n" if kind else ""
        self.wfile.write(f"{line}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode())

    def _chat(self) -> tuple[Callable[[], None], Callable[[str], None], Callable[[str], None]]:
        def chunk(delta: dict[str, str], **more: Any) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish", None)}
            self._send({"id": "x", "object": "chat.completion.chunk", "model": "mock", "choices": [choice], **more})

        def end(_: str) -> None:
            chunk({}, finish="stop", usage={"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20})
            self._send("[DONE]")

        return lambda: chunk({"role": "assistant", "content": ""}), lambda piece: chunk({"content": piece}), end

    def _responses(self) -> tuple[Callable[[], None], Callable[[str], None], Callable[[str], None]]:
        answer: dict[str, Any] = {"id": "r", "object": "response", "created_at": 1, "model": "mock"}
        place = {"item_id": "m", "output_index": 0, "content_index": 0}
        item = {"id": "m", "type": "message", "role": "assistant"}

        def event(kind: str, **more: Any) -> None:
            self._send({"type": f"response.{kind}", **more}, f"response.{kind}")

        def begin() -> None:
            event("created", response={**answer, "status": "in_progress", "output": []})
            event("output_item.added", output_index=0, item={**item, "status": "in_progress", "content": []})
            event("content_part.added", **place, part={"type": "output_text", "text": "", "annotations": []})

        def end(text: str) -> None:
            done = {**item, "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}
            usage = {"input_tokens": 10, "output_tokens": 10, "total_tokens": 20}
            event("output_text.done", **place, text=text)
            event("output_item.done", output_index=0, item=done)
            event("completed", response={**answer, "status": "completed", "output": [done], "usage": usage})

        return begin, lambda piece: event("output_text.delta", **place, delta=piece), end


class Running(Screen):
    """A program and its children, in a terminal."""

    def __init__(self, program: Program, repository: Path, home: Path) -> None:
        code = f"import os; os.chdir({str(repository)!r}); os.execvp({program.command[0]!r}, {program.command!r})"
        self.used: dict[int, float] = {}
        self.started = time.perf_counter()
        super().__init__(code, home, program.environment, COLUMNS, ROWS)

    def processes(self) -> list[psutil.Process]:
        try:
            app = psutil.Process(self.process.pid)
            return [app, *app.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_s(self) -> float:
        """Of the program and every child it was seen with, until now."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                self.used[process.pid] = float(times.user + times.system)
        return sum(self.used.values())

    def memory_mb(self) -> float:
        found = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += process.memory_full_info().pss / 1e6
        return found


def measure(program: Program, server: Server, repository: Path, home: Path) -> dict[str, float]:
    for path, text in program.files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    screen = Running(program, repository, home)
    try:
        screen.until(lambda: re.search(program.ready, screen.text) is not None, SECONDS_TO_START)
        found = {"ready, s": time.perf_counter() - screen.started}
        screen.let_pass(4)
        used = screen.cpu_s()
        screen.let_pass(5)
        found |= {"idle, %": (screen.cpu_s() - used) / 5 * 100, "memory, MB": screen.memory_mb()}
        found["key echo while streaming, ms"] = statistics.median(_streamed(screen, server, *RATES[0], keys=True)[1])
        for tokens, rate in RATES:
            figures, _ = _streamed(screen, server, tokens, rate, keys=False)
            found |= {f"{name}, at {rate:.0f}/s": figure for name, figure in figures.items()}
        return found
    finally:
        children = screen.processes()
        screen.close()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def _streamed(screen: Running, server: Server, tokens: int, rate: float, *, keys: bool) -> tuple[dict[str, float], list[float]]:
    name = f"{rate:.0f}{keys}"
    pieces: Any = reply(f"at_{name}", tokens, rate)["pieces"]
    # Programs draw what was said before once more.
    server.pieces = [(pause, piece.replace("ENDMARK", f"END{name}")) for pause, piece in pieces]
    server.began = 0.0
    screen.press(ASKED.encode())
    screen.let_pass(0.5)
    mark, used = len(screen.raw), screen.cpu_s()
    screen.press(b"\r")
    screen.until(lambda: bool(server.began), 60)
    echoes = screen.until_end(mark, 60 + tokens / rate, keys=keys, end=f"END{name}".encode())
    shown, cost, sent = time.time(), screen.cpu_s() - used, len(screen.raw) - mark
    screen.press(b"\x15" if keys else b"")
    screen.let_pass(3)
    return {"CPU s": cost, "bytes a token": sent / tokens, "last token after, ms": (shown - server.ended) * 1000}, echoes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--codex", metavar="PROGRAM", help="of `npm install @openai/codex`")
    parser.add_argument("--vibe", metavar="PROGRAM", help="of `pip install mistral-vibe`")
    asked = parser.parse_args()
    server = Server()
    columns: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="oci-tui-bench-") as folder:
        repository = Path(folder, "repository")
        repository.mkdir()
        (repository / "calc.py").write_text("def add(a, b):\n    return a + b\n", encoding="utf-8")
        subprocess.run(["git", "init", "-q", str(repository)], check=True)
        programs = [oci_tui(server.url)]
        programs += [codex(server.url, asked.codex, repository)] if asked.codex else []
        programs += [vibe(server.url, asked.vibe, repository)] if asked.vibe else []
        for program in programs:
            home = Path(folder, program.name)
            home.mkdir()
            columns[program.name] = measure(program, server, repository, home)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}\n\n| | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    for name in next(iter(columns.values())):
        print(f"| {name} | {' | '.join(f'{column[name]:.3g}' for column in columns.values())} |")


if __name__ == "__main__":
    main()
