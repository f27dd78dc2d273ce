"""What the sandbox costs beside plain `docker exec` through docker-py: `python -m tests.bench.sandbox [ROUNDS]`.

Each row measures both in turn, in the same minute on the same machine, and compares the best of each, since whatever else runs
there only adds: so the ratio holds where the seconds do not. Exits 1 when a target is missed.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Self

import psutil

from oci_tui.core.ports import Command, Exit, Output
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.sandbox.stream import taken_socket
from oci_tui.settings import SandboxSettings
from tests.bench.row import Row
from tests.sandbox.running import client, image, started

PRINT = ["/usr/bin/python3", "-c", "print(1)"]
SIZE = 100 << 20
LINE = b"0123456789abcde\n"
BIG = "/tmp/big"
SETTINGS = SandboxSettings(memory_mb=1024, output_mb=128)


class Plain:
    """A container with nothing but a process that waits, and `docker exec` in it: what everything here is compared with."""

    def __init__(self) -> None:
        self.api: Any = client()
        self.container = self.begun()

    def begun(self, **options: bool) -> str:
        made = str(self.api.create_container(image(), ["/bin/cat"], stdin_open=True, **options)["Id"])
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
        self._me = psutil.Process()
        self._first = self._most = self._me.memory_info().rss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self._most = max(self._most, self._me.memory_info().rss)

    @property
    def growth(self) -> int:
        return int(self._most - self._first)


async def counted(sandbox: DockerSandbox, command: Command) -> int:
    """How many characters the command prints; they are let go as they come."""
    count = 0
    async with aclosing(sandbox.run(command)) as items:
        async for item in items:
            if isinstance(item, Output):
                count += len(item.text)
            elif isinstance(item, Exit) and not item.passed:
                raise SystemExit(f"{command.label}: {item}")
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


async def round_trip(plain: Plain, sandbox: DockerSandbox, rounds: int, *, stateful: bool) -> Row:
    """A block in the session's Python, as replies run; or in a process of its own, as checks do."""
    block = Command("print(1)", language="python", code="print(1)", stateful=stateful)
    theirs, ours = await best(rounds, aside(lambda: plain.run(PRINT)), lambda: counted(sandbox, block))
    name = "warm print(1)" if stateful else "in a fresh process"
    return Row(name, ours / theirs, "×", 0.35, True, f"{ours * 1000:.1f} ms; docker exec {theirs * 1000:.1f} ms")


async def output(plain: Plain, sandbox: DockerSandbox, rounds: int) -> list[Row]:
    make = ["/bin/sh", "-c", f"yes {LINE.decode().strip()} | head -c {SIZE} > {BIG}"]
    plain.run(make)
    await counted(sandbox, Command("make", argv=tuple(make)))
    show = Command("cat", argv=("cat", BIG))
    with Memory() as memory:
        assert await counted(sandbox, show) == SIZE
    theirs, ours = await best(rounds, aside(lambda: plain.read(["cat", BIG])), lambda: counted(sandbox, show))
    speeds = f"{SIZE / ours / 1e6:.0f} MB/s; docker exec … cat {SIZE / theirs / 1e6:.0f} MB/s"
    return [
        Row("100 MB of output", theirs / ours, "×", 0.5, False, speeds),
        Row("memory it takes", memory.growth / (1 << 20), "MB", 50, True, "the app's growth while it streams"),
    ]


async def start(plain: Plain, rounds: int) -> Row:
    containers: list[str] = []

    def bare(**options: bool) -> None:
        containers.append(plain.begun(**options))
        plain.run(["/bin/true"], containers[-1])

    sandboxes: list[DockerSandbox] = []

    async def ours() -> None:
        sandbox = DockerSandbox(SETTINGS, "bench", "/repository")
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
    return Row("session start", ours_s / theirs_s, "×", 1.5, True, figures)


async def measured(rounds: int) -> list[Row]:
    plain = Plain()
    try:
        async with started(SETTINGS) as sandbox:
            rows = [await round_trip(plain, sandbox, rounds * 4, stateful=stateful) for stateful in (True, False)]
            rows += await output(plain, sandbox, rounds)
        return [*rows, await start(plain, rounds)]
    finally:
        plain.close()


def main() -> None:
    rows = asyncio.run(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
    print(*rows, sep="\n")
    sys.exit(0 if all(row.met for row in rows) else 1)


if __name__ == "__main__":
    main()
