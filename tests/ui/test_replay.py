"""A recording played as a whole is what was recorded."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.diff import Diff
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.reading import read
from oci_tui.core.verdict import Verdict
from oci_tui.store.journal import Journal
from oci_tui.ui.replay import ReplaySession

RECORDING = Path(__file__).parent / "recordings" / "lexer.jsonl"


async def played(file: Path) -> list[Event]:
    async with aclosing(ReplaySession(file, speed=0, whole=True).prepare()) as happened:
        return [event async for event in happened]


async def test_a_replay_gives_identical_events_and_its_journal_the_same_bytes(tmp_path: Path) -> None:
    decided: list[Event] = [
        events.ChangeAccepted(("a.py",), at=1.0),
        events.DiffChanged(Diff(), at=2.0),
        events.ChangeUndone(("a.py",), at=3.0),
    ]
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_bytes(RECORDING.read_bytes() + b"".join(events.encode(event) + b"\n" for event in decided))
    told = await played(recorded)
    assert told == list(read(recorded))
    again = tmp_path / "again.jsonl"
    journal = Journal(again)
    for event in told:
        journal.show(event)
    journal.close()
    assert await played(again) == told
    assert again.read_bytes() == b"".join(events.encode(event) + b"\n" for event in read(recorded))


async def test_a_stop_ends_the_turn() -> None:
    session = ReplaySession(RECORDING, speed=0, whole=True)
    told: list[Event] = []
    async with aclosing(session.prepare()) as happened:
        async for event in happened:
            told.append(event)
            if isinstance(event, events.RoundStarted):
                session.stop()
    end = told[-1]
    assert isinstance(end, events.TurnFinished)
    assert (end.verdict, end.rounds) == (Verdict.STOPPED, 1)


def test_nothing_to_play(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    with pytest.raises(StoreError, match="there is no event in it"):
        ReplaySession(tmp_path / "empty.jsonl")
