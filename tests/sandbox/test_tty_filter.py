"""What a shell's terminal output may do to the person's terminal: paint, and nothing else."""

from __future__ import annotations

import random
import re

import pytest

from oci_tui.sandbox.tty_filter import TtyFilter

PAINTING = [
    "plain\r\n\ttext \a\b é 漢 🙂",
    "\x1b[31;1mred\x1b[0m\x1b[38;2;1;2;3m\x1b[m",
    "\x1b[2J\x1b[H\x1b[10;20H\x1b[K\x1b[3A\x1b[1;24r\x1b7\x1b8\x1bM\x1b(0\x1b(B",
    "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[4h\x1b[2 q",
]
REACHING = [
    "\x1b]0;title\x07",
    "\x1b]52;c;Y2FuYXJ5\x07",
    "\x1b]8;;http://x\x1b\\",
    "\x1bPq#0\x1b\\",
    "\x1b_G;\x1b\\",
    "\x1b[21t",
    "\x1b[c",
    "\x1b[>c",
    "\x1b[6n",
    "\x1b[?u",
    "\x1b[>q",
    "\x1b[5i",
    "\x1bc",
    "\x1bZ",
    "\x9b21t",
    "\x90x\x9c",
    "\x0e\x05\x00",
    "\x1b[?1$p",
]


@pytest.mark.parametrize("text", PAINTING)
def test_what_paints_goes_through(text: str) -> None:
    assert TtyFilter().feed(text.encode()).decode() == text


@pytest.mark.parametrize("text", REACHING)
@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_what_reaches_further_does_not(text: str, cut: int) -> None:
    """However it is cut into pieces; the control is the text around it, which comes through."""
    data, harmless = f"a{text}b\n".encode(), TtyFilter()
    said = harmless.feed(data[:cut]) + harmless.feed(data[cut:])
    assert said == b"ab\n"


def test_nothing_but_painting_comes_out_of_noise() -> None:
    allowed = re.compile(
        r"(?:[^\x00-\x06\x0e-\x1f\x7f-\x9f]|\x1b[()][0AB]|\x1b[78=>DEMH]"
        r"|\x1b\[[0-9;:]*[@-`a-hlmrsu]|\x1b\[\?[0-9;]*[hlJK]|\x1b\[\d? q)*",
    )
    chance = random.Random(7)
    parts = [*PAINTING, *REACHING, "\x1b", "\x1b[", "\x1b]", "[", "]", ";", "5", "n", "t", "\x07", "\\", "\n", "\x1b[\x1b"]
    for _ in range(3000):
        harmless = TtyFilter()
        data = "".join(chance.choices(parts, k=6)).encode()
        place = chance.randrange(len(data) + 1)
        said = (harmless.feed(data[:place]) + harmless.feed(data[place:])).decode()
        assert allowed.fullmatch(said), (data, said)
        assert not any(asks in said for asks in ("\x1b[6n", "\x1b[c", "\x1b]", "\x1bP"))


def test_a_sequence_without_an_end_holds_nothing_back_for_ever() -> None:
    harmless = TtyFilter()
    assert harmless.feed(b"\x1b]0;" + b"x" * 5000) == b""
    assert harmless.feed(b"\nseen\n").endswith(b"seen\n")


def test_modes_left_on_are_switched_off_at_the_end() -> None:
    harmless = TtyFilter()
    harmless.feed(b"\x1b[?1049h\x1b[?1000;1006h\x1b[?1000l")
    assert harmless.reset() == b"\x1b[?1006l\x1b[?1049l\x1b[0m\x1b[?25h"
    assert b"?1049l" not in harmless.reset()
