"""Runs commands inside the container and frames their output; sent in as source, standard library only, Python 3.9 and newer.

It runs as the same user as the code it starts: without capabilities no process in the container can change its user, and
`kill(-1)` from here then reaches every process the code left behind, except this one and the supervisor (another user,
PID 1). Code can kill or stop this process; the app then starts another. It cannot speak for it: the process is not
dumpable, so its memory and descriptors are closed to others of the same user. It is a convenience, not a boundary: the
app keeps its own deadline and byte cap.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from oci_tui.sandbox.confinement import hide, kill_others, oom_kills, prefer_for_oom, report
from oci_tui.sandbox.frames import CANCEL, EXIT, HELLO, INPUT, RUN, STDERR, STDOUT, Decoder, Frame, encode

CHUNK = 1 << 16
BACKLOG = 1 << 18
TERM_GRACE_S = 2.0
DRAIN_S = 1.0


class Wire:
    """This process's standard input and output as frames, neither of which ever blocks it."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self.selector = selector
        self.decoder = Decoder()
        self.inbox: list[Frame] = []
        self.outgoing = bytearray()
        self.closed = False
        os.set_blocking(0, False)
        os.set_blocking(1, False)
        selector.register(0, selectors.EVENT_READ, self.on_readable)

    def send(self, kind: bytes, nonce: bytes, payload: bytes = b"") -> None:
        self.outgoing += encode(kind, nonce, payload)
        self.flush()

    def flush(self) -> None:
        try:
            while self.outgoing:
                del self.outgoing[: os.write(1, self.outgoing[:CHUNK])]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
            self.outgoing.clear()
        waiting = 1 in self.selector.get_map()
        if self.outgoing and not waiting:
            self.selector.register(1, selectors.EVENT_WRITE, self.flush)
        elif waiting and not self.outgoing:
            self.selector.unregister(1)

    def on_readable(self) -> None:
        try:
            data = os.read(0, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self.closed = True
            self.selector.unregister(0)
        self.inbox += self.decoder.feed(data)

    def listen(self, on: bool) -> None:
        """Stop reading while a command is slow to take its input, and go on later."""
        reading = 0 in self.selector.get_map()
        if on and not reading and not self.closed:
            self.selector.register(0, selectors.EVENT_READ, self.on_readable)
        elif reading and not on:
            self.selector.unregister(0)


class Run:
    """One command, from its start until nothing of it is left."""

    def __init__(self, wire: Wire, children: socket.socket, frame: Frame) -> None:
        self.wire, self.children, self.nonce = wire, children, frame.nonce
        self.request: dict[str, Any] = json.loads(frame.payload)
        self.selector = wire.selector
        self.started = time.monotonic()
        self.deadline = self.started + float(self.request["timeout"])
        self.room = int(self.request["limit"])
        self.omitted = 0
        self.reason = "exited"
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
        prefer_for_oom(self.process.pid)
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
                kill_others()
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
        if self.status is None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return

    def clear(self) -> None:
        """Read what is left; who still holds the output when the command has ended is killed after DRAIN_S."""
        self.drain(DRAIN_S if self.reason == "exited" else 0.1)
        kill_others()
        self.drain(DRAIN_S)
        until = time.monotonic() + DRAIN_S
        while self.reap(0) and time.monotonic() < until:
            time.sleep(0.001)

    def drain(self, seconds: float) -> None:
        """Read until the output ends; at most `seconds`, not counting the time the app takes to read what it has."""
        until = time.monotonic() + seconds
        while self.open and not self.wire.closed:
            now = time.monotonic()
            if len(self.wire.outgoing) >= BACKLOG:
                until = now + seconds
            elif now >= until:
                return
            self.turn(until)

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
        self.reap(self.process.pid)

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

    def reap(self, leader: int) -> bool:
        """Collect dead children, orphans included; True while a live one is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == leader:
                self.status, self.max_memory = status, usage.ru_maxrss * 1024

    def finish(self) -> None:
        for fd in [*self.open, self.stdin]:
            if fd is not None and fd in self.selector.get_map():
                self.selector.unregister(fd)
        self.wire.listen(True)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        status = self.status if self.status is not None else signal.SIGKILL
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = 128 + killed if killed else os.WEXITSTATUS(status)
        self.process.returncode = code
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.reason == "exited" and code != 0 and oom_kills() > self.oom_before:
            self.reason = "out of memory"
        elif self.reason == "exited" and killed == signal.SIGKILL:
            self.reason = "killed"
        self.say_exit(code)

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


def main() -> None:
    hide()
    kill_others()
    children, wakeup = socket.socketpair()
    children.setblocking(False)
    wakeup.setblocking(False)
    # Handlers, because what is ignored here would stay ignored in every command.
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    selector = selectors.DefaultSelector()
    selector.register(children, selectors.EVENT_READ)
    wire = Wire(selector)
    while not wire.closed or wire.inbox:
        while wire.inbox:
            frame = wire.inbox.pop(0)
            if frame.kind == HELLO:
                wire.send(HELLO, frame.nonce, report())
            elif frame.kind == RUN:
                Run(wire, children, frame).run()
        for key, _ in selector.select():
            if key.data is not None:
                key.data()
            else:
                children.recv(CHUNK)
    kill_others()


if __name__ == "__main__":
    main()
    sys.exit(0)
