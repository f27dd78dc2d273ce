"""Removes containers whose app died without taking them along, known by label and owner only, never by name."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from oci_tui.core.errors import SandboxError
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


def reap(api: Any) -> int:
    """Remove the orphans of this host; how many there were. Raises SandboxError."""
    removed = 0
    with told("looking for containers left behind"):
        found = api.containers(all=True, filters={"label": "oci.app=1"})
    for container in found:
        if is_orphan((container.get("Labels") or {}).get("oci.owner", "")):
            remove(api, container["Id"])
            removed += 1
    return removed


def remove(api: Any, container: str) -> None:
    """Kill and remove a container; one that is gone, or going, is fine. Raises SandboxError."""
    import docker

    try:
        with told("removing a container"):
            api.remove_container(container, force=True, v=True)
    except SandboxError as error:
        cause = error.__cause__
        if isinstance(cause, docker.errors.NotFound):
            return
        if isinstance(cause, docker.errors.APIError) and cause.status_code == 409 and "already in progress" in str(cause):
            return
        raise
