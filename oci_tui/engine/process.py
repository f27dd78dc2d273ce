"""An engine whose model lives in a child process: a crash, a print or a busy loop there never touches the app."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from oci_tui.core.errors import EngineError
from oci_tui.core.ports import EngineInfo, Message, Piece, Progress, Request
from oci_tui.engine.wire import (
    Answer,
    Count,
    Counted,
    Failed,
    Generate,
    Grew,
    Load,
    Loaded,
    Loading,
    Order,
    Stop,
    frame,
    read_answer,
)
from oci_tui.settings import EngineSettings

_STOP_S = 10.0
_EXIT_S = 5.0
_LOG_TAIL = 8192


class EngineProcess:
    """`core.ports.Engine` over a worker. `settings.model` is a path; the worker's own words go to the file `log`.

    A worker that dies ends its replies with an EngineError; the next `start` begins a new one.
    """

    def __init__(self, settings: EngineSettings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._worker: _Worker | None = None
        self._info: EngineInfo | None = None

    async def start(self) -> AsyncGenerator[Progress]:
        if self._alive() is not None and self._info is not None:
            return
        await self.close()
        worker = self._worker = await _Worker.spawn(self._log)
        try:
            answers = worker.ask(0, Load(self._settings))
            while True:
                match await worker.next(answers):
                    case Loading(progress):
                        yield progress
                    case Loaded(info):
                        self._info = info
                        return
        finally:
            if self._info is None:
                await self.close()

    async def generate(self, request: Request) -> AsyncGenerator[Piece]:
        worker = self._running()
        number = worker.number()
        answers = worker.ask(number, Generate(number, _encodable(request)))
        ended = False
        try:
            while not ended:
                match await worker.next(answers):
                    case Grew(_, piece):
                        ended = piece.usage is not None
                        yield piece
        except EngineError:
            ended = True
            raise
        finally:
            if not ended:
                await worker.stop(number, answers)
            worker.forget(number)

    async def count(self, messages: Sequence[Message]) -> int:
        worker = self._running()
        number = worker.number()
        answers = worker.ask(number, Count(number, _clean(messages)))
        try:
            while True:
                match await worker.next(answers):
                    case Counted(_, tokens):
                        return tokens
        finally:
            worker.forget(number)

    async def describe(self) -> EngineInfo:
        self._running()
        assert self._info is not None
        return self._info

    async def close(self) -> None:
        patience_s = _EXIT_S if self._info is not None else 0.0
        worker, self._worker, self._info = self._worker, None, None
        if worker is not None:
            await worker.close(patience_s)

    def _alive(self) -> _Worker | None:
        return self._worker if self._worker is not None and self._worker.alive else None

    def _running(self) -> _Worker:
        if self._worker is None or self._info is None:
            raise EngineError("the engine is not running; start it first")
        return self._worker


class _Worker:
    """One child process and the answers that it owes."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, pipe: asyncio.ReadTransport, log: Path
    ) -> None:
        self._process, self._pipe, self._log = process, pipe, log
        self._owed: dict[int, asyncio.Queue[Answer | None]] = {}
        self._last = 0
        self.alive = True
        self._listening = asyncio.create_task(self._listen(reader))

    @classmethod
    async def spawn(cls, log: Path) -> _Worker:
        """Raises EngineError when no process can be started."""
        process, answers = _launch(log)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(answers, "rb", buffering=0))
        return cls(process, reader, pipe, log)

    def number(self) -> int:
        self._last += 1
        return self._last

    def ask(self, number: int, order: Order) -> asyncio.Queue[Answer | None]:
        """Send an order; the queue gets its answers, and None when the worker dies."""
        answers = self._owed[number] = asyncio.Queue()
        if not self.alive:
            answers.put_nowait(None)
        else:
            self._send(order)
        return answers

    async def next(self, answers: asyncio.Queue[Answer | None]) -> Answer:
        """The next answer. Raises the error it is, or EngineError when the worker has died."""
        answer = await answers.get()
        if answer is None:
            raise EngineError(await self._epitaph())
        if isinstance(answer, Failed):
            raise answer.error()
        return answer

    async def stop(self, number: int, answers: asyncio.Queue[Answer | None]) -> None:
        """End a generation and wait until the worker has."""
        if not self.alive:
            return
        self._send(Stop(number))
        with contextlib.suppress(TimeoutError):  # then it ends behind our back; the next request waits for it
            async with asyncio.timeout(_STOP_S):
                while not isinstance(answer := await answers.get(), Failed | None):
                    if isinstance(answer, Grew) and answer.piece.usage is not None:
                        return

    def forget(self, number: int) -> None:
        self._owed.pop(number, None)

    async def close(self, patience_s: float) -> None:
        """End the process: it goes when its orders end, or is killed after `patience_s`."""
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        await self._exited(patience_s)
        self._pipe.close()
        await self._listening

    def _send(self, order: Order) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(frame(order))
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            self.alive = False
            for answers in self._owed.values():
                answers.put_nowait(None)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while (answer := await read_answer(reader)) is not None:
            match answer:
                case Loading() | Loaded():
                    number = 0
                case _:
                    number = answer.number
            if number in self._owed:
                self._owed[number].put_nowait(answer)
        self.alive = False
        for answers in self._owed.values():
            answers.put_nowait(None)

    async def _exited(self, patience_s: float) -> int:
        """The exit code, of a process that is killed when it does not end by itself."""
        try:
            return await asyncio.to_thread(self._process.wait, patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return await asyncio.to_thread(self._process.wait)

    async def _epitaph(self) -> str:
        code = await self._exited(_EXIT_S)
        words = f"the engine's process died ({_cause(code)})"
        if line := _last_line(self._log):
            words += f"; its last words: {line}"
        return f"{words}. Ask again to start it anew; the whole log is {self._log}"


def _launch(log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A worker process, and the descriptor that its answers come from."""
    receive, send = os.pipe()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as words:
            process = subprocess.Popen(
                # -P: the current folder is the user's repository, whose modules must never be imported here
                [sys.executable, "-P", "-m", "oci_tui.engine.worker", str(send), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=subprocess.STDOUT,
                pass_fds=[send],
                start_new_session=True,
                env=_environment(),
            )
    except OSError as error:
        os.close(receive)
        raise EngineError(f"the engine's process cannot be started: {error}; see that {log} can be written") from error
    finally:
        os.close(send)
    return process, receive


def _environment() -> dict[str, str]:
    """The app's, the folder that the app's own code came from, and how llama.cpp's threads wait.

    Threads that spin long while they wait get ten times slower as soon as anything else runs on their cores; with no
    spinning at all a small model runs at a third of its speed.
    """
    code = str(Path(__file__).resolve().parents[2])
    paths = [code, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {"GOMP_SPINCOUNT": "2000", **os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _cause(code: int) -> str:
    if code == -signal.SIGKILL:
        return "killed: the computer may have run out of memory; choose a smaller model or a lower engine.context"
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - _LOG_TAIL, 0))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError as error:
        return f"(the log cannot be read: {error})"
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _encodable(request: Request) -> Request:
    return Request(_clean(request.messages), request.max_new_tokens, request.sampling, request.stop)


def _clean(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Half characters (lone surrogates) cannot travel as UTF-8: they become "?"."""
    return tuple(Message(m.role, m.content.encode("utf-8", "replace").decode("utf-8")) for m in messages)
