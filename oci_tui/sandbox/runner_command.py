"""One command of the runner, from its start until nothing of it is left.

Sent in as source with the runner; standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from oci_tui.sandbox.confinement import kill_all_but, kill_others, oom_kills, subordinate
from oci_tui.sandbox.frames import CANCEL, EXIT, INPUT, STDERR, STDOUT
from oci_tui.sandbox.runner_python import PythonSession
from oci_tui.sandbox.runner_wire import BACKLOG, CHUNK, Wire

TERM_GRACE_S = 1.5
DRAIN_S = 1.0


class Run:
    """One command, from its start until nothing of it is left."""

    def __init__(
        self, wire: Wire, children: socket.socket, session: PythonSession, nonce: bytes, request: dict[str, Any]
    ) -> None:
        self.wire, self.children, self.session, self.nonce, self.request = wire, children, session, nonce, request
        self.selector = wire.selector
        self.started = time.monotonic()
        self.deadline = self.started + float(self.request["timeout"])
        self.room = int(self.request["limit"])
        self.omitted = 0
        self.reason = "exited"
        self.fresh = False
        self.status: int | None = None
        self.max_memory = 0
        self.input = bytearray()
        self.input_ended = not self.request["input"]
        self.open: dict[int, bytes] = {}
        self.stdin: int | None = None
        self.kill_at: float | None = None
        self.folder = ""
        self.oom_before = oom_kills()

    def start(self) -> None:
        argv = list(self.request["argv"])
        if self.request["code"] is not None:
            self.folder = block_folder()
            path = Path(self.folder, "block" + self.request["suffix"])
            path.write_bytes(self.request["code"].encode("utf-8", "replace"))
            argv.append(str(path))
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if self.request["input"] else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=self.request["cwd"],
            env=self.request["env"],
            start_new_session=True,
        )
        subordinate(self.process.pid)
        for pipe, kind in ((self.process.stdout, STDOUT), (self.process.stderr, STDERR)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self.open[pipe.fileno()] = kind
        if self.process.stdin is not None:
            self.stdin = self.process.stdin.fileno()
            os.set_blocking(self.stdin, False)

    def run(self) -> None:
        try:
            self.start()
        except (OSError, ValueError) as error:
            self.refuse(error)
            return
        while self.status is None and not self.wire.closed:
            self.turn(max(self.deadline if self.kill_at is None else self.kill_at, time.monotonic() + 0.01))
            now = time.monotonic()
            if self.kill_at is None and now >= self.deadline:
                self.end("timeout")
            elif self.kill_at is not None and now >= self.kill_at:
                self.kill()
        if self.wire.closed:
            kill_others()
        self.clear()
        self.finish()

    def end(self, reason: str, grace: float = TERM_GRACE_S) -> None:
        """Ask the group to stop now and have everything killed after `grace` seconds; the first reason stands."""
        if self.reason == "exited":
            self.reason = reason
            self.kill_at = time.monotonic() + grace
            self.signal_group(signal.SIGTERM if grace else signal.SIGKILL)

    def signal_group(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def kill(self) -> None:
        """Kill the command and all it started."""
        self.sweep()

    def sweep(self) -> None:
        """Kill everything but the session's Python; that too where processes are made faster than they can be killed."""
        if self.session.pid and kill_all_but(self.session.pid):
            return
        kill_others()
        until = time.monotonic() + DRAIN_S
        while self.session.pid and self.reap() and time.monotonic() < until:
            time.sleep(0.001)

    def clear(self) -> None:
        """Read what is left; who still holds the output when the command has ended is killed after DRAIN_S."""
        self.drain(DRAIN_S if self.reason == "exited" else 0.1)
        self.sweep()
        self.drain(DRAIN_S)
        until = time.monotonic() + DRAIN_S
        while self.reap() and not self.session.pid and time.monotonic() < until:
            time.sleep(0.001)

    def drain(self, seconds: float) -> None:
        """Read until the output ends; at most `seconds`, not counting the time the app takes to read what it has."""
        until = time.monotonic() + seconds
        while self.open and not self.wire.closed:
            waits = len(self.wire.outgoing) >= BACKLOG
            if not waits and time.monotonic() >= until:
                return
            self.turn(time.monotonic() + seconds if waits else until)
            if waits:
                until = time.monotonic() + seconds

    def turn(self, until: float) -> None:
        """Wait until something happens, at the latest at `until`, and deal with it."""
        self.take_orders()
        self.watch()
        for key, _ in self.selector.select(max(0.0, until - time.monotonic())):
            if key.data is not None:
                key.data()
            elif key.fd == self.children.fileno():
                self.children.recv(CHUNK)
            elif key.fd == self.stdin:
                self.feed()
            else:
                self.read(key.fd)
        self.take_orders()
        self.reap()

    def take_orders(self) -> None:
        for frame in self.wire.inbox:
            if frame.nonce != self.nonce:
                continue
            if frame.kind == INPUT:
                self.input += frame.payload
                self.input_ended = self.input_ended or not frame.payload
            elif frame.kind == CANCEL:
                self.end("stopped", 0.0)
        self.wire.inbox.clear()

    def watch(self) -> None:
        """Register exactly the descriptors that can make progress now."""
        known = self.selector.get_map()
        ready = len(self.wire.outgoing) < BACKLOG
        for fd in self.open:
            if ready and fd not in known:
                self.selector.register(fd, selectors.EVENT_READ)
            elif not ready and fd in known:
                self.selector.unregister(fd)
        if self.stdin is not None:
            wanted = bool(self.input) or self.input_ended
            if wanted and self.stdin not in known:
                self.selector.register(self.stdin, selectors.EVENT_WRITE)
            elif not wanted and self.stdin in known:
                self.selector.unregister(self.stdin)
        self.wire.listen(len(self.input) < BACKLOG * 4)

    def feed(self) -> None:
        assert self.stdin is not None
        assert self.process.stdin is not None
        try:
            while self.input:
                del self.input[: os.write(self.stdin, self.input[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            self.input.clear()
            self.input_ended = True
        if self.input_ended:
            self.selector.unregister(self.stdin)
            self.process.stdin.close()
            self.stdin = None

    def read(self, fd: int) -> None:
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.selector.unregister(fd)
            del self.open[fd]
            return
        kept = data[: self.room]
        self.room -= len(kept)
        self.omitted += len(data) - len(kept)
        if kept:
            self.wire.send(self.open[fd], self.nonce, kept)
        if len(kept) < len(data):
            self.end("output limit", 0.0)

    def reap(self) -> bool:
        """Collect dead children, orphans included; True while a live one is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.session.ended(pid)
            if pid == self.process.pid and self.status is None:
                self.status, self.max_memory = status, usage.ru_maxrss * 1024

    def finish(self) -> None:
        for fd in [*self.open, self.stdin]:
            if fd is not None and fd in self.selector.get_map():
                self.selector.unregister(fd)
        self.wire.listen(True)
        status = self.status if self.status is not None else signal.SIGKILL
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = 128 + killed if killed else os.WEXITSTATUS(status)
        self.release(code)
        if self.reason == "exited" and code != 0 and oom_kills() > self.oom_before:
            self.reason = "out of memory"
        elif self.reason == "exited" and killed == signal.SIGKILL:
            self.reason = "killed"
        self.say_exit(code)

    def release(self, code: int) -> None:
        """Let go of the process, which has ended."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self.process.returncode = code
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def refuse(self, error: Exception) -> None:
        """The command could not be started: what a shell would print, and its exit status."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.wire.listen(True)
        name = self.request["argv"][0]
        missing = isinstance(error, FileNotFoundError)
        why = "command not found" if missing else getattr(error, "strerror", None) or str(error)
        self.wire.send(STDERR, self.nonce, f"{name}: {why}\n".encode("utf-8", "replace"))
        self.say_exit(127 if missing else 126)

    def say_exit(self, code: int) -> None:
        end = {
            "code": code,
            "reason": self.reason,
            "seconds": time.monotonic() - self.started,
            "max_memory": self.max_memory,
            "omitted": self.omitted,
            "oom_kills": oom_kills(),
            "fresh": self.fresh,
            "alive": self.session.pid != 0,
        }
        self.wire.send(EXIT, self.nonce, json.dumps(end).encode())


def block_folder() -> str:
    """An empty folder for a code block: always the same name, so that tracebacks are the same, unless the code took it."""
    folder = Path("/tmp/block")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        return tempfile.mkdtemp(prefix="block-")
    return str(folder)
