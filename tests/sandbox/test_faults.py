"""The daemon dies, is slow, is old, is another one than meant; the clock jumps. Said in one line, and nothing hangs."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import gc
import hashlib
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import oci_tui
from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command, Exit, Output
from oci_tui.sandbox import daemon, reaper, verification
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.sandbox.installation import examine
from oci_tui.settings import SandboxSettings
from tests.sandbox.engines import on_engine
from tests.sandbox.running import SESSION, client, finished, image, of_session, shell, started, until_none, until_removed
from tests.sandbox.test_daemon import server

# docker-py leaves the socket of a connection that failed to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning")

SMALL = SandboxSettings(memory_mb=256, workspace_mb=64)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Such sockets are collected here, not in a later test that forbids them."""
    yield
    gc.collect()


@asynccontextmanager
async def slow_line(folder: Path, delay: float, unanswered: bytes = b"\0") -> AsyncIterator[str]:
    """The daemon behind a line that takes `delay` seconds each way and delivers in one piece what came meanwhile.

    A request that begins with `unanswered` is done, but its answer never arrives.
    """
    behind = daemon.find().removeprefix("unix://")
    open_ends: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silenced: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 20):
                if data.startswith(unanswered):
                    silenced.set()
                elif silenced.is_set():
                    continue
                await asyncio.sleep(delay)
                with contextlib.suppress(TimeoutError):
                    data += await asyncio.wait_for(reader.read(1 << 20), 0.001)
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ends.add(task)
        far_reader, far_writer = await asyncio.open_unix_connection(behind)
        silenced = asyncio.Event()
        try:
            await asyncio.gather(carry(reader, far_writer, silenced), carry(far_reader, writer, silenced))
        except asyncio.CancelledError:
            return  # the line was cut
        finally:
            far_writer.close()
            writer.close()
            open_ends.discard(task)

    listening = await asyncio.start_unix_server(connected, folder / "line.sock")
    try:
        yield f"unix://{folder}/line.sock"
    finally:
        listening.close()
        for task in list(open_ends):
            task.cancel()
        await asyncio.gather(*open_ends, return_exceptions=True)


@pytest.mark.docker
async def test_a_slow_line_loses_and_delays_nothing_more(tmp_path: Path) -> None:
    """T9, F21: what arrives in one piece is taken apart; docker-py, the control, loses it on this very line."""
    async with slow_line(tmp_path, 0.1) as address, started(SandboxSettings(docker_host=address)) as sandbox:
        for number in range(3):
            ran = await finished(sandbox, Command("echo", argv=("echo", str(number))))
            assert (ran.stdout, ran.exit.code) == (f"{number}\n", 0)
        ran = await shell(sandbox, "seq 100000")
        assert ran.exit.passed, ran.exit
        assert ran.stdout == "".join(f"{n}\n" for n in range(1, 100001))
        began = time.monotonic()
        async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "echo up; sleep 4321")))) as items:
            async for _ in items:
                break
        assert time.monotonic() - began < 5
        assert await asyncio.to_thread(plainly, daemon.find(), "echo kept") == b"kept\n"
        assert await asyncio.to_thread(plainly, address, "echo lost") == b""


def two_containers(api: Any) -> list[str]:
    return [api.create_container(image(), ["cat"], labels={"oci.session": SESSION})["Id"] for _ in range(2)]


@pytest.mark.docker
async def test_a_removal_that_is_never_answered(tmp_path: Path) -> None:
    """F2: what counts is that the container is gone. The control asks for nothing but the answer."""
    async with slow_line(tmp_path, 0.0, unanswered=b"DELETE") as address:
        api = await asyncio.to_thread(daemon.connect, address, 1.0)
        one, other = await asyncio.to_thread(two_containers, api)
        await asyncio.to_thread(reaper.remove, api, one)
        with pytest.raises(SandboxError, match="did not answer in time"), daemon.told("removing"):
            await asyncio.to_thread(api.remove_container, other)
        assert await asyncio.to_thread(of_session, api, SESSION) == []
        api.close()


