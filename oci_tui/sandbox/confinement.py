"""What the runner knows of the container it is in: its confinement, the memory counters, the other processes.

Sent in as source with the runner; standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
from pathlib import Path

OOM_COUNTERS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
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


def report() -> bytes:
    """What this process finds about itself, for the app's check after the start."""
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
            "root_read_only": bool(os.statvfs("/").f_flag & os.ST_RDONLY),
            "oom_kills": oom_kills(),
        }
    ).encode()


def prefer_for_oom(pid: int) -> None:
    """When memory runs out the kernel takes the command before the runner."""
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return  # it has already ended


def hide() -> None:
    """Close this process's memory and descriptors to others of its user, and adopt the orphans that commands leave."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_DUMPABLE, 0), (PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
