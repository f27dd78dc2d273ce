"""The console pane: a program's colours without its powers, search, errors, runs, what went to stderr, files to open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from oci_tui.core.events import CommandFinished, CommandStarted, OutputArrived, RoundStarted
from oci_tui.core.ports import Command, Exit
from oci_tui.ui.editor import command
from oci_tui.ui.panes.colours import program_style
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.log import Log
from oci_tui.ui.panes.own import Own
from oci_tui.ui.places import FileLine, place_in
from tests.ui.test_workbench import on_screen, opened, text_of, until

DARK = Color.parse("#101010")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("1;31", Style.parse("bold color(1)")),
        ("38;5;208", Style.parse("color(208)")),
        ("38;2;10;200;30", Style.parse("#0ac81e")),
        ("31;39;3", Style.parse("italic")),
        ("1;22", Style()),
        ("8;5", Style()),
        ("38;2;17;17;17", Style()),
        ("30", Style()),
        ("99999;;", Style()),
    ],
)
def test_a_programs_colours_are_shown_unless_they_would_hide_its_text(codes: str, expected: Style) -> None:
    assert program_style(codes, DARK) == expected


async def test_a_program_with_a_million_colours_does_not_fill_the_memory() -> None:
    async with opened((120, 40)) as (app, pilot, _):
        pane = app.workbench.query_one(ConsolePane)
        pane.show(CommandStarted(Command("rainbow")))
        for page in range(14):
            colours = [f"\x1b[38;2;{255 - page};{128 + index // 100};{128 + index % 100}m#" for index in range(1000)]
            for first in range(0, 1000, 40):
                pane.show(OutputArrived("stdout", "".join(colours[first : first + 40]) + "\n"))
            pane.settle()
            await pilot.pause()
            for y in range(pane.size.height):
                pane.render_line(y).render(app.console)
        pane.settle()
        await pilot.pause()
        assert len(pane._styles) <= pane.KEPT_STYLES
        assert Strip.render_ansi.cache_info().currsize <= 2 * pane.KEPT_STYLES


def test_text_on_a_ground_of_its_own_can_be_read() -> None:
    assert program_style("41", DARK).color is not None
    assert program_style("37;47", DARK).color != program_style("37;47", DARK).bgcolor


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('  File "/workspace/parser/lexer.py", line 44, in next_token', ("parser/lexer.py", 44)),
        ("parser/lexer.py:44: IndexError", ("parser/lexer.py", 44)),
        (" --> src/main.rs:7:9", ("src/main.rs", 7)),
        ("FAILED tests/test_a.py::test_b - assert 1 == 2", ("tests/test_a.py", 1)),
        ("no file here: 12:30", None),
        ("Makefile:3: *** missing separator.  Stop.", ("Makefile", 3)),
        ("bin/run: line 7: foo: not found", ("bin/run", 7)),
        ("Dockerfile:12", ("Dockerfile", 12)),
        ("in /workspace/Dockerfile", ("Dockerfile", 1)),
        ("os.path:3 called from src/main.rs:7", ("src/main.rs", 7)),
        ("12:30 Makefiles:3", None),
        ("a.py:" + "1" * 5000, ("a.py", 111111111)),
        ("x" * 50_000, None),
    ],
)
def test_a_line_names_its_file(line: str, place: tuple[str, int] | None) -> None:
    there = {"Makefile", "Dockerfile", "bin/run", "src/main.rs"}
    assert place_in(line, there.__contains__) == (FileLine(*place) if place else None)


@pytest.mark.parametrize(
    ("editor", "argv"),
    [("vim", ["vim", "+7", "a.py"]), ("code --wait", ["code", "--wait", "--goto", "a.py:7"]), ("hx", ["hx", "a.py:7"])],
)
def test_editors_are_told_the_line_their_way(monkeypatch: pytest.MonkeyPatch, editor: str, argv: list[str]) -> None:
    monkeypatch.setenv("VISUAL", editor)
    assert command(Path("a.py"), 7) == argv


@pytest.mark.parametrize("editor", ["vim '", " "])
def test_what_names_no_editor_is_said(monkeypatch: pytest.MonkeyPatch, editor: str) -> None:
    monkeypatch.setenv("VISUAL", editor)
    with pytest.raises(ValueError, match=r"quotation|blank"):
        command(Path("a.py"))


def test_a_log_finds_every_line_whatever_pieces_it_came_in() -> None:
    log, whole = Log(), ""
    for number in range(5000):
        piece = f"{number}\n" * (number % 3) + ("half" if number % 7 == 0 else "\n")
        log.add("printed" if number % 100 < 90 else "warned", piece)
        if number % 100 in (89, 99):
            log.end_line()
            piece += "" if piece.endswith("\n") else "\n"
        whole += piece
    lines = whole.removesuffix("\n").split("\n")
    assert len(log) == len(lines)
    assert [log.line(index)[0] for index in range(len(log))] == lines
    warned = [index for index in range(len(log)) if log.line(index)[1] == "warned"]
    for index in range(warned[0], len(log), 7):
        assert log.above(index, "warned") == max(number for number in warned if number <= index)
    assert (log.above(warned[0] - 1, "warned"), log.above(5, "none")) == (0, 0)


def test_a_log_is_searched_as_it_is_read() -> None:
    log = Log()
    log.add("printed", "ok\n\x1b[32mIndex\x1b[1mErr\x1b[0mor here\nE   assert 1\nworking\rdone\r\nfine E   \n")
    log.add("warned", "E   assert 2\nlast\n")

    def found(wanted: str, start: int, step: int = 1) -> int | None:
        return log.find(re.compile(wanted), start, step)

    assert [found("IndexError", 0), found("32m", 0), found("working", 0), found("^done$", 0)] == [1, None, None, 3]
    assert [found("^E  ", 0), found("^E  ", 3), found("^E  ", 6, -1), found("^E  ", 4, -1)] == [2, 5, 5, 2]
    assert found("here\nE", 0) is None


async def test_a_person_reads_a_run_by_keys() -> None:
    async with opened() as (app, pilot, _):
        console = app.workbench.query_one(ConsolePane)
        for number, label in enumerate(("pytest", "python"), 1):
            console.show(RoundStarted(turn=1, round=number))
            console.show(CommandStarted(command=Command(label=label)))
            console.show(OutputArrived(stream="stdout", text="ok\n" * 60 + "lexer.py:4: IndexError\n"))
            console.show(OutputArrived(stream="stderr", text="\x1b[1;31mwarning\x1b[0m of it\n"))
            console.show(CommandFinished(command=Command(label=label), exit=Exit(code=1, seconds=1.0)))
        await pilot.press("alt+3", "g", "e")
        await until(pilot, lambda: "IndexError" in console.text_at(console.here))
        first = console.here
        await pilot.press("e", "E")
        await until(pilot, lambda: console.here == first)
        assert console.place_at(console.here) == FileLine("lexer.py", 4)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == "lexer.py:4: IndexError")
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard.startswith("$ pytest    round 1\nok\nok"))
        assert "python" not in app.clipboard
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: console.text_at(console.here) == " $ python    round 2")
        await pilot.press("s")
        await until(pilot, lambda: console.line_count() < 10)
        assert [line for line in text_of(console).splitlines() if line.startswith("▏")] == ["▏warning of it"] * 2
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until(pilot, lambda: console.text_at(console.here) == " $ pytest    round 1")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: console.text_at(console.here) == " $ python    round 2")
        await pilot.press("s", "slash", *"WARN", "enter")
        await until(pilot, lambda: "nothing here has 'WARN'" in on_screen(app))
        await pilot.press("slash", *"warn", "enter")
        await until(pilot, lambda: console.text_at(console.here) == "▏warning of it")
        await pilot.press("f")
        await until(pilot, lambda: console.following)
        await pilot.press("o")
        await pilot.press("g", "e", "o")
        await until(pilot, lambda: "lexer.py is no file of this repository" in on_screen(app))


async def test_output_is_copied_as_it_was_printed_whole_and_with_its_tabs() -> None:
    long = "long\t" + "x" * ConsolePane.LONGEST
    async with opened() as (app, pilot, _):
        console = app.workbench.query_one(ConsolePane)
        console.show(CommandStarted(command=Command("make")))
        console.show(OutputArrived("stdout", f"a\t\x1b[31mb\t\x1b]52;c;eA==\x07c\x1b[0m\n{long}\n"))
        console.show(CommandFinished(Command("make"), Exit(0, seconds=1.0)))
        await until(pilot, lambda: "exit 0" in on_screen(app))
        assert text_of(console).splitlines()[2].endswith(" … 5 more characters")
        await pilot.press("alt+3", "g", "j", "y")
        await until(pilot, lambda: app.clipboard == "a\tb\t␛]52;c;eA==␇c")
        await pilot.press("j", "y")
        await until(pilot, lambda: app.clipboard == long)
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard.startswith("$ make\na\tb\t"))
        assert app.clipboard.splitlines()[2:] == [long, "✓ exit 0 · 1.00 s"]


def test_a_selection_to_the_end_of_what_is_drawn_of_a_cut_line_takes_the_rest_too() -> None:
    own = Own("a\tbcd", 1, shown=5)
    assert [own.part(0, end) for end in (2, 5, 6, 30, -1)] == ["a", "a\t", "a\tbcd", "a\tbcd", "a\tbcd"]
    assert own.drawn(0, -1) == (1, 6)


async def test_the_scroll_bar_stands_where_the_view_is_when_it_appears() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one(ConsolePane)
        await until(pilot, lambda: not pane.show_vertical_scrollbar)
        pane.show(CommandStarted(command=Command("seq")))
        pane.show(OutputArrived("stdout", "".join(f"{number}\n" for number in range(200))))
        pane.show(CommandFinished(Command("seq"), Exit(0)))
        await until(pilot, lambda: "199" in on_screen(app) and pane.show_vertical_scrollbar)
        assert pane.vertical_scrollbar.position == pane.scroll_y > 0
