"""The hardened container: what is asked of the daemon, knob by knob; `verification` checks that it was given.

The workspace is a tmpfs, not a volume: its size and number of files are limits the kernel keeps on every host file system,
nothing of it outlives the container, and no path of the host is mounted. Its pages count against the memory limit, as do
those of /tmp, the home folder and /dev/shm: these are small enough that filling all three leaves memory to run on.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.terminal import visible_line
from oci_tui.sandbox.daemon import told
from oci_tui.sandbox.profile import Profile
from oci_tui.sandbox.reaper import owner
from oci_tui.settings import SandboxSettings

AGENT = 10001
SUPERVISOR = 10000
_MB = 1 << 20
_LARGEST_FILE = 2 << 30
_PACKAGE_MANAGERS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID")


class Limit(msgspec.Struct, frozen=True):
    """A resource limit: its `field` in HostConfig, the value asked for, how it reads, and the daemon's `name` for it.

    `inside` is what the kernel says of it in the container's own control group (`confinement.limits`).
    """

    field: str
    value: int
    words: str
    name: str
    inside: int


def limits(settings: SandboxSettings) -> tuple[Limit, ...]:
    """The limits that the daemon must put on the container's cgroup."""
    memory, cpus = settings.memory_mb * _MB, int(settings.cpus * 1e9)
    return (
        Limit("Memory", memory, f"{settings.memory_mb} MB of memory, the workspace's files included", "memory", memory),
        Limit("MemorySwap", memory, "no swap", "swap", 0),
        Limit("NanoCpus", cpus, f"{settings.cpus:g} CPUs", "cpu", cpus),
        Limit("PidsLimit", settings.pids, f"{settings.pids} processes", "pids", settings.pids),
    )


def wanted(api: Any, image: str, profile: Profile, settings: SandboxSettings, session: str, repository: str) -> dict[str, Any]:
    """The request for a container from the image id: the body of the API's containers/create. Raises SandboxError."""
    with told("asking the daemon for its version"):
        host_config = _host_config(api, profile, settings)
    config: dict[str, Any] = api.create_container_config(
        image,
        command=["/bin/cat"],
        user=f"{SUPERVISOR}:{SUPERVISOR}",
        # Open and not detached: the daemon closes it when we hang up, `cat` ends, and the container with it.
        stdin_open=True,
        detach=False,
        host_config=host_config,
        working_dir="/workspace",
        hostname="sandbox",
        network_disabled=True,
        # docker-py's create_container would add the proxies of ~/.docker/config.json, which may hold passwords.
        environment={"LANG": "C.UTF-8"},
        labels={
            "oci.app": "1",
            "oci.session": session,
            "oci.owner": owner(),
            "oci.repo": repository_hash(repository),
        },
        stop_timeout=1,
    )
    return config


def preparing(
    api: Any, image: str, profile: Profile, settings: SandboxSettings, session: str, repository: str
) -> dict[str, Any]:
    """The request for a container that a set-up command of the person's runs in: as above, but it has a network, its system
    can be written, and root may do what package managers need. Raises SandboxError.
    """
    body = wanted(api, image, profile, settings, session, repository)
    host = body["HostConfig"]
    tmpfs = {place: options for place, options in host["Tmpfs"].items() if place != "/home/agent"}
    opened = {"ReadonlyRootfs": False, "NetworkMode": "bridge", "CapAdd": list(_PACKAGE_MANAGERS), "Tmpfs": tmpfs}
    # The daemon gives an exec no more capabilities than the user of PID 1 has.
    return {**body, "User": "0:0", "NetworkDisabled": False, "HostConfig": {**host, **opened}}


def repository_hash(repository: str) -> str:
    """What stands for a repository's path in labels: they are not to tell where it is."""
    return hashlib.sha256(repository.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def create(api: Any, body: dict[str, Any]) -> tuple[str, list[str]]:
    """Create (not start) the container; its id, and the daemon's warnings. Raises SandboxError."""
    with told("creating the container"):
        made = api.create_container_from_config(body, None)
    return str(made["Id"]), [visible_line(str(warning)) for warning in made.get("Warnings") or ()]


def _host_config(api: Any, profile: Profile, settings: SandboxSettings) -> Any:
    from docker.types import LogConfig, Ulimit

    memory = settings.memory_mb * _MB
    inodes = settings.workspace_mb * 512
    agent = f"uid={AGENT},gid={AGENT}"
    return api.create_host_config(
        auto_remove=True,
        init=has_init(api),
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true", f"seccomp={profile.seccomp}"],
        network_mode="none",
        ipc_mode="private",
        cgroupns="private",
        pids_limit=settings.pids,
        mem_limit=memory,
        memswap_limit=memory,
        # Unlike its other limits, this one a daemon that cannot keep it refuses instead of leaving it out.
        nano_cpus=int(settings.cpus * 1e9) if api.info().get("CpuCfsQuota", True) else None,
        shm_size=min(64, settings.memory_mb // 16) * _MB,
        oom_score_adj=500,
        ulimits=[
            Ulimit(name="nofile", soft=4096, hard=4096),
            Ulimit(name="fsize", soft=_LARGEST_FILE, hard=_LARGEST_FILE),
            Ulimit(name="core", soft=0, hard=0),
        ],
        tmpfs={
            "/tmp": f"rw,nosuid,nodev,exec,size={min(512, settings.memory_mb // 4)}m,mode=1777,nr_inodes=100k",
            "/home/agent": f"rw,nosuid,nodev,exec,size={min(256, settings.memory_mb // 8)}m,{agent},mode=700,nr_inodes=100k",
            "/workspace": f"rw,nosuid,nodev,exec,size={settings.workspace_mb}m,{agent},mode=755,nr_inodes={inodes}",
        },
        log_config=LogConfig(type="none"),
        runtime=_runtime(api, profile),
    )


def _runtime(api: Any, profile: Profile) -> str | None:
    """The runtime that the profile asks for, None for the daemon's usual one. Raises SandboxError."""
    if profile.runtime and profile.runtime not in (api.info().get("Runtimes") or {}):
        raise SandboxError(
            f"profile {profile.name}: the Docker daemon offers no runtime {profile.runtime}: install gVisor and register it "
            "under that name in /etc/docker/daemon.json, or take `runtime` out of profile.toml"
        )
    return profile.runtime or None


def has_init(api: Any) -> bool:
    """Whether the daemon finds its init program, a package of its own on Debian."""
    parts = {part["Name"]: part.get("Version") for part in api.version().get("Components") or ()}
    return parts.get("docker-init") not in (None, "", "N/A")
