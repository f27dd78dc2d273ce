"""What the terminal is, asked of it while the app has left the screen to it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import select
import struct
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWER = re.compile(rb"\x1b\[\?([\d;]*)c")
_ANSWER_S = 1.0
_CELL = (8, 16)


def takes_sixels(answer: bytes) -> bool:
    """Whether a terminal that answers so to "what are you?" (DA1) draws sixels: extension 4, after the number of its kind."""
    found = _ANSWER.search(answer)
    return found is not None and b"4" in found[1].split(b";")[1:]


@contextmanager
def _by_keys() -> Iterator[int]:
    """Each key is given as it is pressed, Ctrl+C too, and none is shown; what came and was not read is dropped at the end."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield terminal
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def write(text: str) -> None:
    """To the terminal itself: what is printed while an app runs is caught."""
    assert sys.__stdout__ is not None
    sys.__stdout__.write(text)
    sys.__stdout__.flush()


def asked() -> bytes:
    """The terminal's answer to "what are you?"; what there is of it after a second."""
    answer, end = b"", time.monotonic() + _ANSWER_S
    with _by_keys() as terminal:
        write("\x1b[c")
        while not _ANSWER.search(answer) and (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                answer += os.read(terminal, 256)
    return answer


async def pressed(keys: bytes) -> None:
    """Wait until one of these keys is pressed, or the terminal has gone."""
    loop = asyncio.get_running_loop()
    with _by_keys() as terminal:
        done = asyncio.Event()

        def read() -> None:
            try:
                data = os.read(terminal, 256)
            except OSError:
                data = b""
            if not data or set(data) & set(keys):
                done.set()

        loop.add_reader(terminal, read)
        try:
            await done.wait()
        finally:
            loop.remove_reader(terminal)


def room() -> tuple[int, int]:
    """Its size in pixels, without two lines; guessed where it does not tell."""
    rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(sys.stdin.fileno(), termios.TIOCGWINSZ, bytes(8)))
    if not (width and height):
        width, height = columns * _CELL[0], rows * _CELL[1]
    return width, height * max(1, rows - 2) // max(1, rows)
