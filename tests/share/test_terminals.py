"""The real program in real terminals: two on one session, terminals that die, a host that is killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from oci_tui import assemble_hosts
from oci_tui.core import events
from oci_tui.core.reading import read
from oci_tui.resources import state_folder
from tests.calculator import FILES, FIXED, RIGHT, MakeRepository
from tests.cli.test_commands import oci
from tests.share.hosting import settings, stream
from tests.ui.terminal import Terminal

KEPT = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST")


class People:
    """Terminals about one repository; `flags` are of the scripted engine."""

    def __init__(self, root: Path, home: Path, *replies: object) -> None:
        self.root = root
        self._home = home
        self._open: list[Terminal] = []
        chosen = settings(home, *replies)
        self.flags = ["--engine", "scripted", "--replies", chosen.engine.replies]
        self.environment = {"DOCKER_HOST": f"unix://{home}/none.sock"}

    def sit_down(self, *arguments: str, columns: int = 120) -> Terminal:
        code = (
            f"import os, sys\nos.chdir({str(self.root)!r})\nsys.argv = ['oci-tui', *{list(arguments)!r}]\n"
            "from oci_tui.cli import main\nmain()"
        )
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | self.environment
        terminal = Terminal(code, self._home, environment, columns)
        self._open.append(terminal)
        return terminal

    def host(self) -> str:
        """A host in the background; its id."""
        done = oci("host", "--background", *self.flags, cwd=self.root, **self.environment)
        assert done.returncode == 0, done.stderr
        (name,) = re.findall(r"host (\w{4}) keeps", done.stdout)
        return str(name)

    def close(self) -> None:
        for terminal in self._open:
            terminal.close()
        for process in self.processes():
            process.terminate()
            process.wait(20)

    def processes(self) -> list[psutil.Process]:
        """The hosts about this repository."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "cwd"])
            if "--detached" in (process.info["cmdline"] or ()) and process.info["cwd"] == str(self.root)
        ]


@pytest.fixture
def people(make_repository: MakeRepository, tmp_path: Path) -> Iterator[People]:
    gathered = People(make_repository(FILES), tmp_path, stream(900, 300), RIGHT, "the end")
    yield gathered
    gathered.close()


def shows(terminal: Terminal, *texts: str) -> bool:
    return all(text in terminal.text for text in texts)


def roles() -> list[str]:
    """What those are who are at the sessions of hosts."""
    found = asyncio.run(assemble_hosts.hosts())
    return [there.role for greeted in found for session in greeted.sessions for there in session.participants]


def test_a_driver_and_a_navigator(make_repository: MakeRepository, tmp_path: Path) -> None:
    people = People(make_repository(FILES), tmp_path, RIGHT, "the end")
    try:
        name = people.host()
        anna = people.sit_down("attach", name, "--name", "anna")
        anna.until(lambda: shows(anna, "✓ engine", "Ctrl+Q quit"))
        bo = people.sit_down("attach", name, "--name", "bo", "--role", "navigator")
        bo.until(lambda: shows(bo, "✓ engine", "you navigate · anna drives", "Enter suggest"))
        anna.until(lambda: shows(anna, "you drive · bo navigates", "bo came and navigates"))
        cy = people.sit_down("attach", name, "--name", "cy", "--role", "observer")
        cy.until(lambda: shows(cy, "you observe · anna drives · bo navigates"))

        cy.press(b"hi\r")
        cy.until(lambda: shows(cy, "❯ hi", "you observe: only the driver asks, and navigators suggest"))
        bo.press(b"!ls\r")
        bo.until(lambda: shows(bo, "❯ !ls", "only the driver runs commands"))
        bo.press(b"\x7f\x7f\x7fmake it pass\r")
        anna.until(lambda: shows(anna, "bo suggests (/take 1): make it pass", "1 suggestion"))
        anna.press(b"/ta")
        anna.until(lambda: shows(anna, "❯ /ta", "ask what a navigator suggests"))
        assert "❯ /ta" not in bo.text, "each has a prompt of their own"
        anna.press(b"ke\r")
        for terminal in (anna, bo, cy):
            terminal.until(partial(shows, terminal, "suggestion 1 of bo taken", "1 file +1 −1"))
        for terminal in (bo, cy):
            terminal.press(b"\x19")
            terminal.until(partial(shows, terminal, "only the driver can do that"))
        assert (people.root / "calc.py").read_text() == FILES["calc.py"]
        anna.press(b"\x19")
        cy.until(lambda: shows(cy, "accepted"))
        assert (people.root / "calc.py").read_text() == FIXED

        bo.press(b"/drive\r")
        bo.until(lambda: shows(bo, "anna drives: ask for /hand bo"))
        assert shows(bo, "you navigate · anna drives")
        anna.press(b"/hand bo\r")
        bo.until(lambda: shows(bo, "bo drives now", "you drive"))
        bo.press(b"and now\r")
        anna.until(lambda: shows(anna, "the end"))
        bo.press(b"\x11")
        code, left = bo.ended()
        assert code == 0
        assert f"session {name}.1 goes on" in left
        anna.until(lambda: shows(anna, "bo left", "nobody drives"))
    finally:
        people.close()


