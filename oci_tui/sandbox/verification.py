"""Checks that the container is as closed as was asked: by the daemon's word, and by the kernel's inside. Fails closed.

A knob that is not as asked ends the start with one line that names it; only a limit that the daemon says it cannot keep
is let through, and named to the person.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from oci_tui.core.errors import SandboxError
from oci_tui.core.terminal import visible_line
from oci_tui.sandbox.container import AGENT, Limit, has_init, limits
from oci_tui.sandbox.daemon import told
from oci_tui.settings import SandboxSettings

# How each knob of the API's HostConfig and Config reads; all of those that are asked for are compared.
WORDS = {
    "ReadonlyRootfs": "a read-only root",
    "CapDrop": "no capabilities",
    "CapAdd": "the capabilities asked for",
    "SecurityOpt": "no new privileges and the system call filter",
    "NetworkMode": "no network",
    "NetworkDisabled": "no network",
    "IpcMode": "shared memory of its own",
    "CgroupnsMode": "control groups of its own",
    "ShmSize": "a limit on shared memory",
    "Ulimits": "limits on files",
    "Tmpfs": "temporary folders with a limit",
    "OomScoreAdj": "going first when memory runs out",
    "LogConfig": "no log on the machine's disk",
    "AutoRemove": "removing itself",
    "Init": "an init program",
    "Runtime": "its runtime",
    "User": "its user",
    "OpenStdin": "ending with the app",
    "StdinOnce": "ending with the app",
    "Labels": "its labels",
}
# Knobs that are never asked for: each would open the container, and a daemon's own defaults may set some.
EMPTY = {
    "Privileged": "no privileges",
    "CapAdd": "no capabilities",
    "Binds": "no mounts from this machine",
    "Mounts": "no mounts from this machine",
    "VolumesFrom": "no mounts from this machine",
    "Devices": "no devices",
    "DeviceRequests": "no devices",
    "DeviceCgroupRules": "no devices",
    "GroupAdd": "no other groups",
    "PidMode": "processes of its own",
    "UTSMode": "a name of its own",
    "UsernsMode": "the daemon's mapping of users",
    "CgroupParent": "a control group of its own",
    "PortBindings": "no network",
    "PublishAllPorts": "no network",
    "Links": "no network",
    "OomKillDisable": "an end when memory runs out",
    "Sysctls": "the kernel's settings",
}
# What the daemon says of itself, by the name of the limit.
_FACTS = {"memory": "MemoryLimit", "swap": "SwapLimit", "pids": "PidsLimit", "cpu": "CpuCfsQuota"}
_HIDDEN = {"MaskedPaths": {"/proc/kcore", "/proc/keys", "/sys/firmware"}, "ReadonlyPaths": {"/proc/sys", "/proc/sysrq-trigger"}}
_KERNEL_MOUNTS = ("proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2")
_TMPFS_PLACES = re.compile(r"/dev|/dev/shm|/sys/fs/cgroup|/(proc|sys)/.*")
_FILES = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/sbin/docker-init", "/usr/sbin/docker-init")
_VARIABLES = {"PATH", "HOSTNAME", "HOME", "LANG", "TERM", "LC_CTYPE"}


class Mounted(msgspec.Struct, frozen=True):
    """A mount: its place, the options of the mount, the kind of file system, and that one's own options."""

    place: str
    options: str
    kind: str
    own: str