def plainly(address: str, script: str) -> bytes:
    """What docker-py's own reading gets of a command's output."""
    api = daemon.connect(address)
    (container,) = of_session(api, SESSION)
    output = bytes(api.exec_start(api.exec_create(container, ["/bin/sh", "-c", script], user="10001")["Id"]))
    api.close()
    return output


@pytest.mark.docker
async def test_a_line_that_breaks_ends_the_run(tmp_path: Path) -> None:
    """F21: at once, and the container goes as well."""
    ends: list[Exit] = []
    lines = contextlib.AsyncExitStack()
    address = await lines.enter_async_context(slow_line(tmp_path, 0.0))
    sandbox = DockerSandbox(SandboxSettings(docker_host=address), SESSION, "/repository")
    async with aclosing(sandbox.start()) as progress:
        async for _ in progress:
            pass
    async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "echo up; sleep 4321")))) as items:
        async for item in items:
            if isinstance(item, Output):
                (tmp_path / "line.sock").unlink()
                await lines.aclose()
            elif isinstance(item, Exit):
                ends.append(item)
    assert [end.reason for end in ends] == ["connection lost"]
    await sandbox.close()
    api = client()
    for left in of_session(api, SESSION):
        until_removed(api, left)
    until_none(api, SESSION)
    api.close()


@pytest.fixture
def own_daemon(bare_daemon: tuple[Path, Any]) -> tuple[Path, Any]:
    """A daemon of the test's own with the sandbox image in it: its socket, and how to start it (again)."""
    outer, inner = client(), daemon.connect(f"unix://{bare_daemon[0]}", 60)
    inner.load_image(outer.get_image(image()))
    outer.close()
    inner.close()
    return bare_daemon


@pytest.mark.docker
async def test_a_daemon_that_is_killed_and_comes_back(own_daemon: tuple[Path, Any]) -> None:
    """F2: the run ends within seconds, and the next start has an empty workspace."""
    path, start = own_daemon
    settings = SandboxSettings(memory_mb=256, workspace_mb=64, docker_host=f"unix://{path}")
    sandbox = DockerSandbox(settings, SESSION, "/repository")
    for last in (False, True):
        async with aclosing(sandbox.start()) as progress:
            async for _ in progress:
                pass
        assert (await shell(sandbox, "ls -A; echo fresh")).stdout == "fresh\n"
        if last:
            break
        ends: list[Exit] = []
        async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", "touch x; echo up; sleep 4321")))) as items:
            async for item in items:
                if isinstance(item, Output):
                    os.kill(daemon_pid(path), signal.SIGKILL)
                    began = time.monotonic()
                elif isinstance(item, Exit):
                    ends.append(item)
        assert time.monotonic() - began < 5
        assert [end.reason for end in ends] == ["connection lost"]
        path.unlink(missing_ok=True)
        await asyncio.to_thread(start)
    await sandbox.close()


