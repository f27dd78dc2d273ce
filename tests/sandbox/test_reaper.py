"""The reaper: only what is ours, of this host, and whose owner is dead."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from oci_tui.sandbox import reaper
from tests.sandbox.running import client, image


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


@pytest.mark.docker
def test_orphans_go_and_others_stay() -> None:
    api = client()
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
        api.close()
