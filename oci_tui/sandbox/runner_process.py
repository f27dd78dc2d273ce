"""The app's end of the runner: sends it in, asks it to run, reads its frames with a deadline and a byte cap of its own."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import EndReason
from oci_tui.core.terminal import visible_line
from oci_tui.sandbox import frames
from oci_tui.sandbox.container import AGENT
from oci_tui.sandbox.daemon import told
from oci_tui.sandbox.frames import Frame
from oci_tui.sandbox.stream import ExecStream, taken_socket
from oci_tui.sandbox.verification import Report, check_report

HELLO_PATIENCE_S = 20.0
GRACE_S = 5.0  # the runner's own kill ladder takes up to 4 seconds
CANCEL_PATIENCE_S = 4.0

_SOURCES = {
    "frames.py": "oci_tui.sandbox.frames",
    "confinement.py": "oci_tui.sandbox.confinement",
    "runner_wire.py": "oci_tui.sandbox.runner_wire",
    "runner_python.py": "oci_tui.sandbox.runner_python",
    "runner_command.py": "oci_tui.sandbox.runner_command",
    "runner_block.py": "oci_tui.sandbox.runner_block",
    "runner.py": "__main__",
}
_LOADER = """
import os, sys, types
try:
    os.kill(-1, 9)
except ProcessLookupError:
    pass
def take(size):
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            sys.exit(1)
        data += part
    return data
for name, size in {sources}:
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(take(size), name, "exec"), module.__dict__)
"""


class Request(msgspec.Struct, frozen=True):
    """What the runner is asked: `code` (None: none) is written to a file whose name ends in `suffix` and comes last in `argv`.

    `limit` is in bytes of output, `timeout` in seconds; with `input` standard input is sent. With `session`, a program
    (`python_session`), the code is run by a process of it that lives on from request to request.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    timeout: float
    limit: int
    code: str | None = None
    suffix: str = ""
    input: bool = False
    session: str = ""
    cwd: str = "/workspace"


class Ended(msgspec.Struct, frozen=True):
    """How the runner says a request ended; see core.ports.Exit.

    `fresh`: the session's Python had to be started for it; `alive`: there is one now.
    """

    code: int
    reason: EndReason
    seconds: float
    max_memory: int
    omitted: int
    oom_kills: int
    fresh: bool
    alive: bool


class RunnerLostError(Exception):
    """The runner is gone, does not answer, or speaks nonsense; `log` is the end of what it wrote to standard error.

    `late` says that it did not end a command in time.
    """

    def __init__(self, log: str = "", late: bool = False) -> None:
        self.log, self.late = log, late
        super().__init__(log)