class Report(msgspec.Struct, frozen=True):
    """What the runner finds about itself inside the container; see `confinement`."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    no_new_privs: str
    capabilities: tuple[str, ...]
    seccomp: str
    interfaces: tuple[str, ...]
    root_read_only: bool
    oom_kills: int
    limits: dict[str, int]
    ulimits: dict[str, tuple[int, int]]
    oom_score_adj: int | None
    mounts: tuple[Mounted, ...]
    cgroups: tuple[str, ...]
    variables: tuple[str, ...]


def check(
    api: Any, container: str, wanted: Mapping[str, Any], settings: SandboxSettings, warnings: list[str]
) -> tuple[Limit, ...]:
    """Compare what the daemon gave with what was asked; the resource limits it says it cannot keep. Raises SandboxError."""
    with told("checking the container"):
        state = api.inspect_container(container)
    host, asked = state["HostConfig"], wanted["HostConfig"]
    resource_limits = {limit.field: limit for limit in limits(settings)}
    missing = [limit for limit in resource_limits.values() if host.get(limit.field) != limit.value]
    # A kernel that cannot set a limit makes the daemon say so, by the limit's name; any other warning excuses nothing.
    facts = api.info()
    unkept = tuple(
        limit
        for limit in missing
        if facts.get(_FACTS[limit.name]) is False or any(limit.name in warning.lower() for warning in warnings)
    )
    wrong = [f"{limit.words} ({limit.field})" for limit in missing if limit not in unkept]
    given = {**state["Config"], **host}
    for key, value in {**wanted, **asked}.items():
        if key in WORDS and key not in resource_limits and not _same(key, value, given.get(key)):
            wrong.append(f"{WORDS[key]} ({key})")
    wrong += [f"{words} ({key})" for key, words in EMPTY.items() if host.get(key) and not asked.get(key)]
    wrong += [f"hidden kernel files ({key})" for key, paths in _HIDDEN.items() if not paths <= set(host.get(key) or ())]
    if state["Image"] != wanted["Image"]:
        wrong.append("the image (Image)")
    with told("checking the container's image"):
        own = (api.inspect_image(wanted["Image"])["Config"] or {}).get("Env") or []
    if not set(state["Config"]["Env"] or ()) <= {*own, *wanted["Env"]}:
        wrong.append("nothing but its own environment (Env)")
    if wrong:
        raise SandboxError(f"the Docker daemon did not give the container {', '.join(wrong)}; not used. Update Docker")
    return unkept


def _same(key: str, asked: Any, given: Any) -> bool:
    """Whether a knob has the value asked for, in whatever form the daemon gives it back."""
    match key:
        case "Ulimits":
            return _ulimits(asked) == _ulimits(given or ())
        case "SecurityOpt":
            return set(asked) == set(given or ())
        case "CapAdd":
            return set(asked or ()) == {name.removeprefix("CAP_") for name in given or ()}
        case "Runtime":
            return asked in (None, given)
        case "LogConfig":
            return bool(asked["Type"] == (given or {}).get("Type"))
        case "Labels":
            return set(asked.items()) <= set((given or {}).items())
    return bool(asked == given) or not (asked or given)


def _ulimits(values: Any) -> set[tuple[str, int, int]]:
    return {(value["Name"], value["Soft"], value["Hard"]) for value in values}


def check_report(payload: bytes, *, own_kernel: bool = False) -> Report:
    """Read the runner's report and refuse a process that could do more than it may. Raises SandboxError.

    With `own_kernel` (gVisor) nothing reaches the machine's kernel, and that one does not tell of filters and privileges.
    """
    try:
        found = msgspec.json.decode(payload, type=Report)
    except msgspec.MsgspecError as error:
        raise SandboxError(f"the runner's report cannot be read: {visible_line(str(error))}") from error
    _refuse(
        name
        for name, holds in (
            ("it runs as another user", found.uid == found.gid == AGENT and set(found.groups) <= {AGENT}),
            ("it may gain privileges", found.no_new_privs == "1" or (own_kernel and not found.no_new_privs)),
            ("it has capabilities", _powerless(found.capabilities[: 4 if own_kernel else 5])),
            ("system calls are not filtered", found.seccomp == "2" or own_kernel),
            ("it has a network", set(found.interfaces) <= {"lo"}),
            ("its root can be written", found.root_read_only),
            ("it sees the control groups of the machine", set(found.cgroups) <= {"/"}),
        )
        if not holds
    )
    return found


def _powerless(capabilities: tuple[str, ...]) -> bool:
    return bool(capabilities) and all(int(mask or "1", 16) == 0 for mask in capabilities)


def check_inside(found: Report, wanted: Mapping[str, Any], settings: SandboxSettings, unkept: tuple[Limit, ...]) -> None:
    """Compare what the kernel says inside the container with what was asked. Raises SandboxError.

    `unkept` are the limits that the daemon has said it cannot keep.
    """
    host, own_kernel = wanted["HostConfig"], is_own_kernel(wanted)
    own = {variable.split("=", 1)[0] for variable in wanted["Env"]}
    _refuse(
        (
            *(
                f"it has not {limit.words}"
                for limit in limits(settings)
                if limit not in unkept and not _kept(limit, found.limits.get(limit.name))
            ),
            *(
                f"the limit {asked['Name']} is {found.ulimits.get(asked['Name'])}"
                for asked in host["Ulimits"]
                if found.ulimits.get(asked["Name"]) != (asked["Soft"], asked["Hard"])
            ),
            *(
                ()
                if own_kernel or found.oom_score_adj == host["OomScoreAdj"]
                else ("it does not go first when memory runs out",)
            ),
            *_wrong_mounts(found.mounts, host, own_kernel),
            *(f"it has the variable {visible_line(name)[:40]}" for name in found.variables if name not in _VARIABLES | own),
        )
    )


def _kept(limit: Limit, inside: int | None) -> bool:
    """Whether the kernel keeps a limit; what cannot be seen inside has been checked with the daemon. CPUs come in 1e-5."""
    return inside is None or math.isclose(inside, limit.inside, rel_tol=1e-3)


def is_own_kernel(wanted: Mapping[str, Any]) -> bool:
    """Whether a container asked for so runs on a kernel of its own."""
    return bool(wanted["HostConfig"].get("Runtime") == "runsc")


def _wrong_mounts(mounts: tuple[Mounted, ...], host: Mapping[str, Any], own_kernel: bool) -> Iterator[str]:
    wanted = {**{place: _size(options) for place, options in host["Tmpfs"].items()}, "/dev/shm": (host["ShmSize"], None)}
    by_place = {mount.place: mount for mount in mounts}
    for place, (size, inodes) in wanted.items():
        mount = by_place.get(place)
        own, own_inodes = _size(mount.own) if mount and mount.kind == "tmpfs" else (0, 0)
        if mount is None or own != size or (inodes not in (None, own_inodes) and not own_kernel):
            yield f"{place} has no limit of {size >> 20} MB"
        elif not own_kernel and not {"nosuid", "nodev"} <= set(mount.options.split(",")):
            yield f"{place} takes devices or setuid programs"
    for mount in mounts:
        read_only = "ro" in mount.options.split(",")
        if mount.place in wanted or mount.place == "/" or (mount.kind == "tmpfs" and _TMPFS_PLACES.fullmatch(mount.place)):
            continue
        if mount.kind in _KERNEL_MOUNTS:
            if mount.kind in ("sysfs", "cgroup", "cgroup2") and not read_only:
                yield f"{mount.place} can be written"
        elif not (read_only and mount.place in _FILES):
            yield f"{visible_line(mount.place)[:60]} of the machine is mounted"


def _size(options: str) -> tuple[int, int | None]:
    """Bytes and number of files of a tmpfs, from its options; 0 bytes when it has no limit."""
    found = {key: value for key, _, value in (option.partition("=") for option in options.split(","))}
    units = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

    def number(text: str) -> int:
        return int(text[:-1]) * units[text[-1]] if text[-1:] in units else int(text)

    return number(found.get("size", "0")), number(found["nr_inodes"]) if "nr_inodes" in found else None


def _refuse(wrong: Iterator[str] | tuple[str, ...]) -> None:
    if told_wrong := list(wrong):
        raise SandboxError(f"the container is not closed: {', '.join(told_wrong)}; not used. Update Docker")


def not_enforced(api: Any, *, own_kernel: bool = False) -> tuple[str, ...]:
    """What this daemon does not do for us, one phrase each. Raises SandboxError."""
    with told("asking the daemon what it enforces"):
        options = " ".join(api.info().get("SecurityOptions") or ())
    notes = (
        ("no AppArmor or SELinux profile", "apparmor" in options or "selinux" in options),
        (
            "users are not remapped: uid 10001 inside is uid 10001 on the machine",
            "userns" in options or "rootless" in options,
        ),
    )
    last = "no limit on how many files the workspace has" if own_kernel else "the kernel is shared with the machine"
    return (*weaknesses(api), *(words for words, there in notes if not there), last)


def weaknesses(api: Any) -> tuple[str, ...]:
    """What the sandbox relies on and this daemon says it lacks, one phrase each. Raises SandboxError."""
    with told("asking the daemon what it enforces"):
        info, init = api.info(), has_init(api)
    options = " ".join(info.get("SecurityOptions") or ())
    rootless = ": a daemon without root needs cgroup v2, delegated by systemd" if "rootless" in options else ""
    exposed = any("without encryption" in warning or "insecure" in warning.lower() for warning in info.get("Warnings") or ())
    parts = (
        (f"no limit on memory{rootless}", info.get("MemoryLimit")),
        (f"no limit on swap{rootless}", info.get("SwapLimit")),
        (f"no limit on processes{rootless}", info.get("PidsLimit")),
        (f"no limit on CPU time{rootless}", info.get("CpuCfsQuota", info.get("CPUCfsQuota"))),
        ("no system call filter", "seccomp" in options),
        ("no init program, so that ended processes pile up (Debian's package tini)", init),
        ("its API is open to the network", not exposed),
    )
    return tuple(words for words, there in parts if not there)
