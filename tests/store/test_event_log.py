"""The log of all sessions: what it says at each level, its size, and that it is the person's own."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.ports import Command
from oci_tui.core.reading import read
from oci_tui.store import event_log
from oci_tui.store.event_log import Both, EventLog
from oci_tui.store.journal import Journal

RECORDING = Path(__file__).parents[1] / "ui" / "recordings" / "lexer.jsonl"
TOLD: list[Event] = [
    *read(RECORDING),
    events.CommandStarted(Command("grep mysecretidea", language="bash", code="grep mysecretidea")),
    events.TurnFailed("the server says 400: bad request 'make the tests pass'"),
]


def logged(tmp_path: Path, level: str) -> str:
    file = tmp_path / "oci-tui.log"
    log = EventLog(file, level, "s\x1b1")
    for event in TOLD:
        log.show(event)
    log.close()
    return file.read_text() if file.exists() else ""


def test_no_prompt_and_no_code_below_debug(tmp_path: Path) -> None:
    text = logged(tmp_path, "info")
    lines = text.splitlines()
    assert any("INFO s␛1 turn 1 of a prompt of 19 characters" in line for line in lines)
    assert any("turn 1, round 2: passed True" in line for line in lines)
    assert "ERROR s␛1 turn failed: the server says 400: bad request '[prompt]'" in lines[-1]
    told = [event.text for event in TOLD if isinstance(event, events.ReplyFinished | events.OutputArrived)]
    written = {line.strip() for part in [*told, "make the tests pass", "mysecretidea"] for line in part.split("\n")}
    assert not [line for line in written if len(line) > 8 and line in text]
    assert len(lines) < len(TOLD) / 10


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("x", "expected a sandbox: 'x', 'box it'"),
        ("box", "expected a sandbox: 'x', 'box it'"),
        ("box it", "expected a sandbox: 'x', '[prompt]'"),
        ("x\n box it \n", "expected a sandbox: 'x', '[prompt]'"),
        ("pect", "expected a sandbox: 'x', 'box it'"),
    ],
)
def test_only_where_a_whole_line_of_the_prompt_stands_is_it_blanked(tmp_path: Path, prompt: str, written: str) -> None:
    log = EventLog(tmp_path / "oci-tui.log", "info", "s")
    log.show(events.TurnStarted(1, prompt))
    log.show(events.TurnFailed("expected a sandbox: 'x', 'box it'"))
    log.close()
    assert (tmp_path / "oci-tui.log").read_text().endswith(f"turn failed: {written}\n")


def test_each_level(tmp_path: Path) -> None:
    assert logged(tmp_path, "off") == ""
    assert len(logged(tmp_path, "error").splitlines()) == 1
    (tmp_path / "oci-tui.log").unlink()
    text = logged(tmp_path, "debug")
    assert "make the tests pass" in text
    assert len(text.splitlines()) == len(TOLD)
    assert stat.S_IMODE((tmp_path / "oci-tui.log").stat().st_mode) == 0o600


def test_it_is_put_aside_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "SIZE", 4096)
    for _ in range(8):
        logged(tmp_path, "debug")
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["oci-tui.log", "oci-tui.log.1", "oci-tui.log.2", "oci-tui.log.3"]
    assert all(file.stat().st_size <= 4096 for file in tmp_path.iterdir())


def test_a_log_that_cannot_be_written_is_said_after_the_journal_has_the_event(tmp_path: Path) -> None:
    (tmp_path / "oci-tui.log").mkdir()
    record = Both(Journal(tmp_path / "a.jsonl"), EventLog(tmp_path / "oci-tui.log", "info", "a"))
    with pytest.raises(StoreError, match="cannot be written"):
        record.show(events.TurnStarted(1, "go"))
    record.close()
    assert len(list(read(tmp_path / "a.jsonl"))) == 1
