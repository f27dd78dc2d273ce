"""Runs one solution on inputs, inside the sandbox: a process that stays warm forks a child for it and watches the child.

Sent in as source, into the session's Python; standard library only, Python 3.9 and newer. It judges nothing and knows no
expected output: each output leaves as a line of its own (`values`), so the most that a solution can forge is its outputs.

A line on standard output that begins with a space was written by the child; with "." by this process. A child's line is
an output, or "!" and how the solution ended: "!e" and a traceback, "!t" an input's time ran out, "!m" no such function,
"!d" all inputs done. An empty line only says that this process is alive.
"""

from __future__ import annotations

import base64
import builtins
import contextlib
import ctypes
import json
import linecache
import os
import resource
import select
import shutil
import signal
import stat
import subprocess
import sys
import time
import traceback
import zlib
from pathlib import Path
from typing import Any, NoReturn

from oci_tui.evaluate.values import line, value

PLACES = ("/workspace", "/tmp", "/home/agent", "/dev/shm")
FLUSH_S = 0.05
LEAST_S = 0.001
TELL_S = 10.0
BEAT_S = 5.0
CHUNK = 1 << 16
MOST_WRITTEN = 48 << 20
TRACEBACK = 4000
PR_SET_DUMPABLE = 4
PIPE = 3
# Nothing but printable ASCII and line ends leaves, whatever a child writes.
ASCII = bytes(byte if 32 <= byte < 127 or byte == 10 else 63 for byte in range(256))
# What EvalPlus takes away from a solution before it runs it; here for equal verdicts, the sandbox does not depend on it.
TAKEN_FROM_OS = (
    "kill",
    "system",
    "putenv",
    "remove",
    "removedirs",
    "rmdir",
    "fchdir",
    "setuid",
    "fork",
    "forkpty",
    "killpg",
    "rename",
    "renames",
    "truncate",
    "replace",
    "unlink",
    "fchmod",
    "fchown",
    "chmod",
    "chown",
    "chroot",
    "lchflags",
    "lchmod",
    "lchown",
    "getcwd",
    "chdir",
)
TAKEN_MODULES = ("ipdb", "joblib", "resource", "psutil", "tkinter")
# What solutions import most, so that they need not wait for it.
WARM = (
    "bisect",
    "collections",
    "copy",
    "datetime",
    "decimal",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "math",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "typing",
)


class TimeIsUpError(Exception):
    """Raised in the solution when an input has taken too long; a plain exception, as EvalPlus raises."""


def prepare() -> None:
    """Close this process's memory to the children, and import what most of them will."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    # numpy can be imported only before what EvalPlus takes away is gone; there too it is there from the start
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for name in (*WARM, "numpy"):
        with contextlib.suppress(ImportError):
            __import__(name)


def run(text: str) -> None:
    """What is asked, packed JSON (`calling.Program`, `calling.Part`): one child for each part, with its own inputs."""
    linecache.cache.clear()  # the session keeps the source of every block there
    asked = json.loads(zlib.decompress(base64.b64decode(text)))
    for part in asked["parts"]:
        clean = all(map(emptied, PLACES))
        part["inputs"] = value(part["inputs"])
        child, reading = forked(asked, part)
        try:
            why = watched(child, reading, part)
        finally:
            ended(child)
            os.close(reading)
        put(f"\n.{why} {'clean' if clean else 'dirty'}\n".encode("ascii"))


def put(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def forked(asked: dict[str, Any], part: dict[str, Any]) -> tuple[int, int]:
    """The child's process id, and the pipe that its lines come through."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        confine(writing, asked["memory"])
        solve(asked, part)
    finally:
        os._exit(1)


