"""The archive: what a list says of each session, and what is done with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core import events
from oci_tui.core.diff import parse_patch
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.reading import read
from oci_tui.core.recall import condensed, recalled, unfinished
from oci_tui.core.verdict import Verdict
from oci_tui.store.archive import JournalArchive
from oci_tui.store.journal import Journal

DIFF = parse_patch("diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n-x\n+y\n+z\n")


def recorded(folder: Path, name: str, *happened: Event, root: str = "/home/ada/parser", at: float = 1000.0) -> None:
    journal = Journal(folder / f"{name}.jsonl")
    journal.show(events.SessionStarted(name, root, "0.1.0", at=at))
    for event in happened:
        journal.show(event)
    journal.close()


def a_turn(number: int, prompt: str, at: float, verdict: Verdict = Verdict.PASSED) -> list[Event]:
    return [
        events.TurnStarted(number, prompt, at=at),
        events.RoundStarted(number, 1, at=at),
        events.ReplyGrew("a", at=at),
        events.ReplyGrew("b", at=at),
        events.RoundFinished(number, 1, True, "1 passed", number, at=at),
        events.TurnFinished(number, verdict, 1, 1.0, at=at),
    ]


def test_a_list_says_what_a_person_wants_to_know(tmp_path: Path) -> None:
    recorded(tmp_path, "old", *a_turn(1, "\n make it\npass", 1100.0), events.DiffChanged(DIFF, at=1200.0))
    recorded(tmp_path, "new", root="/home/ada/other", at=2000.0)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "run-1.log").write_text("x" * 1000)
    (tmp_path / "torn.jsonl").write_text('{"event":"SessionSta')
    archive = JournalArchive(tmp_path)
    torn, new, old = archive.listed()
    assert (torn.name, torn.turns, torn.unreadable) == ("torn", 0, f"{tmp_path}/torn.jsonl does not begin like a journal")
    assert (new.name, new.title, new.turns, new.rounds, new.verdict, new.pending) == ("new", "", 0, 0, None, "")
    assert (old.name, old.title, old.turns, old.rounds, old.verdict) == ("old", "make it", 1, 1, Verdict.PASSED)
    assert (old.pending, old.started, old.at, old.open) == ("1 file +2 −1", 1000.0, 1200.0, False)
    assert old.bytes == 1000 + (tmp_path / "old.jsonl").stat().st_size
    assert archive.listed("/home/ada/parser") == (old,)
    assert (archive.find("n"), archive.find("", "/home/ada/parser"), archive.find("o")) == (new, old, old)
    assert archive.find() == old, "nothing was asked in the new one"


def test_a_name_must_say_which(tmp_path: Path) -> None:
    archive = JournalArchive(tmp_path)
    with pytest.raises(StoreError, match="there is no session yet"):
        archive.find()
    for name in ("20260101-a", "20260101-b"):
        recorded(tmp_path, name)
    with pytest.raises(StoreError, match="begins several sessions: 20260101-a, 20260101-b"):
        archive.find("2026")
    for name in ("x", "../20260101-a", "\x1b[31m"):
        with pytest.raises(StoreError, match="there is no session"):
            archive.find(name)


def test_renamed_and_deleted(tmp_path: Path) -> None:
    recorded(tmp_path, "a", *a_turn(1, "first", 1100.0))
    archive = JournalArchive(tmp_path)
    with (tmp_path / "a.jsonl").open("ab") as journal:
        journal.write(b'{"event":"TurnSta')
    archive.rename("a", " Parser\n work ")
    assert archive.find("a").title == "Parser work"
    assert sum(isinstance(event, events.SessionRenamed) for event in read(tmp_path / "a.jsonl")) == 1
    archive.rename("a", "")
    assert archive.find("a").title == "first"
    (tmp_path / "a").mkdir()
    archive.delete("a")
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_while_a_session_is_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.jsonl")
    journal.show(events.SessionStarted("a", "/r", "0.1.0"))
    archive = JournalArchive(tmp_path)
    archive.rename("a", "title")
    journal.show(events.TurnStarted(1, "go"))
    with pytest.raises(StoreError, match="is open in another oci-tui"):
        archive.delete("a")
    assert archive.find("a").open
    journal.close()
    assert [type(event) for event in read(tmp_path / "a.jsonl")] == [
        events.SessionStarted,
        events.SessionRenamed,
        events.TurnStarted,
    ]
    assert not archive.find("a").open


def test_a_fork_holds_the_rounds_up_to_one(tmp_path: Path) -> None:
    recorded(tmp_path, "a", *a_turn(1, "first", 1100.0), *a_turn(2, "second", 1200.0))
    archive = JournalArchive(tmp_path)
    made = archive.fork("a", 1, "b", "0.2.0")
    assert made.number == 1
    kept = list(read(tmp_path / "b.jsonl"))
    assert isinstance(kept[0], events.SessionStarted)
    assert (kept[0].session, kept[0].root, kept[0].forked_from, kept[0].forked_at) == ("b", "/home/ada/parser", "a", 1)
    assert kept[1:] == a_turn(1, "first", 1100.0)
    assert archive.fork("a", 0, "c", "0.2.0").number == 2
    assert list(read(tmp_path / "c.jsonl"))[1:] == list(read(tmp_path / "a.jsonl"))[1:]
    with pytest.raises(StoreError, match="no round 3 in this session; there are 1 to 2"):
        archive.fork("a", 3, "d", "0.2.0")
    assert not (tmp_path / "d.jsonl").exists()


def test_a_torn_line_is_taken_off_before_more_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    recorded(tmp_path, "a", *a_turn(1, "x" * 200_000, 1100.0)[:3])
    whole = file.read_bytes()
    for cut in (len(whole) - 1, len(whole) - 5, len(whole) - 100_000):
        file.write_bytes(whole[:cut])
        recorded(tmp_path, "a", at=3000.0)
        kept = list(read(file))
        assert kept[-1] == events.SessionStarted("a", "/home/ada/parser", "0.1.0", at=3000.0)
    (tmp_path / "e.jsonl").write_bytes(b'{"event":')
    recorded(tmp_path, "e")
    assert len(list(read(tmp_path / "e.jsonl"))) == 1


def test_the_story_in_fewer_events() -> None:
    told = a_turn(1, "first", 1100.0)
    assert condensed(told) == (*told[:2], events.ReplyGrew("ab", at=1100.0), *told[4:])
    parts = [events.OutputArrived(stream, text, at=1.0) for stream, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c"))]  # type: ignore[arg-type]
    assert condensed(parts) == (events.OutputArrived("stdout", "ab", at=1.0), parts[2])


def test_a_turn_that_was_cut_off_gets_its_end() -> None:
    told = a_turn(1, "first", 1100.0)
    assert unfinished(told) == ()
    assert unfinished(told[:3]) == (events.TurnFinished(1, Verdict.STOPPED, 1, 0.0, at=1100.0),)
    (end,) = unfinished([*told[:3], events.ReplyGrew("c", at=1107.5)])
    assert isinstance(end, events.TurnFinished)
    assert end.seconds == 7.5, "as long as it is known to have run"


OTHER_VERSION = Path(__file__).parent / "journals" / "other-version.jsonl"


def test_a_journal_of_another_version(tmp_path: Path) -> None:
    """Its events have fields that are not known here and lack some that are; one kind of them is not known at all."""
    text = OTHER_VERSION.read_text(encoding="utf-8")
    assert '"event":"TurnPlanned"' in text
    assert '"number"' not in text
    assert "Checkpointed" not in text
    told = list(read(OTHER_VERSION))
    assert len(told) == len(text.splitlines()) - text.count('"event":"TurnPlanned"')
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8")
    archive = JournalArchive(tmp_path)
    summary = archive.find("a")
    assert (summary.turns, summary.verdict) == (sum(isinstance(event, events.TurnStarted) for event in told), Verdict.PASSED)
    assert [entry.number for entry in archive.rounds("a")] == list(range(1, summary.rounds + 1))
    made = archive.fork("a", 1, "b", "0.2.0")
    assert (made.number, made.state) == (1, 0)
    where = recalled(told)
    assert not where.exact
    system, prompt, reply, result = where.conversation.messages[:4]
    assert [message.role for message in (system, prompt, reply, result)] == ["system", "user", "assistant", "user"]
    assert prompt.content == "make the tests pass"
    assert result.content.startswith("Execution result: \n")


def test_what_a_later_version_adds_is_passed_over_and_a_broken_event_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    known = events.encode(events.TurnStarted(1, "go"))
    file.write_bytes(b'{"event":"Invented","at":1}\n' + known[:-1] + b',"new":[1]}\n{"no":"event"}\n' + known + b"\n")
    with pytest.raises(StoreError, match=r"a\.jsonl:3: not an event"):
        list(read(file))


def test_a_fork_within_a_turn_ends_it_with_what_the_model_was_told_of_the_round(tmp_path: Path) -> None:
    told: list[Event] = [
        events.TurnStarted(1, "go", at=1.0),
        events.RoundStarted(1, 1, at=2.0),
        events.Checkpointed(0, state=1, at=3.0),
        events.RoundFinished(1, 1, False, "1 failed", 1, at=4.0),
        events.Checkpointed(1, state=2, at=5.0),
    ]
    later = [events.RoundStarted(1, 2, at=6.0), events.Checkpointed(2, state=3, at=7.0), *a_turn(2, "more", 8.0)]
    recorded(tmp_path, "a", *told, *later)
    made = JournalArchive(tmp_path).fork("a", 1, "b", "0.2.0")
    assert made.state == 2
    assert list(made.happened)[1:] == [*told, events.TurnFinished(1, Verdict.STOPPED, 1, 4.0, at=5.0)]


def test_lines_that_cannot_be_read_are_passed_over_and_counted(tmp_path: Path) -> None:
    told = [*a_turn(1, "first", 1100.0), events.Checkpointed(0, state=1, at=1150.0), *a_turn(2, "second", 1200.0)]
    recorded(tmp_path, "a", *told)
    file = tmp_path / "a.jsonl"
    archive = JournalArchive(tmp_path)
    assert archive.lost("a") == ()
    lines = file.read_bytes().split(b"\n")
    lines[3] = lines[3][:-4]
    file.write_bytes(b"\n".join(lines))
    assert [entry.prompt for entry in archive.rounds("a")] == ["first", "second"]
    (why,) = archive.lost("a")
    assert why.startswith(f"{file}:4: not an event")
    assert archive.fork("a", 0, "b", "0.2.0").number == 2, "a piece of a reply is nothing that a session goes on from"
    for place, broken in ((7, lines[7][:-4]), (3, b"\x00\x00")):
        file.write_bytes(b"\n".join([*lines[:place], broken, *lines[place + 1 :]]))
        assert [entry.prompt for entry in archive.rounds("a")] == ["first", "second"]
        with pytest.raises(StoreError, match=rf"a\.jsonl:{place + 1}: not an event.*nothing can go on"):
            archive.fork("a", 0, "c", "0.2.0")


def test_an_emptied_journal_is_listed_and_can_be_removed(tmp_path: Path) -> None:
    recorded(tmp_path, "a", *a_turn(1, "first", 1100.0))
    (tmp_path / "a.jsonl").write_bytes(b"")
    archive = JournalArchive(tmp_path)
    (listed,) = archive.listed()
    assert (listed.name, listed.unreadable) == ("a", f"{tmp_path}/a.jsonl is empty")
    with pytest.raises(StoreError, match=r"a\.jsonl is empty; `oci-tui sessions rm a` removes it"):
        archive.find("a")
    assert archive.find("a", unreadable=True) == listed
    archive.delete("a")
    assert archive.listed() == ()
