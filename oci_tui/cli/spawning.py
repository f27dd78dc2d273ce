"""Starts a host in the background: a process of its own session, which no terminal's end reaches."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from oci_tui.core.errors import ShareError
from oci_tui.settings import Settings


def spawn(chosen: Settings, root: Path, name: str, resumes: str = "", flags: Sequence[str] = ()) -> str:
    """A host with a session about `root`, or with a recorded one that goes on; what it says once clients can come.

    Raises ShareError with its words when it cannot be.
    """
    started = subprocess.Popen(
        [sys.executable, "-P", "-m", "oci_tui", "host", "--detached", name, "--resumes", resumes, *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        start_new_session=True,
    )
    assert started.stdin is not None
    assert started.stdout is not None
    assert started.stderr is not None
    with started.stdin, started.stdout, started.stderr:
        started.stdin.write(msgspec.json.encode(chosen))
        started.stdin.close()
        # the host lets go of these once clients can come
        said, complaint = started.stdout.read(), started.stderr.read()
    if not said:
        words = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2].removeprefix("oci-tui: ")
        raise ShareError(words or f"the host ended with exit code {started.wait()}; its words are in host.log")
    return said.decode("utf-8", "replace")
