"""A shell for the person in a container as closed as a session's, on the person's own terminal."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from oci_tui.core.errors import SandboxError
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.sandbox.tty_filter import TtyFilter
from oci_tui.settings import SandboxSettings

_CHUNK = 1 << 16
COMMAND = ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash --norc; exec sh")
PROMPT = r"sandbox:\w\$ "


async def run_shell(settings: SandboxSettings, session: str, repository: str, tar: Iterable[bytes] | None) -> int:
    """Open a shell in a fresh sandbox whose workspace holds `tar` (None: nothing); its exit code.

    Standard input and output must be a terminal; it is as it was afterwards. Raises SandboxError.
    """
    sandbox = DockerSandbox(settings, session, repository)
    loop = asyncio.get_running_loop()
    working = asyncio.create_task(_worked(sandbox, tar))
    ended_by: list[int] = []

    def end(number: int) -> None:
        ended_by.append(number)
        working.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        return await working
    except asyncio.CancelledError:
        if not ended_by:
            raise
        return 128 + ended_by[0]
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        await sandbox.close()


async def _worked(sandbox: DockerSandbox, tar: Iterable[bytes] | None) -> int:
    async with aclosing(sandbox.start()) as progress:
        async for step in progress:
            print(f"◌ {step.doing}", file=sys.stderr)  # noqa: T201 - the person's terminal is this module's purpose
    if tar is not None:
        await sandbox.unpack(tar)
    print("● what you change here is gone when you leave (exit, or Ctrl+D)", file=sys.stderr)  # noqa: T201
    environment = {"PS1": PROMPT, "TERM": os.environ.get("TERM", "dumb")}
    terminal = await sandbox.open_terminal(COMMAND, environment)
    harmless = TtyFilter()
    try:
        with _raw(), _resizing(terminal.resize):
            await _carried(terminal.connection, harmless)
    finally:
        _show(harmless.reset())
        terminal.connection.close()
    return await terminal.exit_code()


async def _carried(connection: socket.socket, harmless: TtyFilter) -> None:
    """What is typed goes in, and what comes out is shown, until the other end hangs up."""
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    loop.add_reader(0, lambda: typed.put_nowait(os.read(0, _CHUNK)))

    async def forward() -> None:
        while data := await typed.get():
            await loop.sock_sendall(connection, data)

    forwarding = asyncio.create_task(forward())
    try:
        while data := await loop.sock_recv(connection, _CHUNK):
            _show(harmless.feed(data))
    except ConnectionError as error:
        raise SandboxError(f"the shell was lost: {error.strerror}; start it again") from error
    finally:
        loop.remove_reader(0)
        forwarding.cancel()
        await asyncio.gather(forwarding, return_exceptions=True)


def _show(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


@contextmanager
def _raw() -> Iterator[None]:
    """Every key goes to the shell as it is, Ctrl+C too; the terminal's settings come back afterwards."""
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


@contextmanager
def _resizing(resize: Any) -> Iterator[None]:
    """The shell's terminal has the size of the person's, now and when it changes."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def changed() -> None:
        task = asyncio.create_task(resize(*shutil.get_terminal_size()))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGWINCH, changed)
    changed()
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
