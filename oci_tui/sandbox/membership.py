"""The docker group: who is in it may use the daemon, but a process only from the next login on, or through `sg`."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from collections.abc import Iterator

from oci_tui.core.errors import SandboxError
from oci_tui.core.ports import Progress
from oci_tui.sandbox import images

GROUP = "docker"


def user() -> str:
    """The name of the person whose process this is."""
    return pwd.getpwuid(os.geteuid()).pw_name


def join_command() -> tuple[str, ...]:
    """What adds the person to the group, as root runs it."""
    return ("usermod", "-aG", GROUP, user())


def waits() -> bool:
    """Whether the person is in the group, but this process was started before that."""
    try:
        group = grp.getgrnam(GROUP)
    except KeyError:
        return False
    return os.geteuid() != 0 and user() in group.gr_mem and group.gr_gid not in {*os.getgroups(), os.getegid()}


def join() -> Iterator[Progress]:
    """Add the person to the group. Raises SandboxError."""
    yield Progress(f"adding {user()} to the group {GROUP}")
    done = subprocess.run(images.as_root(*join_command()), capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SandboxError(
            f"{user()} could not be added to the group {GROUP}: {why}; run it yourself: {' '.join(join_command())}"
        )
