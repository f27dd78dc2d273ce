"""A terminal that a benchmark drives: it answers what programs ask of one, and types as a person does."""

from __future__ import annotations

import random
import re
import time

from tests.ui.terminal import Terminal

COLUMNS, ROWS = 120, 40
UNUSED_KEYS = "жщъюэф"
"""Letters that no program shows of itself: when one comes back, it was echoed."""
_ANSWERS = {
    rb"\x1b\[6n": b"\x1b[1;1R",
    rb"\x1b\[0?c": b"\x1b[?62;22c",
    rb"\x1b\[\?u": b"\x1b[?0u",
    rb"\x1b\]1([01]);\?": b"\x1b]1\\1;rgb:0000/0000/0000\x1b\\\\",
    rb"\x1b\[\?2026\$p": b"\x1b[?2026;2$y",
}
_LONGEST_QUERY = 16


class Screen(Terminal):
    """Bytes go to the emulated screen only where `drawing`."""

    def read(self, seconds: float = 0.05) -> bool:
        before = len(self.raw)
        got = super().read(seconds)
        if got:
            new = bytes(self.raw[max(0, before - _LONGEST_QUERY) :])
            for asked, answer in _ANSWERS.items():
                for found in re.finditer(asked, new):
                    if found.end() > min(before, _LONGEST_QUERY):
                        self.press(found.expand(answer))
        return got

    def let_pass(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.read()

    def echo_ms(self, key: str) -> float:
        """From a key to its first byte on the screen."""
        mark, pressed = len(self.raw), time.perf_counter()
        self.press(key.encode())
        self.until(lambda: key.encode() in self.raw[mark:], 5)
        return (time.perf_counter() - pressed) * 1000

    def until_end(self, mark: int, seconds: float, *, keys: bool, end: bytes = b"ENDMARK") -> list[float]:
        """Read until `end` is there behind `mark`; with `keys`, press some and say how long each took to show, in ms.

        Keys come at moments drawn at random: a person's do not keep step with the frames.
        """
        echoes: list[float] = []
        moments = random.Random(7)
        began = time.perf_counter()
        pressing = began + 1 if keys else began + seconds
        while end not in self.raw[mark:]:
            now = time.perf_counter()
            if now > began + seconds:
                raise SystemExit(f"the stream never ended\n{self.text}")
            if keys and now >= pressing:
                echoes.append(self.echo_ms(UNUSED_KEYS[len(echoes) % len(UNUSED_KEYS)]))
                pressing = time.perf_counter() + moments.uniform(0.3, 0.5)
            else:
                self.read(max(0.0, min(pressing - now, 0.05)))
        return echoes
