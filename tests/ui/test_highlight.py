"""Syntax colour of a stream: line by line gives what the whole text gives, also inside a string of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.ui.panes.highlight import Highlighter, one_line

TEXTS = [
    'def f(a):\n    """One.\n\n    Two, if three.\n    """\n    return a  # four\n\nx = 1',
    "/* a\n if (b)\n*/\nfunction f() { return `x\n y`; }",
]


@pytest.mark.parametrize(("text", "path"), list(zip(TEXTS, ("a.py", "a.js"), strict=True)))
def test_a_stream_is_coloured_as_the_whole_text(text: str, path: str) -> None:
    whole, stream = Highlighter("", path), Highlighter("", path)
    *lines, last = text.split("\n")
    whole.read(lines, last)
    for end in range(len(text) + 1):
        *grown, partial = text[:end].split("\n")
        stream.read(grown, partial)
    assert stream.lines[-1] == whole.lines[-1]
    stream.again()
    stream.read(lines, last)
    assert ["".join(part for part, _ in line) for line in stream.lines] == text.split("\n")
    assert [line for line in stream.lines if line] == [line for line in whole.lines if line]


def test_a_line_inside_a_string_is_no_code() -> None:
    highlighter = Highlighter("python", "")
    highlighter.read(['"""', "if x:"], "")
    assert {style for _, style in highlighter.lines[1]} == {"string"}
    assert "keyword" in {style for _, style in one_line("python", "", "if x:")}


def test_an_unknown_language_is_plain_text(tmp_path: Path) -> None:
    assert one_line("nonsense", str(tmp_path / "a.nonsense"), "if x:") == (("if x:", "text"),)
