"""What the terminal is, asked of it while the app has left the screen to it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import sys
import termios
import time
import tty

_ANSWER = re.compile(rb"\x1b\[\?([\d;]*)c")
_ANSWER_S = 1.0
_CELL = (8, 16)


def takes_sixels(answer: bytes) -> bool:
    """Whether a terminal that answers so to "what are you?" (DA1) draws sixels: extension 4, after the number of its kind."""
    found = _ANSWER.search(answer)
    return found is not None and b"4" in found[1].split(b";")[1:]


def asked() -> bytes:
    """The terminal's answer to "what are you?"; what there is of it after a second."""
    terminal, answer, end = sys.stdin.fileno(), b"", time.monotonic() + _ANSWER_S
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        sys.stdout.write("\x1b[c")
        sys.stdout.flush()
        while not _ANSWER.search(answer) and (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                answer += os.read(terminal, 256)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    return answer


def room() -> tuple[int, int]:
    """Its size in pixels, without two lines; guessed where it does not tell."""
    rows, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8)))
    if not (width and height):
        width, height = columns * _CELL[0], rows * _CELL[1]
    return width, height * max(1, rows - 2) // max(1, rows)
