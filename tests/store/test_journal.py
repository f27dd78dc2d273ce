"""The journal: every event, one line each, and a crash in the middle of one."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.errors import StoreError
from oci_tui.core.generation import Usage
from oci_tui.core.output import HEAD, TAIL
from oci_tui.core.ports import Command, Exit, Plot
from oci_tui.core.reading import read
from oci_tui.core.verdict import Verdict
from oci_tui.store.journal import Journal
from oci_tui.store.run_logs import RunLogs

EVENTS: list[events.Event] = [
    events.SessionStarted("s1", "/home/u/r", "0.1.0"),
    events.TurnStarted(1, "prompt with \ud800 and \x1b[31m"),
    events.ReplyFinished("text", Usage(10, 5, 20, 0.5, 2.5)),
    events.PlotDrawn(Plot("/state/plot-1.png", 640, 480)),
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
    file.write_bytes(events.encode(EVENTS[0]) + b'\n{"event":"TurnStarted"}\n' + events.encode(EVENTS[1]) + b"\n")
    with pytest.raises(StoreError, match=r"a\.jsonl:2: not an event"):
        list(read(file))


def test_a_journal_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/a\.jsonl: cannot be written"):
        Journal(tmp_path / "file" / "a.jsonl")


def flood(times: int) -> list[events.Event]:
    """A command that prints `times` lines of 100 characters."""
    command = Command("flood", ("flood",))
    printed = [events.OutputArrived("stdout", f"{number:099}\n") for number in range(times)]
    return [events.CommandStarted(command), *printed, events.CommandFinished(command, Exit(0))]


def test_a_flood_of_output_does_not_make_the_journal_grow(tmp_path: Path) -> None:
    sizes = {}
    for times in (100, 10_000, 50_000):
        journal = Journal(tmp_path / f"{times}.jsonl")
        for event in flood(times):
            journal.show(event)
        journal.close()
        sizes[times] = journal.file.stat().st_size
        back = list(read(journal.file))
        assert isinstance(back[-1], events.CommandFinished)
        text = "".join(event.text for event in back if isinstance(event, events.OutputArrived))
        assert text.startswith(f"{0:099}\n")
        assert text.endswith(f"{times - 1:099}\n")
        assert (f"\n...({times * 100 - HEAD - TAIL} bytes omitted)...\n" in text) == (times > 100)
    assert sizes[100] < sizes[10_000]
    assert sizes[50_000] < sizes[10_000] + 100


def test_output_that_comes_byte_by_byte_does_not_make_it_grow_either(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    text = "".join(chr(ord("a") + number % 26) for number in range(100_000))
    for event in [events.OutputArrived("stdout", letter) for letter in text]:
        journal.show(event)
    journal.show(events.CommandFinished(Command("drip", ("drip",)), Exit(0)))
    journal.close()
    assert journal.file.stat().st_size < 300_000
    assert "".join(event.text for event in read(journal.file) if isinstance(event, events.OutputArrived)) == text


def test_a_run_that_was_stopped_does_not_lose_its_tail(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    for event in [*flood(10_000)[:-1], events.TurnFinished(1, Verdict.STOPPED, 1, 1.0)]:
        journal.show(event)
    journal.close()
    assert f"{9999:099}\n" in list(read(journal.file))[-2].text  # type: ignore[union-attr]


def test_the_whole_output_is_in_a_log_up_to_a_size(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path / "s", size=1000, kept=2)
    for times in (3, 2, 20):
        for event in flood(times):
            logs.show(event)
    logs.close()
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == ["run-2.log", "run-3.log"]
    assert (tmp_path / "s/run-2.log").read_text() == f"$ flood\n{0:099}\n{1:099}\n"
    cut = (tmp_path / "s/run-3.log").read_bytes()
    assert cut.endswith(b"\n...(1008 bytes omitted)...\n")
    assert len(cut) == 1000 + len("\n...(1008 bytes omitted)...\n")
    assert stat.S_IMODE((tmp_path / "s/run-3.log").stat().st_mode) == 0o600


def test_a_session_that_is_resumed_goes_on_from_its_last_log(tmp_path: Path) -> None:
    for _ in range(2):
        logs = RunLogs(tmp_path / "s", kept=2)
        for _ in range(2):
            for event in flood(1):
                logs.show(event)
        logs.close()
    assert sorted(file.name for file in (tmp_path / "s").iterdir()) == ["run-3.log", "run-4.log"]


def test_a_log_may_be_shown_in_a_terminal(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path)
    logs.show(events.CommandStarted(Command("\x1b]0;title\x07", ("x",))))
    logs.show(events.OutputArrived("stdout", "\x1b[2J\x9b done"))
    logs.close()
    assert not {"\x1b", "\x07", "\x9b"} & set((tmp_path / "run-1.log").read_text())


def test_what_was_told_is_on_the_disk_when_a_round_or_a_turn_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real fsync, and how much it was called for: all that was written by then."""
    file = tmp_path / "a.jsonl"
    synced: list[int] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        really(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(file)
    told: list[events.Event] = [
        events.TurnStarted(1, "go"),
        events.Checkpointed(0),
        events.RoundStarted(1, 1),
        events.ReplyGrew("a"),
        events.RoundFinished(1, 1, True, "passed"),
        events.TurnFinished(1, Verdict.PASSED, 1, 1.0),
    ]
    for event in told:
        journal.show(event)
        ends = isinstance(event, events.Checkpointed | events.RoundFinished | events.TurnFinished)
        assert (bool(synced) and synced[-1] == file.stat().st_size) is ends, event
    journal.close()
