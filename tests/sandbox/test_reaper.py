"""The reaper: only what is ours, of this host, whose owner is dead and whose session nobody holds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.resources import state_folder
from oci_tui.sandbox import reaper, session_lock
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.sandbox.session_lock import SessionLock
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION, image, shell


def dead() -> str:
    """The owner label of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return f"{socket.gethostname()}:{process.pid}:1"


def test_who_is_an_orphan() -> None:
    host, pid, start = reaper.owner().rsplit(":", 2)
    assert not reaper.is_orphan(reaper.owner())
    assert reaper.is_orphan(f"{host}:{pid}:{int(start) + 1}"), "the pid was used again"
    assert reaper.is_orphan(dead())
    assert not reaper.is_orphan(f"elsewhere:{os.getpid()}:1")
    for nonsense in ("", "::", "a:b:c", f"{host}:x:1", f"{host}:1"):
        assert not reaper.is_orphan(nonsense)


APP = """
import sys
from oci_tui.sandbox import container, daemon, images, profile, reaper
from oci_tui.sandbox.session_lock import SessionLock
lock = SessionLock(sys.argv[1])
api = daemon.connect(daemon.find())
labels = {"oci.app": "1", "oci.owner": reaper.owner(), "oci.session": sys.argv[1]}
print(api.create_container(profile.load("python").image, ["cat"], labels=labels)["Id"])
print(api.create_volume(labels=labels)["Name"], flush=True)
sys.stdin.read()
"""


def made_by_another(session: str) -> tuple[subprocess.Popen[str], str, str]:
    """A process that has made a container and a volume under its session's lock, and waits."""
    app = subprocess.Popen(
        [sys.executable, "-c", APP, session],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert app.stdout is not None
    return app, app.stdout.readline().strip(), app.stdout.readline().strip()


def there(api: Any, container: str, volume: str) -> tuple[bool, bool]:
    return (
        any(found["Id"] == container for found in api.containers(all=True)),
        any(found["Name"] == volume for found in api.volumes()["Volumes"] or ()),
    )


@pytest.mark.docker
def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays(api: Any) -> None:
    session = f"reaper-{os.getpid()}"
    app, container, volume = made_by_another(session)
    with app:
        try:
            reaper.reap(api)
            assert there(api, container, volume) == (True, True), "its owner is alive"
            app.kill()
            app.wait()
            held = SessionLock(session)
            reaper.reap(api)
            assert there(api, container, volume) == (True, True), "somebody holds the session's lock"
            held.release()
            assert reaper.reap(api) >= 2
            assert there(api, container, volume) == (False, False)
            assert list((state_folder() / "locks").iterdir()) == []
        finally:
            app.kill()
            reaper.remove(api, container)
            reaper.remove_volume(api, volume)


@pytest.mark.docker
def test_a_volume_in_use_stays_until_its_container_has_gone(api: Any) -> None:
    labels = {"oci.app": "1", "oci.owner": dead()}
    volume = api.create_volume(labels=labels)["Name"]
    user = api.create_container(image(), ["cat"], host_config=api.create_host_config(binds=[f"{volume}:/x"]))["Id"]
    reaper.reap(api)
    assert there(api, user, volume) == (True, True)
    reaper.remove(api, user)
    reaper.reap(api)
    assert there(api, user, volume) == (False, False)


@pytest.mark.docker
async def test_it_goes_on_while_the_sandbox_runs(api: Any) -> None:
    sandbox = DockerSandbox(SandboxSettings(memory_mb=256, workspace_mb=64), SESSION, "/repository", reap_every_s=0.1)
    async with aclosing(sandbox.start()) as progress:
        async for _ in progress:
            pass
    try:
        left = api.create_container(image(), ["cat"], labels={"oci.app": "1", "oci.owner": dead()})["Id"]
        deadline = time.monotonic() + 10
        while there(api, left, "")[0]:
            assert time.monotonic() < deadline, "it was not removed"
            assert (await shell(sandbox, "true")).exit.passed
    finally:
        await sandbox.close()


def test_a_lock_is_held_until_its_process_ends() -> None:
    assert not session_lock.is_held("nobody")
    assert not session_lock.is_held("../../etc/passwd")
    first, second = SessionLock("mine"), SessionLock("mine")
    first.release()
    session_lock.remove_free()
    assert session_lock.is_held("mine"), "the other still holds it"
    second.release()
    assert not session_lock.is_held("mine")
    with pytest.raises(SandboxError, match="letters"):
        SessionLock("../x")


@pytest.mark.docker
def test_orphans_go_and_others_stay(api: Any) -> None:
    made = {}
    try:
        for name, labels in {
            "orphan": {"oci.app": "1", "oci.owner": dead()},
            "living": {"oci.app": "1", "oci.owner": reaper.owner()},
            "elsewhere": {"oci.app": "1", "oci.owner": "elsewhere:1:1"},
            "no owner": {"oci.app": "1"},
            "not ours": {"oci.app": "0", "oci.owner": dead()},
        }.items():
            made[name] = api.create_container(image(), ["cat"], labels=labels)["Id"]
        assert reaper.reap(api) >= 1
        left = {container["Id"] for container in api.containers(all=True)}
        assert {name for name, container in made.items() if container in left} == {
            "living",
            "elsewhere",
            "no owner",
            "not ours",
        }
    finally:
        for container in made.values():
            reaper.remove(api, container)
