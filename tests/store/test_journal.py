"""The journal: every event, one line each, and a crash in the middle of one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.events import read
from oci_tui.core.ports import Command, Exit, Usage
from oci_tui.core.verdict import Verdict
from oci_tui.store.journal import Journal

EVENTS: list[events.Event] = [
    events.SessionStarted("s1", "/home/u/r", "0.1.0"),
    events.TurnStarted(1, "prompt with \ud800 and \x1b[31m"),
    events.ReplyFinished("text", Usage(10, 5, 20, 0.5, 2.5)),
    events.CommandFinished(Command("pytest", ("pytest",)), Exit(1, "timeout")),
    events.TurnFinished(1, Verdict.FAILED, 3, 9.5),
]


def test_what_is_shown_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "sessions" / "a.jsonl"
    journal = Journal(file)
    for event in EVENTS:
        journal.show(event)
    journal.close()
    back = list(read(file))
    assert [type(event) for event in back] == [type(event) for event in EVENTS]
    assert back[2:] == EVENTS[2:]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_torn_last_line_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    whole = b"".join(events.encode(event) + b"\n" for event in EVENTS)
    file.write_bytes(whole[:-20])
    assert [type(event) for event in read(file)] == [type(event) for event in EVENTS[:-1]]


def test_a_bad_line_in_the_middle_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(events.encode(EVENTS[0]) + b'\n{"event":"Unknown"}\n' + events.encode(EVENTS[1]) + b"\n")
    with pytest.raises(StoreError, match=r"a\.jsonl:2: not an event"):
        list(read(file))


def test_a_journal_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/a\.jsonl: cannot be written"):
        Journal(tmp_path / "file" / "a.jsonl")
