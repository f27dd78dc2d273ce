"""Syntax colour of a stream: line by line gives what the whole text gives, also inside a string of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.diff import Hunk, Line
from oci_tui.ui.panes.diff_colours import DiffColours, opened
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


def hunk(text: str, start: int = 20) -> Hunk:
    """Lines with their signs, from somewhere in a file."""
    return Hunk(start, 1, start, 1, "", tuple(Line(row[0], row[1:], 1, 1) for row in text.split("\n")))  # type: ignore[arg-type]


def inks(path: str, lines: Hunk, *, old: bool = False) -> list[set[str]]:
    colours, without = DiffColours(), "+" if old else "-"
    shown = [index for index, line in enumerate(lines.lines) if line.kind != without]
    spans = [colours.line(path, lines, index, old=old) for index in reversed(shown)][::-1]
    assert ["".join(text for text, _ in line) for line in spans] == [lines.lines[index].text for index in shown]
    return [{style for text, style in line if text.strip()} for line in spans]


def test_each_side_of_a_hunk_is_coloured_as_the_text_that_it_is() -> None:
    changed = hunk(' def f():\n-    """Was."""\n+    """Is this\n+    for now.\n+    """\n     return 1')
    assert inks("a.py", changed)[1:] == [{"string"}, {"string"}, {"string"}, {"keyword", "literal"}]
    assert inks("a.py", changed, old=True)[1:] == [{"string"}, {"keyword", "literal"}]


def test_no_line_is_lost_to_its_lexer_and_data_is_not_coloured() -> None:
    assert inks("a.sh-session", hunk("+> a\n+$ ls\n+out"))[2]
    assert inks("a.py", hunk("\n".join("+x = " + "1" * 4000 for _ in range(40)))) == [{"text"}] * 40


@pytest.mark.parametrize(
    ("path", "lines", "opener"),
    [
        ("a.py", ["    while it is more of a text", '    """', "    return a", "", "def g(b):", "    return b"], '"""'),
        ("a.py", ["    text of it '''", "    return a", "", "def g(b):", "    return b"], "'''"),
        ("a.py", ["@one", "def f(a):", '    """Do this and more', "    of the same thing", "    as it was", "    before."], ""),
        ("a.py", ["def f(a):", '    """Do this and more."""', "    return a"], ""),
        ("a.py", ['    """', "    return a", '    """', "    return b"], ""),
        ("a.py", ["    of it.", '    """', "    return a", "", "def g(b):", '    """Say what', "    it is"], '"""'),
        ("a.js", [" * the rest of it", " */", "function f() { return 1; }"], "/*"),
        ("a.c", ["int a; /* one */", "int b;", "int c; /* two", " and on */"], ""),
        ("a.sh", ["for each in */; do", "    echo $each", "done"], ""),
        ("a.html", ["more words", "-->", "<p>text</p>"], "<!--"),
        ("a.unknown", ['"""', "text"], ""),
    ],
)
def test_a_hunk_that_begins_inside_a_string_or_comment_is_found_out(path: str, lines: list[str], opener: str) -> None:
    assert opened(path, lines) == opener


def test_in_a_long_hunk_a_line_far_down_has_the_colours_of_what_is_above_it() -> None:
    functions = "\n".join(
        f'+def f{number}():\n+    """Say one thing\n+    if two are said\n+    """\n+    return {number}'
        for number in range(300)
    )
    found = inks("a.py", hunk(functions, start=1))
    assert {frozenset(ink) for ink in found[2::5]} == {frozenset({"string"})}
    assert {frozenset(ink) for ink in found[4::5]} == {frozenset({"keyword", "literal"})}
