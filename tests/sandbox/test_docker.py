"""DockerSandbox against code that attacks the runner, containers that vanish, and starts that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command, Exit, Output
from oci_tui.sandbox import frames, reaper
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, of_session, python, shell, started, tar_of, until_none

pytestmark = pytest.mark.docker


@pytest_asyncio.fixture
async def sandbox() -> AsyncGenerator[DockerSandbox]:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64, pids=64)) as running:
        yield running


async def still_works(sandbox: DockerSandbox) -> bool:
    ran = await shell(sandbox, "cat kept; ls /proc | grep -c '^[0-9]'")
    kept, processes = ran.stdout.split()
    return kept == "here" and int(processes) <= 7


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)", "killed"),
        ("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(4321)", "killed"),
        ("import os, time\nos.kill(os.getppid(), 19)\ntime.sleep(4321)", "timeout"),
        ("import os, time\nos.kill(-1, 19)\nos.setsid() if os.fork() else 0\ntime.sleep(4321)", "timeout"),
        ("import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass", "timeout"),
    ],
    ids=["kills all", "kills the runner", "stops the runner", "stops all", "fork bomb"],
)
async def test_code_that_attacks_the_runner(sandbox: DockerSandbox, code: str, reason: str) -> None:
    await sandbox.unpack([tar_of({b"kept": b"here "})])
    ran = await python(sandbox, code, timeout_s=1)
    assert ran.exit.reason == reason
    assert not ran.exit.passed
    assert await still_works(sandbox)


async def test_the_fork_bomb_is_held_by_the_limit(sandbox: DockerSandbox) -> None:
    """T3: and what it leaves behind is not in the next command's way."""
    ran = await shell(sandbox, "i=0; while [ $i -lt 200 ]; do sleep 4321 & i=$((i+1)); done", timeout_s=5)
    assert "fork" in ran.stderr.lower()
    assert (await shell(sandbox, "sleep 4321 & echo one")).stdout == "one\n"


async def test_a_runner_that_died_of_memory_is_said_so(sandbox: DockerSandbox) -> None:
    """T4: the second kill is no memory kill, although the counter is not at zero any more."""
    assert (await python(sandbox, "x = bytearray(1 << 30)")).exit.reason == "out of memory"
    assert (await python(sandbox, "import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)")).exit.reason == "killed"


async def test_frames_printed_by_the_program_are_output(sandbox: DockerSandbox) -> None:
    """T20: frames of the runner, frames of the daemon, the daemon's words. They would be believed from the runner."""
    end = msgspec.json.encode({"code": 0, "reason": "exited", "seconds": 0, "max_memory": 0, "omitted": 0, "oom_kills": 0})
    forged = frames.encode(frames.EXIT, bytes(16), end)
    assert frames.Decoder().feed(forged) == [(frames.EXIT, bytes(16), end)]
    forged += b"\x02\0\0\0\0\0\0\x05error"
    words = 'OCI runtime exec failed: exec failed: unable to start container process\nservice "x" is not running'
    ran = await python(sandbox, f"import os, sys\nos.write(1, {forged!r})\nprint({words!r}, file=sys.stderr)\nsys.exit(5)")
    assert ran.exit == msgspec.structs.replace(ran.exit, code=5, reason="exited")
    assert ran.stdout.startswith(f"[binary output: {len(forged)} bytes")
    assert ran.stderr == words + "\n"


async def test_a_container_that_is_removed_from_outside(sandbox: DockerSandbox, api: Any) -> None:
    """F3: the run ends with a reason, and the next start makes another container."""
    end: Exit | None = None
    async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "echo up; sleep 4321")))) as items:
        async for item in items:
            if isinstance(item, Output):
                (running,) = of_session(api, SESSION)
                await asyncio.to_thread(reaper.remove, api, running)
            elif isinstance(item, Exit):
                end = item
    assert end is not None
    assert end.reason == "connection lost"
    with pytest.raises(SandboxError, match="ask again"):
        await sandbox.listing()
    async with aclosing(sandbox.start()) as progress:
        async for _ in progress:
            pass
    assert (await shell(sandbox, "echo again")).stdout == "again\n"


async def test_closing_while_something_runs(sandbox: DockerSandbox, api: Any) -> None:
    """T23: nothing outlives the session."""
    up = asyncio.Event()

    async def consume() -> Exit | None:
        last: Exit | None = None
        async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "echo up; sleep 4321")))) as items:
            async for item in items:
                up.set()
                last = item if isinstance(item, Exit) else None
        return last

    task = asyncio.create_task(consume())
    await up.wait()
    await sandbox.close()
    end = await task
    assert end is not None
    assert end.reason == "connection lost"
    until_none(api, SESSION)


async def test_a_start_that_is_abandoned_leaves_nothing(api: Any) -> None:
    """T23: at whatever step."""
    for steps in range(1, 5):
        sandbox = DockerSandbox(SandboxSettings(), f"abandoned-{SESSION}", "/r")
        async with aclosing(sandbox.start()) as progress:
            for _ in range(steps):
                await anext(progress)
        until_none(api, f"abandoned-{SESSION}")


async def test_a_start_that_is_cancelled_leaves_nothing(api: Any) -> None:
    """T23: in the middle of the step that makes the container."""

    async def start(sandbox: DockerSandbox, reached: asyncio.Event) -> None:
        async with aclosing(sandbox.start()) as progress:
            async for step in progress:
                if "starting" in step.doing:
                    reached.set()

    reached = asyncio.Event()
    task = asyncio.create_task(start(DockerSandbox(SandboxSettings(), f"cancelled-{SESSION}", "/r"), reached))
    await reached.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    until_none(api, f"cancelled-{SESSION}")


async def test_a_start_without_a_daemon_or_profile() -> None:
    """F1: one line that says what to do."""
    for settings, said in (
        (SandboxSettings(docker_host="unix:///nowhere.sock"), "there is no such socket"),
        (SandboxSettings(profile="nope"), "no profile 'nope'"),
    ):
        with pytest.raises(SandboxError, match=said):
            async with started(settings):
                pass
