"""gVisor, where the daemon offers it: the container has a kernel of its own, and all works there as elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Command
from oci_tui.sandbox import daemon, images, profile
from oci_tui.settings import SandboxSettings
from tests.sandbox.engines import bring, on_engine, profile_with
from tests.sandbox.running import client, finished, python, shell, started, tar_of, untarred

pytestmark = pytest.mark.docker


async def test_a_daemon_without_gvisor_is_not_made_do() -> None:
    """The profile asks for a kernel of its own: the usual runtime is no replacement."""
    api = client()
    name = profile_with("runsc")
    mine = profile.load(name)
    try:
        if "runsc" in api.info()["Runtimes"]:
            pytest.skip("this machine's daemon offers runsc")
        bring(daemon.find(), name)
        with pytest.raises(SandboxError, match="the Docker daemon offers no runtime runsc: install gVisor and register it"):
            async with started(SandboxSettings(profile=name)):
                pass
    finally:
        if images.find(api, mine):
            api.remove_image(mine.image)
        api.close()


async def test_a_kernel_of_its_own(bare_daemon: tuple[Path, Any]) -> None:
    """The control is a container of the usual runtime: it sees the machine's kernel."""
    if not shutil.which("runsc"):
        pytest.skip("gVisor is not installed: Debian's package is runsc")
    address = f"unix://{bare_daemon[0]}"
    kernel = "import os\nprint(os.uname().release)"
    async with started(on_engine(address, memory_mb=256, workspace_mb=64)) as usual:
        machines = (await python(usual, kernel)).stdout
    async with started(on_engine(address, "runsc", memory_mb=256, workspace_mb=64)) as sandbox:
        assert (await python(sandbox, kernel)).stdout != machines
        assert "gVisor" in (await shell(sandbox, "dmesg")).stdout
        info = await sandbox.describe()
        assert not any("kernel" in words for words in info.not_enforced)

        await sandbox.unpack([tar_of({b"in.txt": b"in\n"})])
        ran = await shell(
            sandbox, "cat in.txt; echo err >&2; echo out > out.txt; tail -n +3 /proc/net/dev | cut -d: -f1; touch /x; exit 3"
        )
        assert ran.stdout.split() == ["in", "lo"]
        assert "err" in ran.stderr
        assert "cannot touch" in ran.stderr
        assert ran.exit.code == 3
        assert untarred(await sandbox.pack([b"out.txt"]))[b"out.txt"] == b"out\n"
        full = await python(sandbox, "open('big', 'wb').write(bytes(70 << 20))")
        assert "No space left" in full.stderr
        late = await finished(sandbox, Command("x", argv=("/bin/sh", "-c", "setsid -f sleep 4325; sleep 4325"), timeout_s=1))
        assert late.exit.reason == "timeout"
        left = await shell(sandbox, "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f; echo; done | grep -c '^sleep 4325'")
        assert left.stdout == "0\n"
