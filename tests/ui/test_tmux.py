"""The real program in a real tmux without settings, started from its shell, looked at and typed into as a person would."""

from __future__ import annotations

import os
import re
import select
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from oci_tui.core import events
from oci_tui.core.verdict import Verdict
from oci_tui.resources import state_folder
from oci_tui.sandbox.container import repository_hash
from tests.calculator import FILES, FIXED, RIGHT, WRONG, MakeRepository, scripted
from tests.cli.test_hang_up import WAITS
from tests.sandbox.running import client, until_removed
from tests.ui.terminal import Terminal

pytestmark = pytest.mark.tmux

RECORDING = Path(__file__).parent / "recordings" / "lexer.jsonl"
SHELL = "in the shell>"
PASSED_OVER = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "NO_COLOR", "ENV", "VISUAL", "EDITOR")


class Tmux:
    """A server of its own with one window, in which a shell runs in `root`; `close` ends all of it."""

    def __init__(self, root: Path, columns: int = 120, rows: int = 40, term: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="oci-tui-")  # a socket's path may not be long
        self.server = ["tmux", "-u", "-S", f"{self._folder.name}/tmux", "-f", "/dev/null"]
        chosen = ("set", "-g", "default-terminal", term, ";") if term else ()
        size = ("-x", str(columns), "-y", str(rows))
        self.do(*chosen, "new-session", "-d", "-s", "ours", *size, "-c", str(root), "-e", f"PS1={SHELL} ", "sh", "-i")

    def do(self, *arguments: str) -> str:
        kept = {name: value for name, value in os.environ.items() if name not in PASSED_OVER} | {"TERM": "xterm-256color"}
        return subprocess.run([*self.server, *arguments], check=True, capture_output=True, text=True, env=kept).stdout

    def start(self, *arguments: str) -> None:
        """Run the program as the shell's command."""
        self.type(shlex.join([sys.executable, "-m", "oci_tui", *arguments]))

    def type(self, text: str) -> None:
        self.do("send-keys", "-t", "ours", "-l", text, ";", "send-keys", "-t", "ours", "Enter")

    def press(self, *keys: str) -> None:
        self.do("send-keys", "-t", "ours", *keys)

    def resize(self, columns: int, rows: int) -> None:
        self.do("resize-window", "-t", "ours", "-x", str(columns), "-y", str(rows))

    @property
    def text(self) -> str:
        return self.do("capture-pane", "-p", "-t", "ours")

    @property
    def modes(self) -> str:
        """The screen, the mouse and the keys as the program has set them."""
        asked = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{mouse_sgr_flag} #{keypad_flag} #{keypad_cursor_flag}"
        return self.do("display-message", "-p", "-t", "ours", asked)

    def until(self, *shown: str, seconds: float = 20) -> None:
        """Wait until all of this can be read; fails after `seconds`, saying what could."""
        self._wait(lambda: all(words in self.text for words in shown), seconds)

    def until_shell(self) -> None:
        """Wait until the program has ended and the shell asks again."""
        self._wait(lambda: self.text.rstrip().endswith(SHELL), 20)

    def _wait(self, holds: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"it never came to hold\n{self.text}"
            select.select([], [], [], 0.1)

    def program(self) -> psutil.Process:
        """What the shell runs."""
        (found,) = psutil.Process(int(self.do("display-message", "-p", "-t", "ours", "#{pane_pid}"))).children()
        return found

    def close(self) -> None:
        subprocess.run([*self.server, "kill-server"], capture_output=True, check=False)  # it may have ended with its session
        self._folder.cleanup()


@contextmanager
def tmux(root: Path, columns: int = 120, rows: int = 40, term: str = "") -> Iterator[Tmux]:
    with closing(Tmux(root, columns, rows, term)) as running:
        running.until(SHELL)
        yield running


LAYOUTS = {
    (120, 40): ("Story", "Code", "Console", "Changes", "skip_blanks", "7 passed", "Ctrl+Y accept"),
    (80, 24): ("1 Story", "2 Code", "4 Changes", "Ctrl+Y"),
    (40, 12): ("1 Story", "passed · 2 rounds", "Ctrl+Y"),
}


@pytest.mark.parametrize("size", LAYOUTS, ids=str)
def test_a_turn_is_followed_to_its_end_and_the_layout_follows_the_window(tmp_path: Path, size: tuple[int, int]) -> None:
    with tmux(tmp_path, *size) as window:
        before = window.modes
        window.start("replay", str(RECORDING), "--speed", "0")
        window.until("passed · 2 rounds")
        assert window.modes != before
        for columns, rows in (size, *LAYOUTS):
            window.resize(columns, rows)
            window.until(*LAYOUTS[columns, rows])
        window.resize(20, 5)
        window.until("too small")
        window.resize(*size)
        window.until(*LAYOUTS[size])
        window.press("C-q")
        window.until_shell()
        assert window.modes == before
        assert "Story" not in window.text
        window.type("echo $((6 * 7)) $?")
        window.until("42 0")


@pytest.mark.docker
def test_a_change_is_made_accepted_and_taken_back(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    with tmux(root) as window:
        window.start(*scripted(tmp_path, WRONG, RIGHT))
        window.until("✓ engine", "✓ sandbox")
        window.type("make the tests pass")
        window.until("passed · 2 rounds", "return a + b", "Ctrl+Y accept")
        assert (root / "calc.py").read_text() == FILES["calc.py"]
        window.press("C-y")
        window.until("accepted: calc.py")
        assert (root / "calc.py").read_text() == FIXED
        window.press("M-4", "u")
        window.until("undone: calc.py")
        assert (root / "calc.py").read_text() == FILES["calc.py"]


@pytest.mark.docker
def test_a_session_outlives_its_terminal_and_then_tmuxs_session(make_repository: MakeRepository, tmp_path: Path) -> None:
    """A lost line takes the client, and the turn goes on; of a session that tmux kills only what can be resumed is left."""
    root = make_repository(FILES)
    flags = scripted(tmp_path, WAITS)
    with tmux(root) as window, closing(client()) as api:
        window.start(*flags)
        attach = f"import os\nos.execvp('tmux', {[*window.server, 'attach', '-t', 'ours']!r})"
        with closing(Terminal(attach, tmp_path, {}, 80, 24)) as terminal:
            terminal.until(lambda: "1 Story" in terminal.text and "✓ sandbox" in terminal.text, 60)
            terminal.press(b"make the tests pass\r")
            terminal.until(lambda: "running bash" in terminal.text, 60)
            terminal.hang_up()
            terminal.process.wait(20)
        window.press("M-3")
        window.until("begun")
        program = window.program()
        (made,) = (found["Id"] for found in api.containers(filters={"label": f"oci.repo={repository_hash(str(root))}"}))
        window.do("new-session", "-d", "-s", "other", ";", "kill-session", "-t", "ours")
        assert psutil.wait_procs([program], timeout=20)[1] == []
        until_removed(api, made)
    (journal,) = (state_folder() / "sessions").glob("*.jsonl")
    last = [events.decode(line) for line in journal.read_bytes().splitlines()][-1]
    assert isinstance(last, events.TurnFinished)
    assert last.verdict is Verdict.STOPPED
    assert "Traceback" not in (state_folder() / "oci-tui.log").read_text(encoding="utf-8")
    with tmux(root) as window:
        window.start("resume", *scripted(tmp_path, RIGHT))
        window.until("❯ make the tests pass", "■ stopped", "✓ sandbox")
        window.type("go on")
        window.until("passed · 1 round", "return a + b")


@pytest.mark.parametrize(("term", "few"), [("screen-16color", True), ("screen-256color", False)])
def test_a_terminal_of_sixteen_colours_gets_these_and_no_others(tmp_path: Path, term: str, few: bool) -> None:
    with tmux(tmp_path, term=term) as window:
        window.start("replay", str(RECORDING), "--speed", "0")
        window.until("passed · 2 rounds", "Ctrl+Y accept")
        drawn = window.do("capture-pane", "-p", "-e", "-t", "ours")
    codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", drawn) for code in re.findall(r"[34]8;[0-9;]+|\d+", found)}
    assert any(code.startswith(("38;", "48;")) for code in codes) is not few
    if few:
        assert {"31", "32", "34", "36", "90"} <= codes  # removed, added, keywords, names, what is quiet
        assert not codes & {str(code) for code in [*range(40, 48), *range(100, 108)]} - {"44", "46", "100", "107"}
