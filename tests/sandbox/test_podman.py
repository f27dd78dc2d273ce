"""Podman speaks the daemon's language but lacks some of what the sandbox needs: that is said before anything is made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.sandbox import daemon
from oci_tui.sandbox.daemon import DaemonError
from oci_tui.sandbox.installation import examine
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import started, tar_of


@pytest.fixture
def podman() -> Iterator[str]:
    """The address of a Podman service of the test's own."""
    if not shutil.which("podman") or os.geteuid() != 0:
        pytest.skip("Podman is not installed, or this is not root: Debian's package is podman")
    # Podman takes no long paths.
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    address = f"unix://{place}/podman.sock"
    folders = ["--root", str(place / "root"), "--runroot", str(place / "run"), "--tmpdir", str(place / "tmp")]
    options = [*folders, "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver", "vfs"]
    with (place / "log").open("wb") as log:
        service = subprocess.Popen(["podman", *options, "system", "service", "--time=0", address], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not daemon.answers(address):
            assert service.poll() is None, (place / "log").read_text()
            assert time.monotonic() < deadline
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.kill(service.pid, signal.SIGTERM)
        service.wait()
        shutil.rmtree(place, ignore_errors=True)


async def test_podman_is_refused_with_what_it_lacks(podman: str) -> None:
    with pytest.raises(
        DaemonError, match=r"is Podman \d+\.\d+.*no limit on files.*without a limit on size.*name a Docker engine"
    ) as caught:
        daemon.connect(podman)
    assert caught.value.trouble == "another engine"
    (row,) = examine(SandboxSettings(docker_host=podman))
    assert (row.state, row.needed, row.detail) == ("missing", True, str(caught.value))
    with pytest.raises(SandboxError, match="is Podman"):
        async with started(SandboxSettings(docker_host=podman)):
            pass


def test_podmans_tmpfs_has_neither_owner_nor_limit_on_files(podman: str) -> None:
    """The claim, on the engine itself: where this fails one day, Podman has learnt it. The control is a limit it knows."""
    import docker

    api = docker.APIClient(base_url=podman, version="1.41")
    api.import_image_from_data(tar_of({b"file": b""}), repository="empty", tag="1")
    (empty,) = (found["Id"] for found in api.images())

    def made(options: str) -> str:
        host_config = api.create_host_config(tmpfs={"/tmp": options})
        return str(api.create_container(empty, ["x"], host_config=host_config)["Id"])

    assert made("size=1m")
    for option in ("nr_inodes=100", "uid=10001"):
        with pytest.raises(docker.errors.APIError, match="unknown mount option"):
            made(f"size=1m,{option}")
    api.close()
