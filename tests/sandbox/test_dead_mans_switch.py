"""However the app ends, the container and its processes end with it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.sandbox.running import SESSION, client, of_session, until_removed

pytestmark = pytest.mark.docker

APP = """
import asyncio, sys
from contextlib import aclosing
from oci_tui.core.ports import Command
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings

async def main():
    sandbox = DockerSandbox(SandboxSettings(), sys.argv[1], "/repository")
    async with aclosing(sandbox.start()) as progress:
        async for _ in progress:
            pass
    script = "setsid -f sleep 4322; trap '' TERM HUP; echo up; while :; do sleep 4322; done"
    async with aclosing(sandbox.run(Command("x", argv=("/bin/sh", "-c", script), timeout_s=600))) as items:
        async for _ in items:
            print("up", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_container_ends_with_the_app(number: signal.Signals) -> None:
    """F6, T23: processes that left the group and ignore signals included, within ten seconds."""
    session = f"switch-{number.name}-{SESSION}"
    root = Path(__file__).resolve().parents[2]
    api = client()
    with subprocess.Popen([sys.executable, "-c", APP, session], stdout=subprocess.PIPE, cwd=root) as app:
        try:
            assert app.stdout is not None
            assert app.stdout.readline() == b"up\n"
            (container,) = of_session(api, session)
            inside = [psutil.Process(int(row[1])) for row in api.top(container)["Processes"]]
            assert any("4322" in word for process in inside for word in process.cmdline())
            app.send_signal(number)
            until_removed(api, container)
            gone, alive = psutil.wait_procs(inside, timeout=10)
        finally:
            app.kill()
    assert not alive
    assert len(gone) >= 4
    assert of_session(api, session) == []
    api.close()
