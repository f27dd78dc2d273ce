"""Nothing hostile survives `visible`."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual.color import Color

from oci_tui.core.terminal import painted, printed, visible, visible_line
from oci_tui.ui.panes.colours import program_style

BANNED = ("Cc", "Cs", "Cf", "Zl", "Zp")
# signs of Arabic, Syriac, Kaithi, hieroglyphs, shorthand and music that have a place in text
SHAPING = {
    *range(0x600, 0x606),
    *(0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD),
    *range(0x13430, 0x13440),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
}

HOSTILE = [
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b[21t",
    "\x1bP$q q\x1b\\",
    "\x1b[?1049h\x1b[2J",
    "\x9b31m\x9d0;x\x9c",
    "\x1b\x1b[31m[31m",
    "\x1b[3\x1b[0m1m",
    "safe\u202eevil\u2066",
    "zero\u200bwidth\U000e0041",
    "\ud800",
    "bell\x07 back\x08\x7f",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_control_sequences_become_visible(text: str) -> None:
    assert harmless(visible(text))
    assert harmless(printed(text))
    assert "\n" not in visible_line(text + "\n\t")


def test_plain_text_colours_and_repaints() -> None:
    assert visible("a\tb\nc é 漢 ✓\n") == "a\tb\nc é 漢 ✓\n"
    assert printed("\x1b[1;31mred\x1b[0m é\r\n") == "red é\n"
    assert printed("10%\r50%\r100%\nnext\r\n") == "100%\nnext\n"


def test_what_is_reviewed_hides_nothing() -> None:
    assert visible('import os; os.system("evil")\r"""Adds."""') == 'import os; os.system("evil")␍"""Adds."""'
    assert visible_line("setup.sh\rREADME.md") == "setup.sh␍README.md"
    assert visible("\x1b[8mhidden") == "␛[8mhidden"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]m0;\r\n\x07\x9b")), max_size=80))
def test_any_text_becomes_harmless(text: str) -> None:
    assert harmless(visible(text))
    assert harmless(printed(text))


def harmless(text: str) -> bool:
    """No control, surrogate, separator or format character but those that Unicode itself lets shape scripts."""
    return all(char in "\n\t" or unicodedata.category(char) not in BANNED or ord(char) in SHAPING for char in text)


@given(st.text(st.sampled_from("ab\x1b[0;31m\r\x9b\u202eé ")))
def test_painted_is_printed_with_colours(line: str) -> None:
    parts = painted(line)
    assert "".join(text for text, _ in parts) == printed(line)
    assert all(harmless(text) and set(codes) <= set("0123456789;:") for text, codes in parts)


SEQUENCES = ["0", "0;31", "1", "2", "22", "3", "23", "7", "27", "31", "39", "97", "42", "49", "1;31", "38;5;12", "38:2:1:200:3"]


SGR = st.lists(st.sampled_from([*SEQUENCES, "48;2;9;9;9", "48;5;200", "73", "1000", "38;5;1000", "48;2;1;2;10000"]), max_size=9)


@given(SGR, SGR)
@example(["1", "0;3"], [])
@example(["1", "22", "1"], [])
def test_colours_that_are_never_ended_stay_few(first: list[str], last: list[str]) -> None:
    ground = Color(10, 10, 10)
    long = [*first, *(each for part in range(20) for each in (f"38;2;10;20;{part}", f"48;2;{part};50;60", "4")), *last]
    codes = painted("".join(f"\x1b[{sequence}mx" for sequence in long))[-1][1]
    assert len(codes) <= 250
    assert program_style(codes, ground) == program_style(";".join(long), ground)


def test_a_colour_of_any_number_of_digits_is_short() -> None:
    parts = painted(f"\x1b[38;5;{'1' * 400_000}m" + "x\x1b[1m" * 50_000 + "x")
    assert max(len(codes) for _, codes in parts[1:]) <= 250, "with all digits in each part it takes hours"


def test_colours_reach_from_their_sequence_to_the_next() -> None:
    assert painted("a\x1b[1mb\x1b[31mc\x1b[0md") == [("a", ""), ("b", "1"), ("c", "1;31"), ("d", "")]