def test_a_terminal_that_is_killed_in_the_middle_of_a_reply(make_repository: MakeRepository, tmp_path: Path) -> None:
    people = People(make_repository(FILES), tmp_path, stream(2600, 200), "and that is all")
    people.environment |= {"OCI_ENGINE_MAX_NEW_TOKENS": "4000"}
    try:
        _comes_back(people)
    finally:
        people.close()


def _comes_back(people: People) -> None:
    first = people.sit_down("--detachable", *people.flags)
    first.until(lambda: shows(first, "✓ engine"))
    first.press(b"write\r")
    first.until(lambda: shows(first, " w100"))
    first.press(b"then this\r")
    first.until(lambda: shows(first, "1 queued") or shows(first, "then this"))
    first.process.kill()
    first.process.wait()
    second = people.sit_down("attach")
    second.until(lambda: shows(second, "Esc stop", " w1"))
    assert " w2599" not in second.text, "it came in the middle"
    second.until(lambda: shows(second, " w2599", "answered"), 40)
    second.until(lambda: shows(second, "❯ then this", "and that is all"))
    (journal,) = (state_folder() / "sessions").glob("*.jsonl")
    started = [event for event in read(journal) if isinstance(event, events.EngineReady)]
    assert len(started) == 1, "the model is loaded once"


def test_a_hang_up_leaves_the_host(people: People) -> None:
    """The app's terminal goes away, and the one that a host runs in."""
    first = people.sit_down("--detachable", *people.flags)
    first.until(lambda: shows(first, "✓ engine"))
    first.press(b"write\r")
    first.until(lambda: shows(first, " w50"))
    first.hang_up()
    first.process.wait(20)
    rows = oci("hosts", cwd=people.root, **people.environment).stdout.splitlines()
    assert len(rows) == 1
    assert rows[0].endswith("nobody attached")
    name = rows[0].partition(".")[0]
    second = people.sit_down("attach", name)
    second.until(lambda: shows(second, " w899", "answered"))
    assert oci("host", "stop", name, cwd=people.root, **people.environment).returncode == 0
    second.until(lambda: shows(second, "✗ the host was stopped", "✗ the host is gone"))

    foreground = people.sit_down("host", *people.flags)
    foreground.until(lambda: "keeps a session about" in foreground.text)
    foreground.hang_up()
    third = people.sit_down("attach")
    third.until(lambda: shows(third, "✓ engine"))
    assert foreground.process.poll() is None
    foreground.process.send_signal(signal.SIGTERM)
    assert foreground.process.wait(20) == 0


@pytest.mark.parametrize("streams", [False, True], ids=["idle", "streaming"])
def test_a_closed_terminal_frees_the_drivers_place(people: People, streams: bool) -> None:
    people.host()
    first = people.sit_down("attach")
    first.until(lambda: shows(first, "✓ engine"))
    if streams:
        first.press(b"write\r")
        first.until(lambda: shows(first, " w50"))
    assert roles() == ["driver"]
    first.hang_up()
    end = time.monotonic() + 2
    while roles():
        assert time.monotonic() < end
    first.process.wait(20)
    second = people.sit_down("attach")
    second.until(lambda: shows(second, " w8" if streams else "✓ engine"))
    assert roles() == ["driver"], "nothing has to be taken"


