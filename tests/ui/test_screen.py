"""The real program in a real GNU screen without settings, which has no second screen to leave, keys and colours of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from oci_tui.cli import doctor
from oci_tui.ui.gnu_screen import handed_on
from tests.calculator import FILES, MakeRepository, scripted
from tests.ui.terminal import Terminal
from tests.ui.test_tmux import RECORDING, SHELL

pytestmark = pytest.mark.screen

HANDED_ON = re.compile(rb"\x1b\]52;c;([^\x07]*)\x07")


@contextmanager
def gnu_screen(root: Path) -> Iterator[Terminal]:
    """A terminal of 16 million colours with a screen of its own, in which a shell runs in `root`."""
    with tempfile.TemporaryDirectory(prefix="oci-tui-") as folder:  # a socket's path may not be long
        argv = ["screen", "-U", "-c", "/dev/null", "-S", "ours", "sh", "-i"]
        ours = {name: value for name, value in os.environ.items() if name.startswith("XDG_")}
        ours |= {"SCREENDIR": folder, "PS1": f"{SHELL} ", "LANG": "C.UTF-8"}
        code = f"import os\nos.chdir({str(root)!r})\nos.execvp('screen', {argv!r})"
        terminal = Terminal(code, root, ours)
        try:
            terminal.until(lambda: SHELL in terminal.text)
            yield terminal
        finally:
            subprocess.run(["screen", "-S", "ours", "-X", "quit"], env={**os.environ, **ours}, capture_output=True, check=False)
            terminal.close()


def start(terminal: Terminal, *arguments: str) -> None:
    terminal.press(f"{shlex.join([sys.executable, '-m', 'oci_tui', *arguments])}\r".encode())


def _last_line(terminal: Terminal) -> str:
    return terminal.text.rstrip().rpartition("\n")[2].rstrip()


def _below(terminal: Terminal, hint: str) -> bool:
    return hint in _last_line(terminal)


def test_keys_mouse_colours_and_sizes_and_what_is_left_in_the_shell(tmp_path: Path) -> None:
    with gnu_screen(tmp_path) as terminal:
        terminal.press(b"stty -g > before\r")
        terminal.until(lambda: terminal.text.count(SHELL) == 2)
        start(terminal, "replay", str(RECORDING), "--speed", "0")
        terminal.until(lambda: "passed · 2 rounds" in terminal.text and _below(terminal, "Ctrl+Y accept"), 60)
        assert b"\x1b[38;5;" in terminal.raw
        assert b"\x1b[2m" not in terminal.raw, "colours that screen does not know make letters dim"
        for keys, does in ((b"\x1bOS", "s only stderr"), (b"\x1b2", "heat"), (b"\x1b[15~", "t files"), (b"\x1b4", "t files")):
            terminal.press(keys)
            terminal.until(partial(_below, terminal, does))
        edge = terminal.text.splitlines()[1].index("│")
        terminal.press(b"\x1b[1;5D")
        terminal.until(lambda: terminal.text.splitlines()[1].index("│") != edge)
        terminal.press(b"Y")
        terminal.until(lambda: HANDED_ON.search(terminal.raw) is not None)
        found = HANDED_ON.search(terminal.raw)
        assert found
        assert b"def skip_blanks" in b64decode(found[1], validate=True)
        terminal.press(b"\x1b[<0;5;7M\x1b[<0;5;7m")
        terminal.until(lambda: not _below(terminal, "t files"))
        terminal.resize(80, 24)
        terminal.until(lambda: "1 Story  2 Code" in terminal.text)
        terminal.resize(120, 40)
        terminal.until(lambda: "Changes  1 file" in terminal.text and _below(terminal, "F1 help"))
        terminal.press(b"\x1a")
        terminal.until(lambda: _last_line(terminal) == SHELL and "Story" not in terminal.text)
        terminal.press(b"fg\r")
        terminal.until(lambda: "Changes  1 file" in terminal.text and _below(terminal, "F1 help"))
        terminal.press(b"\x11")
        terminal.until(lambda: terminal.text.strip() == SHELL)
        terminal.press(b"stty -g | cmp - before && echo the $((6 * 7)) same\r")
        terminal.until(lambda: "the 42 same" in terminal.text)


@pytest.mark.docker
def test_the_chat_goes_to_the_shell_and_comes_back(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    with gnu_screen(root) as terminal:
        start(terminal, "chat", *scripted(tmp_path, "It subtracts."))
        terminal.until(lambda: terminal.text.rstrip().endswith("\nyou:"), 60)
        terminal.press(b"\x1a")
        terminal.until(lambda: terminal.text.rstrip().endswith(SHELL))
        terminal.press(b"fg\r")
        terminal.until(lambda: terminal.text.rstrip().endswith("\nyou:"))
        terminal.press(b"what does @calc.py do\r")
        terminal.until(lambda: "answered after 1 round" in terminal.text and terminal.text.rstrip().endswith("\nyou:"), 60)
        assert "model:\nIt subtracts.\n" in "\n".join(map(str.rstrip, terminal.text.splitlines()))
        terminal.press(b"/quit\r")
        terminal.until(lambda: terminal.text.rstrip().endswith(SHELL))


def test_a_long_copy_is_handed_on_in_pieces_that_older_ones_take_too() -> None:
    sequence = "\x1b]52;c;" + "YQ==" * 500 + "\x07"
    pieces = handed_on(sequence).split("\x1b\\")
    assert max(map(len, pieces)) < 256
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == sequence


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "screen.xterm-256color", "STY": "1.ours"}, "256 colours"),
        ({"TERM": "xterm-256color", "STY": "1.ours"}, "16 million colours"),
        ({"TERM": "screen-256color"}, "16 million colours"),
    ],
)
def test_doctor_counts_the_colours_that_screen_has(environment: dict[str, str], colours: str) -> None:
    assert doctor.terminal({**environment, "COLORTERM": "truecolor"}, is_terminal=True).detail.endswith(f", {colours}")
