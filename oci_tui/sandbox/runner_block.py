"""One block of code in the Python process that keeps its variables: a command that may outlive itself.

Sent in as source with the runner; standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import struct
import termios
import time

from oci_tui.sandbox.confinement import kill_others
from oci_tui.sandbox.frames import EXIT, PLOT, STDERR, STDOUT, Decoder, ProtocolError
from oci_tui.sandbox.runner_command import DRAIN_S, TERM_GRACE_S, Run
from oci_tui.sandbox.runner_python import peak
from oci_tui.sandbox.runner_wire import BACKLOG, CHUNK

CANCEL_GRACE_S = 0.5


class BlockRun(Run):
    """Ends when the process says so, or dies. A timeout interrupts the block, and kills the process if it goes on."""

    def start(self) -> None:
        self.done = self.hung_up = False
        self.fresh = not self.session.pid
        self.answers = Decoder()
        self.session.start(self.request)
        assert self.session.process is not None
        assert self.session.control is not None
        self.process = self.session.process
        for pipe, kind in ((self.process.stdout, STDOUT), (self.process.stderr, STDERR)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self.open[pipe.fileno()] = kind
        self.control = self.session.control.fileno()
        try:
            self.session.begin(self.request["code"])
        except OSError:
            kill_others()  # the code has broken the process: it ends, and that is how the block ended

    def watch(self) -> None:
        super().watch()
        listening = self.control in self.selector.get_map()
        ready = len(self.wire.outgoing) < BACKLOG and not self.done and not self.hung_up
        if ready and not listening:
            self.selector.register(self.control, selectors.EVENT_READ, self.on_answer)
        elif listening and not ready:
            self.selector.unregister(self.control)

    def on_answer(self) -> None:
        try:
            data = os.read(self.control, CHUNK)
            answers = self.answers.feed(data)
        except (OSError, ProtocolError):
            data, answers = b"", []
        if not data:
            self.hung_up = True
            kill_others()
        for answer in answers:
            if answer.kind == PLOT:
                self.wire.send(PLOT, self.nonce, answer.payload)
            elif answer.kind == EXIT and answer.payload.isdigit():
                self.done = True
                self.max_memory = peak(self.session.pid)
                self.status = (int(answer.payload) & 0xFF) << 8

    def end(self, reason: str, grace: float = TERM_GRACE_S) -> None:
        if self.reason == "exited":
            self.reason = reason
            self.kill_at = time.monotonic() + (grace or CANCEL_GRACE_S)
            self.signal_group(signal.SIGINT)
            self.signal_group(signal.SIGCONT)

    def kill(self) -> None:
        kill_others()

    def clear(self) -> None:
        if not self.done:
            super().clear()
            return
        self.sweep()  # it stops the process, too
        self.reap()
        while any(unread(fd) for fd in self.open) and not self.wire.closed:
            self.turn(time.monotonic() + DRAIN_S)

    def release(self, code: int) -> None:  # noqa: ARG002
        if self.control in self.selector.get_map():
            self.selector.unregister(self.control)
        if not self.session.pid:
            self.session.discard()


def unread(fd: int) -> int:
    """How many bytes wait in a pipe."""
    return int(struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0])
