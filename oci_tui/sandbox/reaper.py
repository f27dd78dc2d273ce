"""Removes containers and volumes whose app died without taking them along: by label, owner and lock, never by name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from oci_tui.core.errors import SandboxError
from oci_tui.sandbox import session_lock
from oci_tui.sandbox.daemon import told


def owner() -> str:
    """This process as `host:pid:starttime`, the value of the label oci.owner."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_orphan(label: str) -> bool:
    """True when `label` names a process of this host that no longer runs. A pid used again has another start time."""
    parts = label.rsplit(":", 2)
    if len(parts) != 3 or parts[0] != socket.gethostname() or not parts[1].isdecimal():
        return False
    return _start_time(int(parts[1])) != parts[2]


def _start_time(pid: int) -> str:
    """When the process started, in clock ticks since boot; "" when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def is_left_behind(labels: Mapping[str, str] | None) -> bool:
    """True when what bears these labels is ours, its owner is dead on this host, and nobody holds its session's lock."""
    labels = labels or {}
    return (
        labels.get("oci.app") == "1"
        and is_orphan(labels.get("oci.owner", ""))
        and not session_lock.is_held(labels.get("oci.session", ""))
    )


def reap(api: Any) -> int:
    """Remove what was left behind on this host; how many containers and volumes it was. Raises SandboxError."""
    removed = 0
    with told("looking for containers and volumes left behind"):
        containers = api.containers(all=True, filters={"label": "oci.app=1"})
        volumes = api.volumes(filters={"label": "oci.app=1"})["Volumes"] or ()
    for container in containers:
        if is_left_behind(container.get("Labels")):
            remove(api, container["Id"])
            removed += 1
    for volume in volumes:
        if is_left_behind(volume.get("Labels")):
            removed += remove_volume(api, volume["Name"])
    session_lock.remove_free()
    return removed


async def keep_reaping(reap_once: Callable[[], Awaitable[object]], every_s: float) -> None:
    """Reap again and again, until cancelled: other sessions may die while this one goes on."""
    while True:
        await asyncio.sleep(every_s)
        # A daemon in trouble is told by whatever needs it next; here there is nobody to tell.
        with contextlib.suppress(SandboxError):
            await reap_once()


def remove_volume(api: Any, name: str) -> bool:
    """Remove a volume; False when a container still uses it, and one that is gone is fine. Raises SandboxError."""
    import docker

    try:
        with told("removing a volume"):
            api.remove_volume(name)
    except SandboxError as error:
        cause = error.__cause__
        if not isinstance(cause, docker.errors.APIError) or cause.status_code not in (404, 409):
            raise
        return bool(cause.status_code == 404)
    return True


def is_gone(api: Any, container: str, patience_s: float = 0.0) -> bool:
    """Whether a container that ends by itself is gone, or going, within so many seconds. Raises SandboxError."""
    until = time.monotonic() + patience_s
    while True:
        with told("looking for a container"):
            found = api.containers(all=True, filters={"id": container})
        if all(one["State"] == "removing" for one in found):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)


def remove(api: Any, container: str) -> None:
    """Kill and remove a container; one that is gone, or going, is fine. Raises SandboxError."""
    import docker
    import requests

    try:
        with told("removing a container"):
            api.remove_container(container, force=True, v=True)
    except SandboxError as error:
        cause = error.__cause__
        if isinstance(cause, docker.errors.NotFound):
            return
        if isinstance(cause, docker.errors.APIError) and cause.status_code == 409 and "already in progress" in str(cause):
            return
        # Docker 20.10 may never answer a removal that meets the one it does by itself.
        if isinstance(cause, requests.exceptions.ReadTimeout) and is_gone(api, container):
            return
        raise
