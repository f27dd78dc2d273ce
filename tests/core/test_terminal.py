"""Nothing hostile survives `visible`."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci_tui.core.terminal import visible, visible_line

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
    assert "\n" not in visible_line(text + "\n\t")


def test_plain_text_colours_and_repaints() -> None:
    assert visible("a\tb\nc é 漢 ✓\r\n") == "a\tb\nc é 漢 ✓\n"
    assert visible("\x1b[1;31mred\x1b[0m") == "red"
    assert visible("10%\r50%\r100%\n") == "100%\n"


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]m0;\r\n\x07\x9b")), max_size=80))
def test_any_text_becomes_harmless(text: str) -> None:
    assert harmless(visible(text))


def harmless(text: str) -> bool:
    return (
        all(char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp") for char in text)
        and "\u202e" not in text
    )
