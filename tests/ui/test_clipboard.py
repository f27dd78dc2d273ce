"""What is copied gets to a clipboard, through tmux too, or the person is told that it did not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oci_tui.core.events import CommandStarted, OutputArrived
from oci_tui.core.ports import Command
from oci_tui.ui.clipboard import MOST
from oci_tui.ui.panes.console import ConsolePane
from tests.ui.terminal import Terminal
from tests.ui.test_serve import RECORDING, RUN
from tests.ui.test_workbench import on_screen, opened, until

LINE = "$ pytest -q    round 1"
needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is missing; `apt-get install tmux` gets it")
OSC_52 = b"\x1b]52;c;" + b64encode(LINE.encode()) + b"\x07"


def copied(screen: Terminal, said: str) -> None:
    """Copy the first line of the console; what is said of it is on the screen then."""
    screen.until(lambda: "passed · 2 rounds" in screen.text)
    screen.press(b"\x1bOS")
    screen.until(lambda: "only stderr" in screen.text)
    screen.press(b"gy")
    screen.until(lambda: said in screen.text)


CODE = RUN.format(first="", make=f"return Told(Path({str(RECORDING)!r}))", root="/src", prompt="go")


@contextmanager
def in_tmux(home: Path, path: str = os.environ["PATH"]) -> Iterator[tuple[Terminal, dict[str, str]]]:
    """The app in a tmux with its own defaults, and the environment that reaches this tmux."""
    environment = {"TMUX_TMPDIR": str(home), "PATH": path}
    argv = ["tmux", "-f", os.devnull, "new-session", sys.executable, "-c", CODE]
    screen = Terminal(f"import os; os.execvp('tmux', {argv!r})", home, environment)
    try:
        yield screen, environment
    finally:
        subprocess.run(["tmux", "kill-server"], env=environment, check=True)
        screen.close()


def buffer(environment: dict[str, str]) -> str:
    return subprocess.run(["tmux", "show-buffer"], env=environment, check=True, capture_output=True, text=True).stdout


@needs_tmux
def test_in_tmux_as_it_comes_a_copy_is_in_its_buffer_and_goes_to_the_terminal(tmp_path: Path) -> None:
    with in_tmux(tmp_path) as (screen, environment):
        copied(screen, "copied 1 line to tmux, which offers it to the terminal")
        assert buffer(environment) == LINE
        screen.until(lambda: OSC_52.replace(b";c;", b";;") in screen.raw)


@needs_tmux
def test_a_tmux_that_cannot_pass_it_on_has_it_alone(tmp_path: Path) -> None:
    """As before 3.2, whose load-buffer knows no -w."""
    old = tmp_path / "tmux"
    usage = "echo 'usage: load-buffer [-b buffer-name] path' >&2; exit 1"
    old.write_text(f"""#!/bin/sh\ncase "$2" in -w) {usage};; *) exec {shutil.which("tmux")} "$@";; esac\n""", encoding="utf-8")
    old.chmod(0o755)
    with in_tmux(tmp_path, f"{tmp_path}:{os.environ['PATH']}") as (screen, environment):
        copied(screen, "copied 1 line to tmux alone")
        assert buffer(environment) == LINE
        assert b"\x1b]52;" not in screen.raw


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, " 1 line sent to the terminal's clipboard"),
        ({"TMUX": "/nowhere,1,0", "PATH": "/nowhere"}, " tmux is not on the PATH: 1 line sent to the terminal's clipboard"),
        pytest.param({"TMUX": "/nowhere,1,0"}, " tmux: error connecting to /nowhere (No such file", marks=needs_tmux),
    ],
)
def test_where_no_tmux_takes_it_the_terminal_is_asked(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    screen = Terminal(CODE, tmp_path, environment)
    try:
        copied(screen, said)
        screen.until(lambda: OSC_52 in screen.raw)
    finally:
        screen.close()


async def test_what_is_too_long_for_a_clipboard_is_not_copied_and_not_gathered() -> None:
    async with opened() as (app, pilot, _):
        console = app.workbench.query_one(ConsolePane)
        console.show(CommandStarted(command=Command("yes")))
        console.show(OutputArrived("stdout", "y\n" * MOST))
        await pilot.press("alt+3", "Y")
        await until(pilot, lambda: "not copied: it is more than 1 MB; select a part of it" in on_screen(app))
        assert (app.clipboard, len(console.whole_at(1))) == ("", MOST + 1)
        console.text_select_all()
        await pilot.press("ctrl+c")
        assert app.clipboard == ""
        await pilot.press("y")
        await until(pilot, lambda: "1 line sent to the terminal's clipboard" in on_screen(app))
