"""Whether a session that runs and runs leaks: `python -m tests.bench.soak [RUNS]`, 500 without a number.

Takes turns between everything that can end a run, the harm done to the runner and a new container included. Exits 1 when
anything but memory has grown at all, or memory by 10 MB.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, NamedTuple

import psutil

from oci_tui.core.ports import Command, Output
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import client, finished, listed, of_session, python, shell, tar_of, untarred

RUNS, WARM_UP = 500, 30
MOST_MEMORY = 10 << 20
SETTINGS = SandboxSettings(memory_mb=256, workspace_mb=64, output_mb=1)


class Held(NamedTuple):
    """What the app holds, and what is there because of it: on this machine, at the daemon, inside the container."""

    descriptors: int
    threads: int
    children: int
    containers: int
    volumes: int
    processes_inside: int
    files_inside: int
    memory: int

    def grown(self, before: Held) -> list[str]:
        """What is more than it was, one phrase each; memory may grow by MOST_MEMORY."""
        allowed = Held(0, 0, 0, 0, 0, 0, 0, MOST_MEMORY)
        return [
            f"{name}: {was} → {now}"
            for name, was, now, more in zip(self._fields, before, self, allowed, strict=True)
            if now - was > more
        ]


LOOK = """
import os, pathlib
print(sum(name.isdecimal() for name in os.listdir("/proc")))
places = ("/tmp", "/dev/shm", "/home/agent")
print(sum("block" not in str(path) for place in places for path in pathlib.Path(place).rglob("*")))
"""


async def held(api: Any, sandbox: DockerSandbox, session: str) -> Held:
    await remembers(sandbox)  # so that the session's Python is there each time
    processes, files = map(int, (await python(sandbox, LOOK)).stdout.split())
    gc.collect()
    me = psutil.Process()
    containers, volumes = len(of_session(api, session)), len(api.volumes()["Volumes"] or ())
    memory = me.memory_info().rss
    return Held(me.num_fds(), me.num_threads(), len(me.children()), containers, volumes, processes, files, memory)


async def remembers(sandbox: DockerSandbox) -> None:
    block = Command("block", language="python", code="kept = globals().get('kept', 0) + 1; kept > 0", stateful=True)
    assert (await finished(sandbox, block)).stdout == "True\n"


async def passes(sandbox: DockerSandbox) -> None:
    assert (await python(sandbox, "print(6 * 7)")).stdout == "42\n"


async def fails(sandbox: DockerSandbox) -> None:
    assert (await python(sandbox, "1 / 0")).exit.code == 1


async def cannot_start(sandbox: DockerSandbox) -> None:
    assert (await shell(sandbox, "no-such-program")).exit.code == 127


async def takes_files(sandbox: DockerSandbox) -> None:
    await sandbox.unpack([tar_of({b"kept": bytes(100_000)})])
    assert b"kept" in listed(await sandbox.listing())
    assert len(untarred(await sandbox.pack([b"kept"]))[b"kept"]) == 100_000


async def says_too_much(sandbox: DockerSandbox) -> None:
    assert (await shell(sandbox, "yes")).exit.reason == "output limit"


async def leaves_processes(sandbox: DockerSandbox) -> None:
    assert (await shell(sandbox, "setsid -f sleep 4323 >/dev/null 2>&1 </dev/null; touch /tmp/$$; rm /tmp/$$")).exit.passed


async def is_stopped(sandbox: DockerSandbox) -> None:
    async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "echo up; sleep 4323")))) as items:
        async for item in items:
            assert isinstance(item, Output)
            break


async def kills_the_runner(sandbox: DockerSandbox) -> None:
    assert (await python(sandbox, "import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)")).exit.reason == "killed"


async def runs_out_of_time(sandbox: DockerSandbox) -> None:
    assert (await shell(sandbox, "sleep 4323", timeout_s=0.05)).exit.reason == "timeout"


async def runs_out_of_memory(sandbox: DockerSandbox) -> None:
    assert (await python(sandbox, "bytearray(1 << 30)")).exit.reason == "out of memory"


async def starts_anew(sandbox: DockerSandbox) -> None:
    async with aclosing(sandbox.start()) as steps:
        async for _ in steps:
            pass


TURNS: tuple[Callable[[DockerSandbox], Awaitable[None]], ...] = (
    remembers,
    passes,
    fails,
    takes_files,
    is_stopped,
    cannot_start,
    leaves_processes,
    kills_the_runner,
    says_too_much,
    runs_out_of_time,
    runs_out_of_memory,
    starts_anew,
)


async def soak(runs: int, warm_up: int = WARM_UP) -> tuple[Held, Held]:
    """What was held after the warm-up, and after `runs` more."""
    session = f"soak-{os.getpid()}"
    api = client()
    sandbox = DockerSandbox(SETTINGS, session, "/repository")
    try:
        await starts_anew(sandbox)
        for number in range(warm_up):
            await TURNS[number % len(TURNS)](sandbox)
        before = await held(api, sandbox, session)
        for number in range(runs):
            await TURNS[number % len(TURNS)](sandbox)
        after = await held(api, sandbox, session)
        await sandbox.close()
        assert of_session(api, session) == [], "the container outlives its session"
        return before, after
    finally:
        await sandbox.close()
        api.close()


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    began = time.monotonic()
    before, after = asyncio.run(soak(runs))
    print(f"{runs} runs in {time.monotonic() - began:.0f} s")
    for name, was, now in zip(Held._fields, before, after, strict=True):
        print(f"{name.replace('_', ' '):18} {was:>12} {now:>12}")
    grown = after.grown(before)
    print("\n".join(f"FAIL {line}" for line in grown) or "PASS")
    sys.exit(1 if grown else 0)


if __name__ == "__main__":
    main()
