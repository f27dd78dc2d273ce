"""The runner's hold on the Python process that keeps its variables from block to block (`python_session`).

While no block runs the process is stopped, so that a thread which a block left behind neither computes nor prints.
Sent in as source with the runner; standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
from pathlib import Path
from typing import Any

from oci_tui.sandbox.confinement import subordinate

PATIENCE_S = 5.0


class PythonSession:
    """At most one process; `pid` is 0 while there is none."""

    def __init__(self) -> None:
        self.pid = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None

    def start(self, request: dict[str, Any]) -> None:
        """Start the process unless there is one. Raises OSError."""
        if self.pid:
            return
        self.discard()
        self.control, theirs = socket.socketpair()
        self.control.settimeout(PATIENCE_S)
        with theirs:
            self.process = subprocess.Popen(
                [*request["argv"], "-c", request["session"], str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=request["cwd"],
                env=request["env"],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.pid = self.process.pid
        subordinate(self.pid)

    def begin(self, code: str) -> None:
        """Let the process go on, with this block. Raises OSError."""
        assert self.control is not None
        self.signal(signal.SIGCONT)
        forget_peak(self.pid)
        data = code.encode("utf-8", "surrogatepass")
        self.control.sendall(struct.pack(">I", len(data)) + data)

    def signal(self, number: int) -> None:
        if self.pid:
            os.killpg(self.pid, number)

    def ended(self, pid: int) -> None:
        """A child of the runner has died, and was collected."""
        if self.process is not None and pid == self.pid:
            self.process.returncode = -signal.SIGKILL
            self.pid = 0

    def discard(self) -> None:
        """Close what is left of a process that has died."""
        process, self.process = self.process, None
        control, self.control = self.control, None
        if process is not None and process.stdout is not None and process.stderr is not None:
            process.stdout.close()
            process.stderr.close()
        if control is not None:
            control.close()


def forget_peak(pid: int) -> None:
    """Have the kernel measure the peak of a process's memory anew, so that it is the block's own."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # measured from the start of the process, then


def peak(pid: int) -> int:
    """The most bytes that a process held; 0 when that cannot be told."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
