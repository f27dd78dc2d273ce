"""Threats T14 and T17 through every front end: a repository's programs never run, and its .git stays byte for byte.

Each test ends with the control: plain `git status` runs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.calculator import FILES, RIGHT, scripted
from tests.cli import test_chat
from tests.cli.test_commands import oci
from tests.hostile import Canary, ask_as_a_person_would, set_traps
from tests.ui.terminal import Terminal
from tests.workspace.repository import Repository

pytestmark = pytest.mark.docker

APP = "import os, sys; os.chdir({root!r}); from oci_tui.cli import main; sys.argv = ['oci-tui', *{flags!r}]; main()"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "project")
    made.write(FILES)
    made.commit()
    return made


@contextmanager
def untouched(repository: Repository, folder: Path) -> Iterator[None]:
    """No trap runs in the block, and the repository is the same after it, the times of change in .git included."""
    canary = Canary(folder)
    set_traps(repository, canary)
    before, private = repository.state(), repository.private()
    yield
    assert canary.sang == ""
    assert repository.private() == private
    assert repository.state() == before
    ask_as_a_person_would(repository.root)
    assert "trap" in canary.sang, "the control"


def test_headless(repository: Repository, tmp_path: Path) -> None:
    flags = scripted(tmp_path, RIGHT)
    with untouched(repository, tmp_path):
        done = oci("run", "fix @calc.py", "--accept", *flags, cwd=repository.root)
        assert done.returncode == 0, done.stderr
        assert "accepted calc.py" in done.stderr
        assert oci("log", cwd=repository.root).returncode == 0
        assert oci("restore", "1", cwd=repository.root).returncode == 0
        assert oci("undo", cwd=repository.root).returncode == 0
        assert oci("redo", cwd=repository.root).returncode == 0
        assert oci("undo", cwd=repository.root).returncode == 0
        oci("doctor", cwd=repository.root)


def test_chat_(repository: Repository, tmp_path: Path) -> None:
    flags = scripted(tmp_path, RIGHT)
    with untouched(repository, tmp_path):
        terminal = test_chat.Terminal(sys.executable, "-m", "oci_tui", "chat", *flags, cwd=repository.root)
        terminal.until("/help names the commands.")
        for line, answer in (
            ("fix @calc.py", "pending: /accept or /reject"),
            ("/diff", "+    return a + b"),
            ("/accept", "accepted calc.py"),
            ("/undo", "undone calc.py"),
            ("/redo", "calc.py"),
            ("/undo", "undone calc.py"),
            ("/log", "round"),
            ("/restore 1", "round 1"),
            ("/reject", "rejected"),
            ("/include nested", "is no file that stayed out"),
        ):
            terminal.type(line)
            terminal.until(answer)
        terminal.type("/quit")
        assert terminal.exit_code() == 0


def test_the_app(repository: Repository, tmp_path: Path) -> None:
    flags = scripted(tmp_path, RIGHT)
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("XDG_", "OCI_", "DOCKER_"))}
    with untouched(repository, tmp_path):
        app = Terminal(APP.format(root=str(repository.root), flags=flags), tmp_path / "home", kept)
        try:
            app.until(lambda: "Ask for a change" in app.text, 60)
            app.press(b"fix @calc.py\r")
            app.until(lambda: "accept" in app.text and "passed" in app.text, 60)
            for key in (b"\x12", b"\x12", b"\x1bOQ", b"\x1bOR", b"\x1bOS", b"\x1b[15~"):
                app.press(key)
                app.read()
            app.press(b"\x1bOP")
            app.until(lambda: "waits in line" in app.text)
            app.press(b"\x1b")
            app.until(lambda: "waits in line" not in app.text)
            app.press(b"\x1b[17~")
            app.press(b"\x19")
            app.until(lambda: "accepted:" in app.text, 60)
            assert "a + b" in repository.read("calc.py")
            insist(app, b"/undo\r", "undone")
            insist(app, b"/include .env\r", "no file that stayed out")
            insist(app, b"/log\r", "round 1: ")
            app.press(b"\x11")
            assert app.ended()[0] == 0
        finally:
            app.close()


def insist(app: Terminal, keys: bytes, shown: str) -> None:
    """Type it until its answer is shown: while the decision before is still being done the app asks for a moment."""
    for _ in range(12):
        app.press(keys)
        try:
            app.until(lambda: shown in app.text, 5)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{shown!r} never came\n{app.text}")
