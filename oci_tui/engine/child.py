"""The child process of a worker, as the app holds it: orders go in, answers come out by the number they belong to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

from oci_tui.core.errors import EngineError
from oci_tui.engine.death import died, oom_kills
from oci_tui.engine.wire import (
    Answer,
    Counted,
    Failed,
    Grew,
    Load,
    Order,
    Stop,
    Unload,
    frame,
    read_answer,
)
from oci_tui.settings import EngineSettings

_STOP_S = 10.0
_EXIT_S = 5.0


class Child:
    """One worker and the answers that it owes. `alive` until its pipe closes."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        pipe: asyncio.ReadTransport,
        settings: EngineSettings,
        log: Path,
        killed_before: int,
    ) -> None:
        self._process, self._pipe = process, pipe
        self._settings, self._log, self._killed_before = settings, log, killed_before
        self._owed: dict[int, asyncio.Queue[Answer | None]] = {}
        self._last = 0
        self.alive = True
        self._listening = asyncio.create_task(self._listen(reader))

    @classmethod
    async def spawn(cls, settings: EngineSettings, log: Path, worker: str) -> Child:
        """`worker` is the module it runs. Raises EngineError when no process can be started."""
        before = oom_kills()
        process, answers = _launch(log, worker)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(answers, "rb", buffering=0))
        return cls(process, reader, pipe, settings, log, before)

    def number(self) -> int:
        self._last += 1
        return self._last

    def ask(self, order: Order) -> asyncio.Queue[Answer | None]:
        """Send an order; the queue gets its answers, and None when the worker dies."""
        answers = self._owed[_number(order)] = asyncio.Queue()
        if not self.alive:
            answers.put_nowait(None)
        else:
            self._send(order)
        return answers

    async def next(self, answers: asyncio.Queue[Answer | None]) -> Answer:
        """The next answer. Raises the error it is, or EngineDiedError when the worker has died."""
        answer = await answers.get()
        if answer is None:
            raise died(await self._exited(_EXIT_S), self._killed_before, self._log, self._settings)
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

    async def close(self, *, unload: bool) -> None:
        """End the process, after it has freed its model when asked to; a process that does not end is killed."""
        if unload and self.alive:
            answers = self.ask(Unload())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXIT_S):
                    await answers.get()
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        await self._exited(_EXIT_S if unload else 0.0)
        self._pipe.close()
        await self._listening

    def _send(self, order: Order) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(frame(order))
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            self._mourn()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while (answer := await read_answer(reader)) is not None:
            number = answer.number if isinstance(answer, Grew | Counted | Failed) else 0
            if number in self._owed:
                self._owed[number].put_nowait(answer)
        self._mourn()

    def _mourn(self) -> None:
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


def _number(order: Order) -> int:
    return 0 if isinstance(order, Load | Unload) else order.number


def _launch(log: Path, worker: str) -> tuple[subprocess.Popen[bytes], int]:
    """A worker process, and the descriptor that its answers come from."""
    receive, send = os.pipe()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as words:
            process = subprocess.Popen(
                # -P: the current folder is the user's repository, whose modules must never be imported here
                [sys.executable, "-P", "-m", worker, str(send), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=subprocess.STDOUT,
                pass_fds=[send],
                start_new_session=True,
                env=environment(),
            )
    except OSError as error:
        os.close(receive)
        raise EngineError(f"the engine's process cannot be started: {error}; see that {log} can be written") from error
    finally:
        os.close(send)
    return process, receive


def environment() -> dict[str, str]:
    """The app's, the folder that the app's own code came from, and how llama.cpp's threads wait.

    Threads that spin long while they wait get ten times slower as soon as anything else runs on their cores; with no
    spinning at all a small model runs at a third of its speed.
    """
    code = str(Path(__file__).resolve().parents[2])
    paths = [code, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {"GOMP_SPINCOUNT": "2000", **os.environ, "PYTHONPATH": os.pathsep.join(paths)}
