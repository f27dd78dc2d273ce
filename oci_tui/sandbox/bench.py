"""What the sandbox costs beside plain `docker exec` through docker-py.

Each row measures both in turn, in the same minute on the same machine, and compares the best of each, since whatever else runs
there only adds: so the ratio holds where the seconds do not.
"""

from __future__ import annotations

import asyncio
import resource
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.measurement import Measurement
from oci_tui.core.ports import Command, Exit, Output
from oci_tui.sandbox import daemon, preparation, profile
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.sandbox.stream import taken_socket
from oci_tui.settings import SandboxSettings

PRINT = ["/usr/bin/python3", "-c", "print(1)"]
SIZE = 100 << 20
LINE = b"0123456789abcde\n"
BIG = "/tmp/big"
_PAGE = resource.getpagesize()


class Plain:
    """A container with nothing but a process that waits, and `docker exec` in it: what everything here is compared with."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.api: Any = daemon.connect(daemon.find(settings.docker_host))
        self._image = preparation.chosen(self.api, profile.load(settings.profile), "").image
        self.container = self.begun()

    def begun(self, **options: bool) -> str:
        made = str(self.api.create_container(self._image, ["/bin/cat"], stdin_open=True, **options)["Id"])
        self.api.start(made)
        return made

    def run(self, argv: list[str], container: str = "") -> bytes:
        return bytes(self.api.exec_start(self.api.exec_create(container or self.container, argv)["Id"]))

    def read(self, argv: list[str]) -> int:
        """How many bytes come, read from the raw connection and let go."""
        executing = self.api.exec_create(self.container, argv)["Id"]
        size = 0
        with taken_socket(self.api.exec_start(executing, socket=True)) as connection:
            while data := connection.recv(1 << 18):
                size += len(data)
        return size

    def remove(self, container: str) -> None:
        self.api.remove_container(container, force=True)

    def close(self) -> None:
        self.remove(self.container)
        self.api.close()


class Memory:
    """The largest growth of this process's resident memory while it is entered, in bytes, looked at every 5 ms."""

    def __enter__(self) -> Self:
        self._first = self._most = _resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self._most = max(self._most, _resident())

    @property
    def growth(self) -> int:
        return self._most - self._first


def _resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


async def counted(sandbox: DockerSandbox, command: Command) -> int:
    """How many characters the command prints; they are let go as they come."""
    count = 0
    async with aclosing(sandbox.run(command)) as items:
        async for item in items:
            if isinstance(item, Output):
                count += len(item.text)
            elif isinstance(item, Exit) and not item.passed:
                raise SandboxError(f"{command.label}: ended with exit code {item.code} ({item.reason}); measure again")
    return count


async def best(rounds: int, *measured: Callable[[], Awaitable[object]]) -> list[float]:
    """The least seconds that each takes, measured in turn; the first round warms them up and does not count."""
    taken: list[list[float]] = [[] for _ in measured]
    for _ in range(rounds + 1):
        for what, seconds in zip(measured, taken, strict=True):
            began = time.perf_counter()
            await what()
            seconds.append(time.perf_counter() - began)
    return [min(seconds[1:]) for seconds in taken]


def aside(work: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    """What docker-py does, in a thread, as the app would have to."""
    return lambda: asyncio.to_thread(work)


async def round_trip(plain: Plain, sandbox: DockerSandbox, rounds: int, *, stateful: bool) -> Measurement:
    """A block in the session's Python, as replies run; or in a process of its own, as checks do."""
    block = Command("print(1)", language="python", code="print(1)", stateful=stateful)
    theirs, ours = await best(rounds, aside(lambda: plain.run(PRINT)), lambda: counted(sandbox, block))
    name = "warm print(1)" if stateful else "in a fresh process"
    return Measurement(name, ours / theirs, "×", 0.35, True, f"{ours * 1000:.1f} ms; docker exec {theirs * 1000:.1f} ms")


async def output(plain: Plain, sandbox: DockerSandbox, rounds: int) -> list[Measurement]:
    make = ["/bin/sh", "-c", f"yes {LINE.decode().strip()} | head -c {SIZE} > {BIG}"]
    plain.run(make)
    await counted(sandbox, Command("make", argv=tuple(make)))
    show = Command("cat", argv=("cat", BIG))
    with Memory() as memory:
        assert await counted(sandbox, show) == SIZE
    theirs, ours = await best(rounds, aside(lambda: plain.read(["cat", BIG])), lambda: counted(sandbox, show))
    speeds = f"{SIZE / ours / 1e6:.0f} MB/s; docker exec … cat {SIZE / theirs / 1e6:.0f} MB/s"
    return [
        Measurement("100 MB of output", theirs / ours, "×", 0.5, False, speeds),
        Measurement("memory it takes", memory.growth / (1 << 20), "MB", 50, True, "the app's growth while it streams"),
    ]


async def start(plain: Plain, settings: SandboxSettings, rounds: int) -> Measurement:
    containers: list[str] = []

    def bare(**options: bool) -> None:
        containers.append(plain.begun(**options))
        plain.run(["/bin/true"], containers[-1])

    sandboxes: list[DockerSandbox] = []

    async def ours() -> None:
        sandbox = _sandbox(settings)
        sandboxes.append(sandbox)
        async with aclosing(sandbox.start()) as steps:
            async for _ in steps:
                pass

    try:
        unconnected = aside(lambda: bare(network_disabled=True))
        theirs_s, unconnected_s, ours_s = await best(rounds, aside(bare), unconnected, ours)
    finally:
        for container in containers:
            plain.remove(container)
        for sandbox in sandboxes:
            await sandbox.close()
    figures = f"{ours_s:.2f} s; bare create, start and exec {theirs_s:.2f} s, of one that has no network {unconnected_s:.2f} s"
    return Measurement("session start", ours_s / theirs_s, "×", 1.5, True, figures)


def _sandbox(settings: SandboxSettings) -> DockerSandbox:
    return DockerSandbox(settings, f"bench-{secrets.token_hex(6)}", "")


async def measurements(settings: SandboxSettings, rounds: int) -> AsyncGenerator[Measurement]:
    """One by one, as they are made. Raises SandboxError."""
    settings = msgspec.structs.replace(settings, memory_mb=1024, output_mb=128)
    plain, sandbox = await asyncio.to_thread(Plain, settings), _sandbox(settings)
    try:
        async with aclosing(sandbox.start()) as steps:
            async for _ in steps:
                pass
        for stateful in (True, False):
            yield await round_trip(plain, sandbox, rounds * 4, stateful=stateful)
        for measured in await output(plain, sandbox, rounds):
            yield measured
        yield await start(plain, settings, rounds)
    finally:
        await sandbox.close()
        await asyncio.to_thread(plain.close)