class RunnerProcess:
    """One runner, from its start to its end; one request at a time. Of no use any more once `usable` is False."""

    def __init__(self, stream: ExecStream, report: Report) -> None:
        self._stream = stream
        self.report = report
        self.usable = True

    @classmethod
    async def start(cls, connection: socket.socket, *, own_kernel: bool = False) -> RunnerProcess:
        """Send the runner in and have it report about itself; see `verification.check_report`.

        Raises SandboxError, RunnerLostError.
        """
        stream = await ExecStream.over(connection)
        nonce = secrets.token_bytes(frames.NONCE_SIZE)
        try:
            async with asyncio.timeout(HELLO_PATIENCE_S):
                for module in _SOURCES:
                    await stream.send(_source(module))
                await stream.send(frames.encode(frames.HELLO, nonce))
                answer = await stream.receive()
            if answer.kind != frames.HELLO or answer.nonce != nonce:
                raise frames.ProtocolError("no hello")
            return cls(stream, check_report(answer.payload, own_kernel=own_kernel))
        except (OSError, EOFError, frames.ProtocolError) as error:  # TimeoutError is an OSError
            await stream.close()
            raise RunnerLostError(_log(stream)) from error
        except BaseException:
            await stream.close()
            raise

    async def ask(self, request: Request, data: AsyncIterator[bytes] | None = None) -> AsyncGenerator[Frame | Ended]:
        """Output frames as they come, then how it ended. `data` is sent as standard input, meanwhile.

        Closing it early kills what runs. Raises RunnerLostError, and SandboxError for a request that is too long.
        """
        nonce = secrets.token_bytes(frames.NONCE_SIZE)
        clock = asyncio.get_running_loop().time
        deadline = clock() + request.timeout + GRACE_S
        asked = json.dumps(msgspec.to_builtins(request)).encode()
        if len(asked) > frames.MAX_PAYLOAD:
            raise SandboxError("the command is longer than 1 MB: put its text into a file of the workspace and run that")
        received = 0
        ended: Ended | None = None
        self.usable = False
        feeding: asyncio.Task[None] | None = None
        try:
            await self._send(frames.encode(frames.RUN, nonce, asked))
            if data is not None:
                feeding = asyncio.create_task(self._feed(nonce, data))
            while ended is None:
                frame = await self._receive(nonce, deadline)
                if frame.kind == frames.EXIT:
                    ended = _ended(frame)
                    break
                received += len(frame.payload) * (frame.kind != frames.PLOT)
                if received > request.limit:
                    raise RunnerLostError("it sent more output than it was allowed")
                paused = clock()
                yield frame
                deadline += clock() - paused
            self.usable = True
        except (GeneratorExit, asyncio.CancelledError):
            self.usable = await self._cancelled(nonce)
            raise
        finally:
            if feeding is not None:
                await _stopped(feeding)
        yield ended

    async def close(self) -> None:
        await self._stream.close()

    async def _feed(self, nonce: bytes, data: AsyncIterator[bytes]) -> None:
        end = frames.CANCEL
        try:
            async for chunk in data:
                for start in range(0, len(chunk), frames.MAX_PAYLOAD):
                    await self._send(frames.encode(frames.INPUT, nonce, chunk[start : start + frames.MAX_PAYLOAD]))
            end = frames.INPUT
        finally:
            await self._send(frames.encode(end, nonce))

    async def _send(self, data: bytes) -> None:
        try:
            await self._stream.send(data)
        except OSError as error:
            raise RunnerLostError(_log(self._stream)) from error

    async def _receive(self, nonce: bytes, deadline: float) -> Frame:
        try:
            async with asyncio.timeout_at(deadline):
                frame = await self._stream.receive()
        except TimeoutError as error:
            raise RunnerLostError(_log(self._stream), late=True) from error
        except (OSError, EOFError, frames.ProtocolError) as error:
            raise RunnerLostError(_log(self._stream)) from error
        if frame.nonce != nonce or frame.kind not in (frames.STDOUT, frames.STDERR, frames.PLOT, frames.EXIT):
            raise RunnerLostError("it answered what was not asked")
        return frame

    async def _cancelled(self, nonce: bytes) -> bool:
        """Have what runs killed, and read up to its end; False when the runner does not do it in time."""
        deadline = asyncio.get_running_loop().time() + CANCEL_PATIENCE_S
        try:
            await self._send(frames.encode(frames.CANCEL, nonce))
            while (await self._receive(nonce, deadline)).kind != frames.EXIT:
                pass
        except RunnerLostError:
            return False
        return True


async def _stopped(task: asyncio.Task[None]) -> None:
    """Ends the task that feeds input; its error, if any, matters more than what the command then said."""
    task.cancel()
    done, _ = await asyncio.wait([task])
    for finished in done:
        if not finished.cancelled() and (error := finished.exception()):
            raise error


def _ended(frame: Frame) -> Ended:
    try:
        return msgspec.json.decode(frame.payload, type=Ended)
    except msgspec.MsgspecError as error:
        raise RunnerLostError(visible_line(str(error))) from error


def exec_runner(api: Any, container: str) -> socket.socket:
    """Start a Python in the container that waits for the runner's source; the connection to it. Raises SandboxError."""
    loader = _LOADER.format(sources=[(name, len(_source(file))) for file, name in _SOURCES.items()])
    with told("starting the runner in the container"):
        made = api.exec_create(
            container,
            # Isolated and without site: nothing that the code wrote can be imported into the runner.
            ["/usr/bin/python3", "-I", "-S", "-u", "-c", loader],
            stdin=True,
            user=f"{AGENT}:{AGENT}",
            environment={"LANG": "C.UTF-8"},
            workdir="/tmp",
        )
        return taken_socket(api.exec_start(made["Id"], socket=True))


def session_program() -> str:
    """What `Request.session` is. Raises SandboxError."""
    return _source("python_session.py").decode()


def _source(file: str) -> bytes:
    path = Path(frames.__file__).with_name(file)
    try:
        return path.read_bytes()
    except OSError as error:
        raise SandboxError(f"{path}: cannot be read: {error.strerror}; install oci-tui again") from error


def _log(stream: ExecStream) -> str:
    lines = stream.log.decode("utf-8", "replace").strip().splitlines()
    return visible_line(lines[-1])[:300] if lines else ""
