"""Recorded sessions from the command line: resumed after a kill, forked, listed, replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oci_tui.assemble import archive
from oci_tui.core import events
from oci_tui.core.reading import read
from oci_tui.resources import state_folder
from tests.calculator import FILES, RIGHT, WRONG, MakeRepository, scripted
from tests.cli.test_commands import oci, one_line
from tests.cli.test_sandbox import opened
from tests.store.test_export import check_record
from tests.ui.terminal import Terminal

RECORDING = Path(__file__).parents[1] / "ui" / "recordings" / "lexer.jsonl"


@contextmanager
def running(arguments: list[str], cwd: Path, home: Path) -> Iterator[Terminal]:
    terminal = opened(arguments, cwd, home)
    try:
        yield terminal
    finally:
        terminal.close()


def leave(terminal: Terminal) -> tuple[int, str]:
    terminal.press(b"\x11\x11")
    return terminal.ended()


@pytest.mark.docker
@pytest.mark.parametrize("chat", [False, True], ids=["app", "chat"])
def test_what_was_before_the_killed_round_is_there(make_repository: MakeRepository, tmp_path: Path, chat: bool) -> None:
    """The first round fails, the second is killed while its command runs: the session goes on after the first."""
    root = make_repository({"test_calc.py": FILES["test_calc.py"], "calc.py": FILES["calc.py"]})
    flags = [*scripted(tmp_path, WRONG, RIGHT), "--check", CHECK]
    with running(["chat", *flags] if chat else flags, root, tmp_path) as terminal:
        terminal.until(lambda: "Say what you want changed" in terminal.text if chat else "❯" in terminal.text, 60)
        terminal.press(b"fix it\r")
        terminal.until(lambda: "waiting" in terminal.text, 60)
        terminal.process.kill()
        terminal.process.wait()
    (summary,) = archive().listed(str(root))
    assert (summary.rounds, summary.verdict, summary.open) == (1, None, False)
    journal = state_folder() / "sessions" / f"{summary.name}.jsonl"
    with journal.open("ab") as torn:
        torn.write(b'{"event":"OutputArr')
    go_on = ["resume", *(["--chat"] if chat else []), *scripted(tmp_path, "It adds them.")]
    with running(go_on, root, tmp_path) as terminal:
        terminal.until(lambda: "return b - a" in terminal.text and "fix it" in terminal.text, 60)
        terminal.until(lambda: ("Say what you want changed" if chat else "±") in terminal.text, 60)
        terminal.press(b"why?\r")
        terminal.until(lambda: ("answered after 1 round" if chat else "● answered") in terminal.text, 60)
        terminal.press(b"/accept\r")
        terminal.until(lambda: "accepted" in terminal.text, 60)
        terminal.press(b"/quit\r")
        assert terminal.ended()[0] == 0
    assert (root / "calc.py").read_text() == "def add(a, b):\n    return b - a\n"
    told = list(read(journal))
    said = [event.messages for event in told if isinstance(event, events.Checkpointed)]
    asked = next(message.content for messages in reversed(said) for message in messages if message.content.endswith("why?"))
    assert "Execution result" in asked, "what came of the first round was read, and the second is as if it had not begun"


CHECK = "sh -c 'if grep -q \"a + b\" calc.py; then echo wai''ting; exec sleep 4325; fi; exec python -m pytest -q'"


def test_a_recording_is_played_in_the_app(tmp_path: Path, make_repository: MakeRepository) -> None:
    with running(["replay", str(RECORDING), "--speed", "0"], make_repository(FILES), tmp_path) as terminal:
        terminal.until(lambda: "✓ passed" in terminal.text)
        assert leave(terminal)[0] == 0
    assert not (state_folder() / "sessions").exists()


def test_a_replay_says_nothing_of_a_pending_change_and_ends_at_once(tmp_path: Path, make_repository: MakeRepository) -> None:
    told = [*read(RECORDING)]
    last = max(place for place, event in enumerate(told) if isinstance(event, events.DiffChanged) and event.diff.files)
    journal = tmp_path / "pending.jsonl"
    journal.write_bytes(b"".join(events.encode(event) + b"\n" for event in told[: last + 1]))
    with running(["replay", str(journal), "--speed", "0"], make_repository(FILES), tmp_path) as terminal:
        terminal.until(lambda: "±" in terminal.text)
        terminal.press(b"\x11")
        assert terminal.ended()[0] == 0


def test_a_replay_takes_its_time_and_can_be_stopped(tmp_path: Path, make_repository: MakeRepository) -> None:
    with running(["replay", str(RECORDING), "--speed", "0.5"], make_repository(FILES), tmp_path) as terminal:
        terminal.until(lambda: "round 1" in terminal.text)
        terminal.press(b"\x1b")
        terminal.until(lambda: "■ stopped · 1 round" in terminal.text)
        assert leave(terminal)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "nothing.jsonl"], 3, "there is no session nothing.jsonl"),
        (["replay", "calc.py"], 3, "calc.py:1: not an event"),
        (["resume"], 3, "there is no session about this repository yet"),
        (["resume", "20"], 3, "there is no session 20"),
        (["resume", "gone"], 3, "/no/such/folder"),
    ],
)
def test_what_is_not_there(
    make_repository: MakeRepository, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (state_folder() / "sessions").mkdir()
    gone: list[events.Event] = [events.SessionStarted("gone", "/no/such/folder", "0.1.0"), events.TurnStarted(1, "go")]
    (state_folder() / "sessions" / "gone.jsonl").write_bytes(b"".join(events.encode(event) + b"\n" for event in gone))
    with running(arguments, make_repository(FILES), tmp_path) as terminal:
        ended, said = terminal.ended()
    assert ended == code
    assert words in one_line(said)


def test_without_a_name_the_last_session_here_is_meant(make_repository: MakeRepository, tmp_path: Path) -> None:
    folder = state_folder() / "sessions"
    folder.mkdir()
    here = make_repository(FILES)

    def record(name: str, root: Path, at: float) -> None:
        told: list[events.Event] = [
            events.SessionStarted(name, str(root), "0.1.0", at=at),
            events.TurnStarted(1, name, at=at),
            events.RoundFinished(1, 1, True, "ok", 1, at=at),
        ]
        (folder / f"{name}.jsonl").write_bytes(b"".join(events.encode(event) + b"\n" for event in told))

    record("elsewhere", tmp_path / "other", 2000.0)
    for command in ("show", "export"):
        assert "no session about this repository yet" in one_line(oci("sessions", command, cwd=here).stderr)
    record("here", here, 1000.0)
    for command in ("show", "export"):
        assert "ession here\n" in re.sub(" +", " ", oci("sessions", command, cwd=here).stdout)
        outside = oci("sessions", command, cwd=tmp_path)
        assert "ession elsewhere\n" in re.sub(" +", " ", outside.stdout)
        assert outside.stderr == "● no repository is here: this is the last session of all, elsewhere\n"
    assert "1, in 1 round\n" in oci("sessions", "show", cwd=here).stdout


def test_sessions_from_the_command_line(tmp_path: Path) -> None:
    folder = state_folder() / "sessions"
    folder.mkdir()
    (folder / "20260921-101500-a1b2.jsonl").write_bytes(RECORDING.read_bytes())
    listed = oci("sessions", "list", cwd=tmp_path)
    assert re.match(r"20260921-101500-a1b2  2026-09-\d\d \d\d:\d\d  parser: .*rounds, passed", listed.stdout)
    shown = oci("sessions", "show", "2026", cwd=tmp_path).stdout
    assert "repository   /home/ada/src/parser" in shown
    assert re.search(r"^ +2  ✓ ", shown, re.MULTILINE)
    assert oci("sessions", "rename", "2026", "The \x1b[31mlexer", cwd=tmp_path).stdout == (
        "session 20260921-101500-a1b2: The ␛[31mlexer\n"
    )
    exported = oci("sessions", "export", "2026", "--format", "code-feedback", cwd=tmp_path)
    check_record(exported.stdout, least=4)
    assert oci("sessions", "export", "-o", "page.html", "--format", "html", cwd=tmp_path).stdout == ""
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert oci("sessions", "export", "2026", "2026", "--format", "html", cwd=tmp_path).returncode == 2
    (folder / "a-bad.jsonl").write_bytes(b"no event\n".join([RECORDING.read_bytes()] * 2))
    (folder / "b-empty.jsonl").write_bytes(b"")
    every = oci("sessions", "export", "--all", cwd=tmp_path)
    assert every.stdout.count("# Session ") == 3
    assert every.returncode == 3
    assert "● session a-bad: 1 line of its journal cannot be read and is left out: " in every.stderr
    assert "1 of 3 sessions cannot be read and were left out" in every.stderr
    assert re.search(r"^lost +1 line .*a-bad\.jsonl:\d+: not an event", oci("sessions", "show", "a", cwd=tmp_path).stdout, re.M)
    assert "b-empty" in oci("sessions", "list", cwd=tmp_path).stdout
    assert oci("sessions", "rm", "a-bad", "b-empty", "--yes", cwd=tmp_path).returncode == 0
    forked = oci("fork", "2026", "--round", "1", cwd=tmp_path)
    name = forked.stdout.strip()
    assert f"oci-tui resume {name}" in forked.stderr
    assert oci("sessions", "show", name, cwd=tmp_path).stdout.count("✗") == 1
    assert oci("fork", name, "--round", "7", cwd=tmp_path).returncode == 3
    assert oci("sessions", "rm", name, cwd=tmp_path, stdin="n\n").returncode == 130
    assert oci("sessions", "rm", name, "20260921", "--yes", cwd=tmp_path).returncode == 0
    assert oci("sessions", "list", cwd=tmp_path).stdout == ""