class Clock:
    """Seconds as a process can use them: those it waits for a processor do not count, so that a busy machine fails no one."""

    def __init__(self, process: str) -> None:
        self.now, self.read, self.waited = time.monotonic, os.pread, 0.0
        try:
            self.file = os.open(f"/proc/{process}/schedstat", os.O_RDONLY)
        except OSError:
            self.file = -1  # this kernel does not tell

    def __call__(self) -> float:
        try:
            self.waited = int(self.read(self.file, 100, 0).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            self.file = -1
        return self.now() - self.waited

    def close(self) -> None:
        if self.file >= 0:
            os.close(self.file)


def watched(child: int, reading: int, part: dict[str, Any]) -> str:
    """Pass the child's lines on; "end" when it has hung up, else why it has to be killed: an input is "slow", all are
    "late", or there is too "much" of it.
    """
    clock = Clock(str(child))
    whole = clock() + part["cap"]
    silence = max(part["limits"], default=part["cap"]) + FLUSH_S + TELL_S
    # Until the first line the code itself is loaded, and nothing limits that but the whole.
    until, written, begins = whole, 0, True
    try:
        while True:
            wait = until - clock()
            if wait <= 0:
                return "late" if until == whole else "slow"
            if not select.select([reading], [], [], min(wait, BEAT_S))[0]:
                if begins:
                    put(b"\n")
                continue
            data = os.read(reading, CHUNK)
            if not data:
                return "end"
            written += len(data)
            if written > MOST_WRITTEN:
                return "much"
            inner = data.count(b"\n") - data.endswith(b"\n")
            put((b" " if begins else b"") + data.translate(ASCII).replace(b"\n", b"\n ", inner))
            begins = data.endswith(b"\n")
            until = min(whole, clock() + silence)
    finally:
        clock.close()


def ended(child: int) -> None:
    """Kill the child and its group. What else it left the runner kills after the block."""
    for kill in (os.kill, os.killpg):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os.waitpid(child, 0)


def emptied(place: str) -> bool:
    """Empty a folder that solutions can write to; whether nothing is left."""
    try:
        for path in list(Path(place).iterdir()):
            if stat.S_ISDIR(path.lstat().st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        return not any(Path(place).iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def confine(writing: int, memory: int) -> None:
    """In the child: nothing open but the pipe, limits as EvalPlus sets them, and what it takes away."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    if writing != PIPE:
        os.dup2(writing, PIPE)
    os.closerange(PIPE + 1, 1024)
    os.chdir("/tmp")
    for what in (resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_STACK):
        hard = resource.getrlimit(what)[1]
        most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(what, (most, most))


def take_away() -> None:
    """In the child: what EvalPlus takes away."""
    for name in ("exit", "quit", "open", "help"):
        setattr(builtins, name, None)
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in TAKEN_FROM_OS:
        setattr(os, name, None)
    for name in ("rmtree", "move", "chown"):
        setattr(shutil, name, None)
    subprocess.Popen = None  # type: ignore[assignment, misc]
    sys.modules.update(dict.fromkeys(TAKEN_MODULES))  # type: ignore[arg-type]


def solve(asked: dict[str, Any], part: dict[str, Any]) -> NoReturn:
    """In the child: load the solution, call it on each input, write the outputs. Does not return."""
    say = Lines(PIPE)
    clock, alarm, leave = Clock("self"), signal.setitimer, os._exit
    timed, until = part["timed"], 0.0

    def time_is_up(*_: object) -> None:
        left = until - clock()
        if left <= LEAST_S:
            raise TimeIsUpError("Timed out!")
        alarm(signal.ITIMER_REAL, left)

    take_away()
    signal.signal(signal.SIGALRM, time_is_up)
    found: dict[str, Any] = {}
    try:
        exec(compile(asked["code"], "<string>", "exec", dont_inherit=True), found)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is how it ended
        say("!e" + told(error))
        leave(0)
    if asked["entry"] not in found:
        say("!m")
        leave(0)
    call = found[asked["entry"]]
    say.flush()
    for arguments, limit in zip(part["inputs"], part["limits"]):  # noqa: B905 - Python 3.9
        try:
            began = clock()
            until = began + limit
            alarm(signal.ITIMER_REAL, limit)
            output = call(*arguments)
            took = clock() - began
            alarm(signal.ITIMER_REAL, 0)
            text = line(listed(output) if asked["listed"] else output)
        except TimeIsUpError:
            say("!t")
            leave(0)
        except BaseException as error:  # noqa: BLE001 - as above
            alarm(signal.ITIMER_REAL, 0)
            say("!e" + told(error))
            leave(0)
        say(f"{took:.6f} {text}" if timed else text)
    say("!d")
    leave(0)


class Lines:
    """Writes lines down the pipe, many at a time; at once when a line is the last."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.write, self.clock = os.write, time.monotonic
        self.waiting: list[str] = []
        self.size = 0
        self.since = self.clock()

    def __call__(self, text: str) -> None:
        self.waiting.append(text)
        self.size += len(text)
        if self.size > CHUNK or self.clock() - self.since > FLUSH_S or text[:1] == "!":
            self.flush()

    def flush(self) -> None:
        """Everything so far; an empty write still is a sign of life: a comment line."""
        data = ("\n".join([*self.waiting, ""]) if self.waiting else "#\n").encode("ascii", "replace")
        self.waiting.clear()
        self.size = 0
        while data:
            data = data[self.write(self.descriptor, data) :]
        self.since = self.clock()


def listed(output: Any) -> Any:
    """For a test that compares as sets: what an iterator holds."""
    plain = (list, tuple, set, frozenset, dict, str)
    return output if isinstance(output, plain) or not hasattr(output, "__iter__") else list(output)


def told(error: BaseException) -> str:
    """The traceback as JSON, from the solution's own first line on."""
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except BaseException:  # noqa: BLE001 - an exception class of the solution's own may not even print
        text = type.__dict__["__name__"].__get__(type(error))
    at = text.find('File "<string>"')
    return json.dumps(text[at:][:TRACEBACK] if at >= 0 else text.strip().rpartition("\n")[2][:TRACEBACK])
