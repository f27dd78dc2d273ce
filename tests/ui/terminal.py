"""A real pseudo-terminal with a program in it: what it wrote, and what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<>=?][0-9;:]*\$?[a-zA-Z]|\x1b\[[0-9;:]*[tq]")
_CSI = re.compile(rb"\x1b\[[0-9:;<=>?]*[ !$]?[@-~]")
# The kernel then tells the process when the terminal goes away, as it does a shell's children.
_CONTROLLING = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


class Terminal:
    """Runs `python -c code` at `columns` × `rows`. `raw` is every byte it wrote; `text` follows it while `drawing`."""

    def __init__(self, code: str, home: Path, environment: dict[str, str], columns: int = 120, rows: int = 40) -> None:
        self.raw = bytearray()
        self.drawing = True
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._master, worker = pty.openpty()
        fcntl.ioctl(worker, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(worker)
        self._worker = worker
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _CONTROLLING + code],
            stdin=worker,
            stdout=worker,
            stderr=worker,
            env={
                **kept,
                **environment,
                "HOME": str(home),
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "PYTHONUTF8": "1",
            },
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    @property
    def after(self) -> list[object]:
        """The line settings of the terminal now."""
        return termios.tcgetattr(self._worker)

    def until(self, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        """Read until a condition holds; fails after `seconds`, saying what was on screen."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end or (self.process.poll() is not None and not self.read()):
                raise AssertionError(f"it never came to hold\n{self.text}")
            self.read()

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what it wrote, waiting so long for it; whether there was anything."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            data = os.read(self._master, 65536)
            self.raw += data
            if self.drawing:
                self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        return bool(ready)

    def resize(self, columns: int, rows: int) -> None:
        self._screen.resize(rows, columns)
        fcntl.ioctl(self._worker, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def ended(self) -> tuple[int, str]:
        """Wait for the end; the exit code, and what stands in the shell after the app has left the screen."""
        end = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        while self.read():
            continue
        assert self.process.poll() is not None, f"it did not end\n{self.text}"
        left = _CSI.sub(b"", self.raw.rpartition(b"\x1b[?1049l")[2])
        return self.process.returncode, left.decode().replace("\r\n", "\n").strip("\r\n")

    def quit(self) -> int:
        """End the app by its key, as often as it takes until it reads keys again after another program had the terminal."""
        end = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < end:
            self.press(b"\x11")
            self.read(0.3)
        return self.ended()[0]

    def hang_up(self) -> None:
        """What closing the terminal's window, or losing the line to the machine, does."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._master >= 0:
            os.close(self._master)
        os.close(self._worker)