def test_a_host_that_is_killed_leaves_a_session_to_resume(people: People) -> None:
    first = people.sit_down("--detachable", *people.flags)
    first.until(lambda: shows(first, "✓ engine"))
    first.press(b"write\r")
    first.until(lambda: shows(first, " w899", "answered"))
    first.press(b"make it pass\r")
    first.until(lambda: shows(first, "not run · 1 round", "+1 −1", "Ctrl+Y"))
    watching = people.sit_down("attach", "--role", "observer")
    watching.until(lambda: shows(watching, "you observe", "+1 −1"))
    (host,) = people.processes()
    host.kill()
    (journal,) = (state_folder() / "sessions").glob("*.jsonl")
    for terminal in (first, watching):
        gone = ("✗ the host is gone; `oci-tui resume", f"{journal.stem}` goes on", "✗ the host is gone   F1 help")
        terminal.until(partial(shows, terminal, *gone))
        assert terminal.text.count("oci-tui resume") == 1, "said once"
        assert "Enter send" not in terminal.text
        terminal.press(b"and more\r")
        terminal.until(partial(shows, terminal, "❯ and more", "goes on with this session"))
        terminal.press(b"\x1b")
        terminal.press(b"\x11")
        code, left = terminal.ended()
        assert code == 0
        assert left == f"● the host is gone; `oci-tui resume {journal.stem}` goes on with this session"
    turns = [event for event in read(journal) if isinstance(event, events.TurnFinished)]
    assert len(turns) == 2
    assert oci("hosts", cwd=people.root, **people.environment).stdout == ""
    again = people.sit_down("resume", "--detachable", *people.flags)
    again.until(lambda: shows(again, "make it pass", "+1 −1"))
    again.press(b"\x19")
    again.until(partial(shows, again, "accepted"))
    assert (people.root / "calc.py").read_text() == FIXED


def test_which_session_and_what_is_wrong(people: People) -> None:
    def refused(*arguments: str) -> str:
        terminal = people.sit_down(*arguments, columns=200)
        code, _ = terminal.ended()
        assert code == 3
        return terminal.text.strip()

    assert "no session to attach to; `oci-tui hosts` lists them" in refused("attach")
    assert "abcd: no host there" in oci("host", "stop", "abcd", cwd=people.root).stderr
    assert "reached through `ssh -L`" in oci("host", "stop", "x:1", cwd=people.root).stderr
    done = oci("host", "--background", "--engine", "scripted", cwd=people.root)
    assert done.returncode == 3
    assert "engine.replies names no file" in done.stderr
    done = oci("host", "--group", "no-such-group", *people.flags, cwd=people.root, **people.environment)
    assert done.returncode == 3
    assert "there is no group no-such-group" in done.stderr
    assert oci("host", "--background", cwd=people.root.parent).returncode == 3
    one = people.host()
    assert "no session ffff.7" in refused("attach", "ffff.7")
    done = subprocess.run(
        [sys.executable, "-m", "oci_tui", "attach", one], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no terminal" in done.stderr


def test_a_guest_comes_with_a_token(people: People) -> None:
    done = oci("host", "--background", "--token", *people.flags, cwd=people.root, **people.environment)
    (token,) = re.findall(r"once: (\S+)", done.stdout)
    (port,) = re.findall(r"127\.0\.0\.1:7000:127|7000:127\.0\.0\.1:(\d+)", done.stdout)
    guest = people.sit_down("attach", f"127.0.0.1:{port}", "--name", "gus")
    guest.until(lambda: shows(guest, "token"))
    guest.press(token.encode() + b"\r")
    guest.until(lambda: shows(guest, "you navigate", "nobody drives", "gus (a guest) came"))
    assert token not in guest.text
    guest.press(b"/drive\r")
    guest.until(lambda: shows(guest, "✗ only the driver or the owner can make gus"))
    again = people.sit_down("attach", f"127.0.0.1:{port}")
    again.until(lambda: shows(again, "token"))
    again.press(token.encode() + b"\r")
    again.until(lambda: "not valid, or was used" in again.text)
    assert again.ended()[0] == 3