def daemon_pid(path: Path) -> int:
    """Who listens at this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        peer = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(peer[:4], "little")


def answering(**facts: object) -> bytes:
    body = json.dumps({"ApiVersion": "1.41", "Version": "20.10.24", **facts}).encode()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


FULL: dict[str, Any] = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
    "Components": [{"Name": "docker-init", "Version": "0.19.0"}],
}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, ""),
        ({"SecurityOptions": ["name=seccomp,profile=default", "name=userns"]}, ""),
        ({"MemoryLimit": False, "SwapLimit": False}, "no limit on memory; no limit on swap"),
        ({"PidsLimit": False}, "no limit on processes"),
        (
            {"CpuCfsQuota": False, "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]},
            "no limit on CPU time: a daemon without root needs cgroup v2, delegated by systemd",
        ),
        ({"SecurityOptions": ["name=apparmor"]}, "no system call filter"),
        ({"Components": [{"Name": "docker-init", "Version": "N/A"}]}, "no init program"),
        ({"Components": []}, "no init program"),
        ({"Warnings": ["WARNING: API is accessible on http://0.0.0.0:2375 without encryption."]}, "its API is open"),
        ({"Warnings": ["WARNING: bridge-nf-call-iptables is disabled"]}, ""),
    ],
    ids=["all", "userns", "memory cgroup", "pids cgroup", "rootless", "seccomp", "tini", "docker-init", "open", "another"],
)
def test_what_a_daemon_cannot_enforce_is_named(tmp_path: Path, facts: dict[str, object], said: str) -> None:
    """F22: in doctor and in what the sandbox says of itself."""
    with server(tmp_path / "s", answering(**{**FULL, **facts})):
        engine, _ = examine(SandboxSettings(docker_host=f"unix://{tmp_path}/s"))
        api = daemon.connect(f"unix://{tmp_path}/s")
        found = verification.not_enforced(api)
        api.close()
    assert engine.state == ("warning" if said else "ok")
    assert said in engine.detail
    assert said.split("; ")[0] in " ".join(found)
    assert any("remapped" in words for words in found) is not ("userns" in str(facts) or "rootless" in str(facts))


@pytest.mark.docker
async def test_a_daemon_that_can_limit_nothing_is_used_and_that_is_said(limitless_daemon: tuple[Path, Any]) -> None:
    """F22: control groups of version 2 without controllers, as a daemon without root has them. The control is the usual one."""
    address = f"unix://{limitless_daemon[0]}"
    api = daemon.connect(address)
    facts = api.info()
    api.close()
    if facts["MemoryLimit"]:
        pytest.skip("this machine has its controllers in version 2")
    lacks = {"no limit on memory", "no limit on swap", "no limit on processes", "no limit on CPU time"}
    async with started(on_engine(address, memory_mb=256, workspace_mb=64)) as sandbox:
        info = await sandbox.describe()
        assert set(info.weaknesses) == lacks
        assert not {limit for limit in info.limits if "memory" in limit or "CPU" in limit or "processes" in limit}
        assert (await shell(sandbox, "cat /proc/self/cgroup | grep -c ^0::/; echo ran")).stdout.endswith("ran\n")
    assert set(examine(SandboxSettings(docker_host=address))[0].detail.split("; ")) >= lacks
    async with started(SMALL) as usual:
        info = await usual.describe()
        assert info.weaknesses == ()
        assert "256 processes" in info.limits


@pytest.mark.docker
async def test_the_context_of_the_command_line_leads_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T22: `docker context use` must not send the repository to another machine. The control: it is in force."""
    import docker

    here = daemon.find()
    folder = tmp_path / "contexts" / "meta" / hashlib.sha256(b"elsewhere").hexdigest()
    folder.mkdir(parents=True)
    elsewhere = {"Name": "elsewhere", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://203.0.113.1:2375"}}}
    (folder / "meta.json").write_text(json.dumps(elsewhere))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "elsewhere"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    async with started(SMALL) as sandbox:
        assert here in (await sandbox.describe()).name
    assert docker.ContextAPI.get_current_context().Host == "tcp://203.0.113.1:2375"


def wall_clock_uses(folder: Path) -> list[str]:
    """Where a module asks for the time of day."""
    return [
        f"{file.name}:{node.lineno}"
        for file in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in ("time.time", "time.time_ns", "datetime.now"))
        or (isinstance(node, ast.ImportFrom) and node.module == "time")
    ]


def test_no_deadline_hangs_on_the_time_of_day() -> None:
    """F20: a clock that jumps, or a machine that slept, ends no run and hangs none."""
    package = Path(oci_tui.__file__).parent
    assert wall_clock_uses(package / "sandbox") == []
    assert any(use.startswith("happened.py") for use in wall_clock_uses(package / "core"))
