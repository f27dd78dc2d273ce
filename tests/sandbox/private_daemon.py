"""A second Docker daemon, for tests that break one or empty it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oci_tui.sandbox import daemon

_APART = ("unshare", "--net", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture
def bare_daemon(tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """A daemon of the test's own: its socket, and how to start it (again)."""
    yield from _daemon(tmp_path, 'exec "$@"')


@pytest.fixture
def limitless_daemon(tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """One that sees version 2 of the control groups and, since version 1 has them, hardly a controller to limit with."""
    yield from _daemon(tmp_path, 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"')


def _daemon(tmp_path: Path, script: str) -> Iterator[tuple[Path, Any]]:
    """In a network of its own: a daemon without a bridge deletes the one it finds, which is that of the machine's daemon."""
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        pytest.skip("starts a second dockerd: needs root and dockerd")
    place = tmp_path / "d"
    place.mkdir()
    path = place / "s"
    options = [
        f"--data-root={place}/data",
        f"--exec-root={place}/exec",
        f"--pidfile={place}/pid",
        "--bridge=none",
        "--iptables=false",
    ]
    options += ["-H", f"unix://{path}"]
    if runsc := shutil.which("runsc"):
        gvisor = place / "runsc"
        # Its own network stack is not wanted, and in a network namespace that is not the first it does not start.
        gvisor.write_text(f'#!/bin/sh\nexec {runsc} --platform=ptrace --network=none "$@"\n')
        gvisor.chmod(0o755)
        options.append(f"--add-runtime=runsc={gvisor}")
    running: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        (place / "pid").unlink(missing_ok=True)
        shutil.rmtree(place / "exec", ignore_errors=True)
        with (tmp_path / "log").open("ab") as log:
            running.append(
                subprocess.Popen(
                    [*_APART, "sh", "-c", script, "sh", "dockerd", *options],
                    stdout=log,
                    stderr=log,
                )
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(daemon.DaemonError):
                daemon.find(f"unix://{path}")
                daemon.connect(f"unix://{path}").close()
                return running[-1].pid
            with contextlib.suppress(subprocess.TimeoutExpired):
                running[-1].wait(0.1)
                break
        raise AssertionError((tmp_path / "log").read_text()[-2000:])

    start()
    yield path, start
    for process in running:
        process.kill()
        process.wait()
