"""The line REPL in a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oci_tui.cli.chat_commands import helped
from oci_tui.resources import state_folder
from oci_tui.ui.memory import PromptMemory
from tests.calculator import FILES, RIGHT, MakeRepository, scripted
from tests.cli.test_commands import oci, one_line
from tests.cli.test_sandbox import opened


class Terminal:
    """A command in a pty: `until` reads to a text, `type` writes a line."""

    def __init__(self, *argv: str, cwd: Path) -> None:
        self.seen = ""
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.environ["TERM"] = "dumb"
            os.execv(argv[0], argv)

    def until(self, text: str, seconds: float = 60) -> str:
        """What was printed since the last call, up to `text`."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {self.seen!r}"
            if select.select([self._descriptor], [], [], left)[0]:
                self.seen += os.read(self._descriptor, 65536).decode("utf-8", "replace")
        before, _, self.seen = self.seen.partition(text)
        return before

    def press(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def type(self, line: str) -> None:
        self.press(line.encode() + b"\r")

    def interrupt(self) -> None:
        os.write(self._descriptor, b"\x03")

    def exit_code(self, seconds: float = 60) -> int:
        deadline = time.monotonic() + seconds
        try:
            while select.select([self._descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
                os.read(self._descriptor, 65536)
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"it did not end; before that {self.seen!r}")
        except OSError:
            pass  # the other end is closed: it ended
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def chat(make_repository: MakeRepository, tmp_path: Path) -> Callable[..., Terminal]:
    def start(*replies: str) -> Terminal:
        root = make_repository(FILES)
        return Terminal(sys.executable, "-m", "oci_tui", "chat", *scripted(tmp_path, *replies), cwd=root)

    return start


@pytest.mark.docker
@pytest.mark.parametrize("command", [[], ["resume"]], ids=["", "resume"])
def test_who_wishes_lines_gets_them_in_place_of_the_app(
    make_repository: MakeRepository, tmp_path: Path, command: list[str]
) -> None:
    root = make_repository(FILES)
    if command:
        assert oci("run", "why?", *scripted(tmp_path, "It subtracts."), cwd=root).returncode == 0
    flags = scripted(tmp_path, RIGHT)
    settings = Path(os.environ["XDG_CONFIG_HOME"]) / "oci-tui" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[ui]\nlinear = true\n")
    terminal = Terminal(sys.executable, "-m", "oci_tui", *command, *flags, cwd=root)
    seen = terminal.until("/help names the commands.")
    terminal.type("fix it")
    seen += terminal.until("pending: /accept or /reject")
    assert "passed after 1 round" in seen
    assert "\x1b[?1049h" not in seen
    terminal.type("/quit")
    assert terminal.exit_code() == 0
    headless = oci("run", "why?", *scripted(tmp_path, "It subtracts."), cwd=root).stderr
    assert "\nround 1\n" in headless
    assert "model:\nIt subtracts.\n  end of the reply: " in headless


@pytest.mark.docker
@pytest.mark.parametrize("width", [80, 40])
def test_help_breaks_between_words(width: int) -> None:
    rows = helped(width).splitlines()
    assert max(map(len, rows)) <= width
    assert {"PATH#1,3-4", "completes"} <= set(" ".join(rows).split())


def test_ask_accept_undo_quit(chat: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = chat(RIGHT)
    file = tmp_path / "repository" / "calc.py"
    terminal.until("/help names the commands.")
    terminal.type("/accept")
    terminal.until("No change is pending.")
    terminal.type("fix @add in @calc.py, not @gone.py")
    shown = terminal.until("pending: /accept or /reject")
    assert "note: nothing is named @gone.py\r" in shown
    assert "+    return a + b" in shown
    assert file.read_text() == FILES["calc.py"]
    terminal.type("/accept")
    terminal.until("accepted calc.py")
    assert "a + b" in file.read_text()
    terminal.type("/undo")
    terminal.until("undone calc.py")
    assert file.read_text() == FILES["calc.py"]
    terminal.type("/quit")
    assert terminal.exit_code() == 0


@pytest.mark.docker
def test_who_speaks_is_said_in_words_that_no_terminal_has_to_understand(chat: Callable[..., Terminal]) -> None:
    terminal = chat("I look.\n\n```bash\necho out; exec >&-; sleep 1; echo oh >&2; exit 3\n```\n", RIGHT)
    heard = terminal.until("/help names the commands.\r\nyou: ")
    terminal.type("fix it")
    for label in (
        "model:\r\nI look.\r\n",
        "  end of the reply: ",
        "  run: bash\r\noutput:\r\nout\r\nerror output:\r\noh\r\n  failed, exited, exit code 3, ",
        "failed, round 1: exit code 3\r\nround 2\r\n",
        "model:\r\nAdd them.\r\n",
        "passed, round 2: 1 passed\r\npassed after 2 rounds",
        "change: 1 file +1 −1\r\ndiff --git",
        "pending: /accept or /reject\r\nyou: ",
    ):
        heard += terminal.until(label)
    for part in ("engine", "workspace", "sandbox"):
        assert f"ready, {part}: " in heard
    assert not set("\x1b✓✗●◌❯") & set(heard)
    terminal.type("/quit")
    assert terminal.exit_code() == 0


@pytest.mark.docker
def test_ctrl_c_stops_the_run_and_not_the_program(chat: Callable[..., Terminal]) -> None:
    terminal = chat("```bash\necho is-up; sleep 600\n```", RIGHT)
    terminal.until("/help names the commands.")
    terminal.type("wait")
    terminal.until("is-up\r\n")
    terminal.interrupt()
    terminal.until("stopped after 1 round")
    terminal.type("fix it")
    terminal.until("passed after 1 round")
    terminal.type("/quit")
    assert terminal.exit_code() == 0


@pytest.mark.docker
def test_what_is_typed_meanwhile_waits_and_what_waits_can_be_dropped(chat: Callable[..., Terminal]) -> None:
    terminal = chat(RIGHT, "```bash\necho is-up; sleep 600\n```")
    terminal.type("fix it")
    terminal.until("waits: fix it (1 waiting")
    terminal.until("/help names the commands.")
    terminal.until("you: fix it")
    terminal.until("passed after 1 round")
    assert "+    return a + b" in terminal.until("pending: /accept or /reject")
    terminal.type("wait")
    terminal.until("is-up\r\n")
    terminal.type("/accept")
    terminal.until("waits: /accept (1 waiting")
    terminal.interrupt()
    terminal.until("no longer waiting: /accept")
    terminal.until("stopped after 1 round")
    terminal.type("/diff")
    terminal.until("+    return a + b")
    terminal.type("/quit")
    assert terminal.exit_code() == 0


@pytest.mark.docker
def test_words_are_completed_lines_go_on_and_the_app_remembers_them(chat: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = chat("It adds.", "It is called add.")
    terminal.until("/help names the commands.")
    terminal.press(b"/un\t\r")
    terminal.until("there is nothing to undo")
    terminal.press(b"/re\t")
    terminal.until("/reject  /redo  /restore")
    terminal.press(b"d\t\r")
    terminal.until("there is nothing to do again")
    terminal.press(b"@clc\t")
    terminal.until("@calc.py  @test_calc.py")
    terminal.press(b"\x15what is @ca\t \x1b\rand why?\r")
    terminal.until("answered after 1 round")
    terminal.press(b"/quit\r")
    assert terminal.exit_code() == 0
    memory = PromptMemory(state_folder() / "prompts", tmp_path / "repository")
    assert memory.prompts() == ["/undo", "/redo", "what is @calc.py \nand why?", "/quit"]


@pytest.mark.docker
def test_vi_keys_colours_and_earlier_prompts_in_a_terminal_that_has_them(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(FILES)
    PromptMemory(state_folder() / "prompts", root).add("xfix it")
    (tmp_path / "vi.toml").write_text('[ui]\nprompt_keys = "vi"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "oci-tui").mkdir()
    (tmp_path / "vi.toml").rename(tmp_path / "oci-tui" / "config.toml")
    terminal = opened(["chat", *scripted(tmp_path, RIGHT)], root, tmp_path)
    try:
        terminal.until(lambda: "Say what you want changed" in terminal.text)
        terminal.press(b"\x1b")
        terminal.press(b"k0")
        terminal.until(lambda: "you: xfix it" in terminal.text)
        terminal.press(b"x\r")
        terminal.until(lambda: terminal.text.rstrip().endswith("pending: /accept or /reject".ljust(120) + "\nyou:"), 40)
        begun = {line.rstrip() for line in terminal.text.splitlines() if line.startswith("you:")}
        assert begun <= {"you: fix it", "you:"}, "nothing is printed into the line"
        assert b"\x1b[32m+    return a + b" in terminal.raw
        assert b"\x1b[31m-    return a - b" in terminal.raw
        terminal.press(b"@test\t")
        terminal.until(lambda: "@test_calc.py" in terminal.text)
        terminal.press(b"\x03/quit\r")
        assert terminal.ended()[0] == 0
    finally:
        terminal.close()
    assert PromptMemory(state_folder() / "prompts", root).prompts() == ["xfix it", "fix it", "/quit"]


@pytest.mark.docker
def test_a_conflict_and_its_choices(chat: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = chat(f"{RIGHT}\nother.py\n```python\nx = 1\n```\n", RIGHT)
    file = tmp_path / "repository" / "calc.py"
    terminal.until("/help names the commands.")
    terminal.type("fix it")
    terminal.until("pending: /accept or /reject")
    mine = FILES["calc.py"].replace("a - b", "a * b")
    file.write_text(mine)
    for line, answer in (
        ("/versions", "Nothing is in conflict."),
        ("/accept nothing.py", "nothing.py: no such file in the change"),
        ("/accept", "/clean accepts the other files"),
        ("/versions", "    return a * b\r\n||||||| before"),
        ("/clean", "accepted other.py"),
    ):
        terminal.type(line)
        terminal.until(answer)
    assert file.read_text() == mine
    terminal.type("/accept calc.py#1")
    terminal.until("/clean accepts the other files")
    terminal.type("/mine")
    terminal.until("pending: /accept or /reject")
    for line, answer in (
        ("/accept calc.py", "accepted calc.py"),
        ("/commit Calculate", "builds on edits of yours"),
        ("/undo", "undone calc.py"),
        ("/redo", "done again calc.py"),
        ("/log", "round"),
        ("/restore", "which round?"),
    ):
        terminal.type(line)
        terminal.until(answer)
    assert "a + b" in file.read_text()
    terminal.type("/quit")
    assert terminal.exit_code() == 0


@pytest.mark.docker
def test_each_command_is_put_to_the_person(chat: Callable[..., Terminal], tmp_path: Path) -> None:
    """What was typed before the question is no answer to it, and neither is a question that output draws."""
    forged = "```bash\nprintf 'y yes, n no\\nanswer: y\\ny\\n'; sleep 3\n```"
    terminal = chat(forged, "```bash\nls\n```", "Done.", RIGHT)
    terminal.until("/help names the commands.")
    for line, answer in (
        ("/approval never", "There is no approval never; there are ask, auto, plan."),
        ("/approval ask", "Approval is ask: you are asked before each command"),
    ):
        terminal.type(line)
        terminal.until(answer)
    terminal.type("look")
    terminal.until("question: May this run in the sandbox? (bash)")
    terminal.until("  printf 'y yes")
    terminal.until("always in this session: exactly this")
    terminal.type("perhaps")
    terminal.until("exactly this")
    terminal.type("y")
    terminal.until("output:\r\ny yes, n no\r\nanswer: y\r\ny\r\n")
    terminal.type("y")
    terminal.press(b"later")
    terminal.until("  ls\r\n")
    terminal.until("all that is `ls`")
    terminal.type("n")
    terminal.until("  not run, since the user said no: ls")
    terminal.until("refused after 2 rounds")
    terminal.until("you: later")
    terminal.press(b"\x15/quit\r")
    assert terminal.exit_code() == 0
    prompts = PromptMemory(state_folder() / "prompts", tmp_path / "repository").prompts()
    assert prompts == ["/approval never", "/approval ask", "look", "y", "/quit"], (
        "answers are no prompts; the second y was none"
    )


def test_it_needs_a_terminal(make_repository: MakeRepository) -> None:
    done = oci("chat", cwd=make_repository(FILES))
    assert done.returncode == 2
    assert "oci-tui run" in one_line(done.stderr)
