"""The hardened container: what is asked of the daemon, and the check that it was given. Fails closed.

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


class Report(msgspec.Struct, frozen=True):
    """What the runner finds about itself inside the container."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    no_new_privs: str
    capabilities: tuple[str, ...]
    seccomp: str
    interfaces: tuple[str, ...]
    root_read_only: bool
    oom_kills: int


class Limit(msgspec.Struct, frozen=True):
    """A resource limit: its `field` in HostConfig, the value asked for, how it reads, and the daemon's `name` for it."""

    field: str
    value: int
    words: str
    name: str


def limits(settings: SandboxSettings) -> tuple[Limit, ...]:
    """The limits that the daemon must put on the container's cgroup."""
    memory = settings.memory_mb * _MB
    return (
        Limit("Memory", memory, f"{settings.memory_mb} MB of memory, the workspace's files included", "memory"),
        Limit("MemorySwap", memory, "no swap", "swap"),
        Limit("NanoCpus", int(settings.cpus * 1e9), f"{settings.cpus:g} CPUs", "cpu"),
        Limit("PidsLimit", settings.pids, f"{settings.pids} processes", "pids"),
    )


def create(
    api: Any, image: str, profile: Profile, settings: SandboxSettings, session: str, repository: str
) -> tuple[str, list[str]]:
    """Create (not start) the container from the image id; its id, and the daemon's warnings. Raises SandboxError."""
    with told("creating the container"):
        made = api.create_container(
            image,
            command=["/bin/cat"],
            user=f"{SUPERVISOR}:{SUPERVISOR}",
            # Open and not detached: the daemon closes it when we hang up, `cat` ends, and the container with it.
            stdin_open=True,
            detach=False,
            host_config=_host_config(api, profile, settings),
            working_dir="/workspace",
            hostname="sandbox",
            network_disabled=True,
            environment={"LANG": "C.UTF-8"},
            use_config_proxy=False,
            labels={
                "oci.app": "1",
                "oci.session": session,
                "oci.owner": owner(),
                "oci.repo": hashlib.sha256(repository.encode("utf-8", "surrogateescape")).hexdigest()[:16],
            },
            stop_timeout=1,
        )
    return str(made["Id"]), [visible_line(str(warning)) for warning in made.get("Warnings") or ()]


def _host_config(api: Any, profile: Profile, settings: SandboxSettings) -> Any:
    from docker.types import LogConfig, Ulimit

    memory = settings.memory_mb * _MB
    inodes = settings.workspace_mb * 512
    agent = f"uid={AGENT},gid={AGENT}"
    return api.create_host_config(
        auto_remove=True,
        init=_has_init(api),
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true", f"seccomp={profile.seccomp}"],
        network_mode="none",
        ipc_mode="private",
        cgroupns="private",
        pids_limit=settings.pids,
        mem_limit=memory,
        memswap_limit=memory,
        nano_cpus=int(settings.cpus * 1e9),
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
    )


def _has_init(api: Any) -> bool:
    """Whether the daemon finds its init program, a package of its own on Debian."""
    parts = {part["Name"]: part.get("Version") for part in api.version().get("Components") or ()}
    return parts.get("docker-init") not in (None, "", "N/A")


def check(api: Any, container: str, settings: SandboxSettings, warnings: list[str]) -> tuple[str, ...]:
    """Compare what the daemon gave with what was asked; the resource limits it says it cannot keep. Raises SandboxError."""
    with told("checking the container"):
        state = api.inspect_container(container)
    host = state["HostConfig"]
    wrong = [
        name
        for name, holds in (
            ("a read-only root", host["ReadonlyRootfs"] is True),
            ("no capabilities", host["CapDrop"] == ["ALL"] and not host["CapAdd"]),
            ("no new privileges", "no-new-privileges:true" in (host["SecurityOpt"] or ())),
            ("the system call filter", any(option.startswith("seccomp={") for option in host["SecurityOpt"] or ())),
            ("no network", host["NetworkMode"] == "none"),
            ("no privileges", host["Privileged"] is False),
            ("no mounts from this machine", not host["Binds"] and not host.get("Mounts") and not host.get("VolumesFrom")),
            ("no devices", not host.get("Devices") and not host.get("DeviceRequests")),
            ("its own namespaces", not host["PidMode"] and not host["UTSMode"] and host["IpcMode"] == "private"),
            ("its user", state["Config"]["User"] == f"{SUPERVISOR}:{SUPERVISOR}"),
            ("ending with the app", state["Config"]["StdinOnce"] is True and host["AutoRemove"] is True),
        )
        if not holds
    ]
    missing = [limit for limit in limits(settings) if host.get(limit.field) != limit.value]
    # a kernel that cannot set a limit makes the daemon say so, by the limit's name; any other warning excuses nothing
    wrong += [limit.words for limit in missing if not any(limit.name in warning.lower() for warning in warnings)]
    if wrong:
        raise SandboxError(f"the Docker daemon did not give the container {', '.join(wrong)}; not used. Update Docker")
    return tuple(f"{limit.words} ({'; '.join(warnings)})" for limit in missing)


def check_report(payload: bytes) -> Report:
    """Read the runner's report and refuse a process that could do more than it may. Raises SandboxError."""
    try:
        found = msgspec.json.decode(payload, type=Report)
    except msgspec.MsgspecError as error:
        raise SandboxError(f"the runner's report cannot be read: {visible_line(str(error))}") from error
    wrong = [
        name
        for name, holds in (
            ("it runs as another user", found.uid == found.gid == AGENT and set(found.groups) <= {AGENT}),
            ("it may gain privileges", found.no_new_privs == "1"),
            ("it has capabilities", bool(found.capabilities) and all(int(mask or "1", 16) == 0 for mask in found.capabilities)),
            ("system calls are not filtered", found.seccomp == "2"),
            ("it has a network", set(found.interfaces) <= {"lo"}),
            ("its root can be written", found.root_read_only),
        )
        if not holds
    ]
    if wrong:
        raise SandboxError(f"the container is not closed: {', '.join(wrong)}; not used. Update Docker")
    return found


def not_enforced(api: Any) -> tuple[str, ...]:
    """What this daemon does not do for us, one phrase each."""
    with told("asking the daemon what it enforces"):
        info = api.info()
    options = " ".join(info.get("SecurityOptions") or ())
    lacking = [
        words
        for words, there in (
            ("no limit on memory", info.get("MemoryLimit")),
            ("no limit on swap", info.get("SwapLimit")),
            ("no limit on processes", info.get("PidsLimit")),
            ("no limit on CPU time", info.get("CpuCfsQuota", info.get("CPUCfsQuota"))),
            ("no AppArmor or SELinux profile", "apparmor" in options or "selinux" in options),
            (
                "users are not remapped: uid 10001 inside is uid 10001 on the machine",
                "userns" in options or "rootless" in options,
            ),
        )
        if not there
    ]
    return (*lacking, "the kernel is shared with the machine")
