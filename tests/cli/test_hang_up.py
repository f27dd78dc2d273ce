"""The terminal goes away, or a signal ends the program: no container is left, the journal is whole, the terminal as before."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from oci_tui.core import events
from oci_tui.core.verdict import Verdict
from oci_tui.resources import state_folder
from oci_tui.sandbox.container import repository_hash
from tests.calculator import FILES, MakeRepository, scripted
from tests.cli.test_sandbox import opened
from tests.sandbox.running import client, until_removed
from tests.ui.terminal import Terminal

pytestmark = pytest.mark.docker

WAITS = "```bash\necho be''gun; exec sleep 4324\n```"
ENDS = [None, signal.SIGHUP, signal.SIGTERM]
"""How it ends: None is the terminal's own end."""


def test_an_app_that_does_nothing_ends_with_its_terminal(make_repository: MakeRepository, tmp_path: Path) -> None:
    """F6: where its last writes wait for a terminal that has gone, it never ends."""
    terminal = opened(scripted(tmp_path, "the end"), make_repository(FILES), tmp_path)
    try:
        terminal.until(lambda: "✓ engine" in terminal.text and "✓ sandbox" in terminal.text)
        terminal.hang_up()
        terminal.process.wait(20)
    finally:
        terminal.close()


def test_a_terminal_that_cannot_be_drawn_in_is_pointed_to_the_chat(make_repository: MakeRepository, tmp_path: Path) -> None:
    code = (
        f"import os, sys\nos.chdir({str(make_repository(FILES))!r})\nos.environ['TERM'] = 'dumb'\n"
        "sys.argv = ['oci-tui']\nfrom oci_tui.cli import main\nmain()"
    )
    terminal = Terminal(code, tmp_path, {})
    try:
        assert terminal.ended()[0] == 2
        assert "TERM=dumb: the app cannot draw there; `oci-tui chat`" in terminal.text
    finally:
        terminal.close()


@pytest.mark.parametrize("end", ENDS, ids=["hang-up", "SIGHUP", "SIGTERM"])
@pytest.mark.parametrize("command", ["app", "run", "chat", "shell"])
def test_nothing_is_left_behind(
    make_repository: MakeRepository, tmp_path: Path, command: str, end: signal.Signals | None
) -> None:
    """F6, T23: in the app, headless, in the chat and in a shell."""
    """F6: whatever the person has open."""
    root = make_repository(FILES)
    flags = scripted(tmp_path, WAITS)
    arguments = {"app": flags, "run": ["run", "go", *flags], "chat": ["chat", *flags], "shell": ["sandbox", "shell"]}[command]
    terminal = opened(arguments, root, tmp_path)
    api = client()
    try:
        match command:
            case "app":
                terminal.until(lambda: "❯" in terminal.text)
                terminal.press(b"go\r")
            case "chat":
                terminal.until(lambda: "Say what you want changed" in terminal.text)
                terminal.press(b"go\r")
            case "shell":
                terminal.until(lambda: "sandbox:/workspace$" in terminal.text)
                terminal.press(b"echo be''gun; sleep 4324\r")
        terminal.until(lambda: "begun" in terminal.text)
        (made,) = (found["Id"] for found in api.containers(filters={"label": f"oci.repo={repository_hash(str(root))}"}))
        terminal.until(lambda: any("sleep 4324" in row[-1] for row in api.top(made)["Processes"]))
        inside = [psutil.Process(int(row[1])) for row in api.top(made)["Processes"]]
        if end is None:
            terminal.hang_up()
            terminal.process.wait(20)
        else:
            terminal.process.send_signal(end)
            code, _ = terminal.ended()
            assert code == {"run": 130, "chat": 130}.get(command, 128 + end)
            assert terminal.after == terminal.before
            # full screen, pasting and the mouse, as far as the program had switched them on
            for mode in (b"1049", b"2004", b"1000", b"1003"):
                on, off = terminal.raw.rfind(b"\x1b[?" + mode + b"h"), terminal.raw.rfind(b"\x1b[?" + mode + b"l")
                assert off >= on, mode
        until_removed(api, made)
        assert psutil.wait_procs(inside, timeout=10)[1] == []
    finally:
        terminal.close()
        api.close()
    assert "Traceback" not in terminal.raw.decode("utf-8", "replace")
    journals = list((state_folder() / "sessions").glob("*.jsonl"))
    if command == "shell":
        assert journals == []
        return
    (journal,) = journals
    last = [events.decode(line) for line in journal.read_bytes().splitlines()][-1]
    assert isinstance(last, events.TurnFinished)
    assert last.verdict is Verdict.STOPPED
