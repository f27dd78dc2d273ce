"""T7: a run ends with its time, whatever it did to stay: its processes carry a mark (4321), and another user looks for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio

from oci_tui.core.ports import Command
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, finished, of_session, shell, started

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]

LIMIT_S = 2.0
LADDER_S = 3.0
BOMB = "python3 -c 'import os  # 4321\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass'"
# What is started to stay, and what the command itself then does.
STAY = {
    "setsid": ("setsid -f sleep 4321; setsid sleep 4321 &", "sleep 4321"),
    "double fork": ("( (sleep 4321 &) & );", "sleep 4321"),
    "ignores TERM and INT": ("trap '' TERM INT; sh -c 'while :; do sleep 4321; done' &", "while :; do sleep 4321; done"),
    "ignores all in its own session": ("setsid -f sh -c 'trap \"\" TERM INT HUP; while :; do sleep 4321; done';", "sleep 4321"),
    "stopped": ("sleep 4321 & until grep -qx sleep /proc/$!/comm; do :; done; kill -STOP $!;", "sleep 4321"),
    "nohup": ("nohup sleep 4321 >/dev/null 2>&1 &", "sleep 4321"),
}
SLEEPERS = "until [ $(grep -lsx sleep /proc/[0-9]*/comm | wc -l) -ge {} ]; do :; done; echo seen;"
SEEN = """
import pathlib
MARK = str(4320 + 1).encode()
for place in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        marked = MARK in (place / "cmdline").read_bytes()
        state = (place / "stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except OSError:
        continue
    if marked and state != "Z":
        print(place.name, state, (place / "comm").read_text().strip())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncGenerator[DockerSandbox]:
    async with started(SandboxSettings(memory_mb=256, workspace_mb=64, pids=64)) as running:
        yield running


async def marked(api: Any) -> list[str]:
    """The processes that carry the mark, as uid 0 sees them: number, state, name."""

    def look() -> list[str]:
        (container,) = of_session(api, SESSION)
        made = api.exec_create(container, ["/usr/bin/python3", "-I", "-c", SEEN], user="0")
        said = str(api.exec_start(made["Id"]).decode())
        assert api.exec_inspect(made["Id"])["ExitCode"] == 0, said
        return said.splitlines()

    return await asyncio.to_thread(look)


def command(script: str, stateful: bool) -> Command:
    """A shell command, or a Python block that waits for one."""
    if not stateful:
        return Command("x", argv=("/bin/sh", "-c", script), timeout_s=LIMIT_S)
    code = f"import subprocess\nsubprocess.run(['sh', '-c', {script!r}]);"
    return Command("x", language="python", code=code, timeout_s=LIMIT_S, stateful=True)


@pytest.mark.parametrize("case", STAY)
async def test_nothing_outlives_its_time(sandbox: DockerSandbox, api: Any, case: str) -> None:
    """T7: sessions of its own, double forks, ignored signals, stopped processes, nohup; seen while it runs, gone after."""
    left, itself = STAY[case]
    ran = await finished(sandbox, command(f"{left} {SLEEPERS.format(1)} {itself}", stateful=False))
    assert ran.stdout == "seen\n", "there was nothing to end"
    assert ran.exit.reason == "timeout"
    assert ran.exit.seconds < LIMIT_S + LADDER_S
    assert await marked(api) == []


async def test_nothing_outlives_a_block(sandbox: DockerSandbox, api: Any) -> None:
    """T7: all of it at once, started from a Python block; the session's own process goes on."""
    left = " ".join(left for left, _ in STAY.values())
    ran = await finished(sandbox, command(f"{left} {SLEEPERS.format(len(STAY))} sleep 4321", stateful=True))
    assert ran.stdout == "seen\n", "there was nothing to end"
    assert (ran.exit.reason, ran.exit.forgotten) == ("timeout", False)
    assert ran.exit.seconds < LIMIT_S + LADDER_S
    assert await marked(api) == []


@pytest.mark.parametrize("stateful", [False, True], ids=["command", "block"])
async def test_a_daemon_that_holds_the_output_neither_delays_nor_stays(
    sandbox: DockerSandbox, api: Any, stateful: bool
) -> None:
    """T7: the command ends by itself, and what it left holds standard output and error."""
    ran = await finished(sandbox, command("setsid -f sh -c 'trap \"\" TERM HUP; exec sleep 4321'; echo done", stateful))
    assert (ran.stdout, ran.exit.reason, ran.exit.code) == ("done\n", "exited", 0)
    assert ran.exit.seconds < LADDER_S
    assert await marked(api) == []


@pytest.mark.parametrize("stateful", [False, True], ids=["command", "block"])
async def test_a_fork_bomb_ends_with_its_time(sandbox: DockerSandbox, api: Any, stateful: bool) -> None:
    """T7: while it goes off there is no process left to look with, so it is looked for after; the next command runs."""
    ran = await finished(sandbox, command(BOMB, stateful))
    assert ran.exit.reason == "timeout"
    assert ran.exit.seconds < LIMIT_S + LADDER_S
    assert await marked(api) == []
    assert (await shell(sandbox, "echo next")).stdout == "next\n"


@pytest.mark.parametrize("case", ["setsid", "ignores all in its own session"])
async def test_without_the_ladder_it_stays(sandbox: DockerSandbox, api: Any, case: str) -> None:
    """The control: ended by `timeout -k`, which kills the command's group, it is still there; the next command's end sweeps."""
    (container,) = of_session(api, SESSION)

    def usual() -> int:
        script = f"exec >/dev/null 2>&1; {' '.join(STAY[case])}"
        made = api.exec_create(container, ["timeout", "-k", "0.1", "0.5", "sh", "-c", script], user="10001")
        api.exec_start(made["Id"])
        return int(api.exec_inspect(made["Id"])["ExitCode"])

    assert await asyncio.to_thread(usual) in (124, 137)
    assert await marked(api) != []
    await shell(sandbox, "true")
    assert await marked(api) == []
