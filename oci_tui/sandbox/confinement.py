"""What the runner knows of the container it is in: its confinement, the memory counters, the other processes.

Sent in as source with the runner; standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import time
from pathlib import Path

OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
CGROUPS = Path("/sys/fs/cgroup")
LIMITS_V2 = {"memory": "memory.max", "swap": "memory.swap.max", "pids": "pids.max"}
LIMITS_V1 = {"memory": "memory/memory.limit_in_bytes", "swap": "memory/memory.memsw.limit_in_bytes", "pids": "pids/pids.max"}
UNLIMITED_V1 = 1 << 62
ULIMITS = ("nofile", "fsize", "core")
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36


def oom_kills() -> int:
    """How many processes of this container the kernel has killed for memory; 0 where it does not count."""
    for name in OOM_COUNTERS:
        try:
            with Path(name).open(encoding="ascii") as file:
                for line in file:
                    if line.startswith("oom_kill "):
                        return int(line.split()[1])
        except OSError:
            continue
    return 0


def kill_others() -> None:
    """Kill every process of this user except this one, in one atomic system call that no fork bomb can outrun."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return


def kill_all_but(spared: int, patience: float = 0.25) -> bool:
    """Kill every process of this user except this one and `spared`; False when they are not gone after `patience` seconds.

    All are stopped first, `spared` too, in one atomic system call: what is stopped makes no more processes.
    """
    until = time.monotonic() + patience
    mine = (os.getpid(), spared)
    os.kill(-1, signal.SIGSTOP)
    while sum(_killed(int(place.name)) for place in Path("/proc").glob("[0-9]*") if int(place.name) not in mine):
        os.kill(-1, signal.SIGSTOP)
        if time.monotonic() >= until:
            return False
        time.sleep(0.001)
    return True


def _killed(pid: int) -> bool:
    """Kill a process; False when there was nothing to kill: it is another user's, or dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def limits(root: Path = CGROUPS) -> dict[str, int]:
    """The limits of this container's control group, -1 for none: memory and swap (bytes), pids, cpu (1e-9 CPUs).

    What cannot be read is left out: where the control groups are those of a daemon without cgroup namespaces.
    """
    if (root / "cgroup.controllers").exists():
        found = {name: _number(root / file) for name, file in LIMITS_V2.items()}
        words = _words(root / "cpu.max")
        quota, period = (-1 if words[0] == "max" else int(words[0]), int(words[1])) if len(words) == 2 else (None, 1)
    else:
        found = {name: _number(root / file) for name, file in LIMITS_V1.items()}
        memory, both = found["memory"], found["swap"]
        found["swap"] = both if both is None or memory is None or both < 0 else both - memory
        quota, period = _number(root / "cpu/cpu.cfs_quota_us"), _number(root / "cpu/cpu.cfs_period_us") or 1
    found["cpu"] = quota if quota is None or quota < 0 else quota * 10**9 // period
    return {name: value for name, value in found.items() if value is not None}


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return []


def _lines(file: Path) -> list[str]:
    """The lines of a file of the kernel; none where the kernel has no such file."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _number(file: Path) -> int | None:
    words = _words(file)
    if not words:
        return None
    number = -1 if words[0] == "max" else int(words[0])
    return -1 if number >= UNLIMITED_V1 else number


def mounts() -> list[dict[str, str]]:
    """What is mounted where; the source is left out, since it may name paths of the machine."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        place, options = before.split()[4:6]
        kind, _, own = after.split(" ", 2)
        found.append({"place": place, "options": options, "kind": kind, "own": own})
    return found


def report() -> bytes:
    """What this process finds about itself, for the app's check after the start."""
    mounted = mounts()
    with Path("/proc/self/status").open(encoding="ascii", errors="replace") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    with Path("/proc/net/dev").open(encoding="ascii", errors="replace") as file:
        interfaces = [line.split(":")[0].strip() for line in file if ":" in line]
    return json.dumps(
        {
            "uid": os.getuid(),
            "gid": os.getgid(),
            "groups": os.getgroups(),
            "no_new_privs": status.get("NoNewPrivs", ""),
            "capabilities": [status.get(key, "") for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
            "seccomp": status.get("Seccomp", ""),
            "interfaces": interfaces,
            "root_read_only": "ro" in [mount["options"] for mount in mounted if mount["place"] == "/"][-1].split(","),
            "oom_kills": oom_kills(),
            "limits": limits(),
            "ulimits": {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name.upper())) for name in ULIMITS},
            "oom_score_adj": _number(Path("/proc/self/oom_score_adj")),
            "mounts": mounted,
            "cgroups": [line.split(":", 2)[2] for line in _lines(Path("/proc/self/cgroup"))],
            "variables": sorted(os.environ),
        }
    ).encode()


def subordinate(pid: int) -> None:
    """When memory runs out the kernel takes the command before the runner; a fork bomb leaves the runner half the time."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, 19)
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return  # it has already ended


def hide() -> None:
    """Close this process's memory and descriptors to others of its user, and adopt the orphans that commands leave.

    gVisor knows no adoption: there they go to PID 1, and `kill_others` reaches them all the same.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value, unknown in ((PR_SET_DUMPABLE, 0, 0), (PR_SET_CHILD_SUBREAPER, 1, errno.EINVAL)):
        if libc.prctl(option, value, 0, 0, 0) and ctypes.get_errno() != unknown:
            raise OSError(ctypes.get_errno(), "prctl")
