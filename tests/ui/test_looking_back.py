"""An earlier round is shown again in the panes, and what is now is not disturbed by it."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui.core.changes import Kept
from oci_tui.core.diff import Diff
from oci_tui.core.events import (
    DiffChanged,
    Event,
    HistoryListed,
    ReplyFinished,
    ReplyGrew,
    RoundFinished,
    RoundRestored,
    RoundStarted,
    decode,
    encode,
)
from oci_tui.core.generation import Token, Usage
from oci_tui.core.reading import read
from oci_tui.core.recall import condensed
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.rounds import Rounds
from oci_tui.ui.screens.timeline import TimelineScreen
from tests.ui.test_code import SAID
from tests.ui.test_mouse import clicked
from tests.ui.test_workbench import RECORDING, finished, on_screen, opened, text_of, until

EARLIER = "earlier: round 1 of turn 1"
FIRST = """        return self.text[self.pos]"""
SECOND = '''return self.text[self.pos] if self.pos < len(self.text) else ""'''


def happened() -> list[Event]:
    return list(read(RECORDING))


def told(app: OciApp, name: str) -> str:
    return app.workbench._frames[name].told


def front(app: OciApp, name: str) -> LinePane:
    pane = app.workbench._frames[name].front
    assert isinstance(pane, LinePane)
    return pane


async def on_line(pilot: Pilot[None], wanted: str) -> None:
    """The cursor of the story on the first line with this."""
    story = pilot.app.query_one("#transcript", LinePane)
    await until(pilot, lambda: wanted in text_of(story))
    row = next(row for row in range(story.line_count()) if wanted in story.text_at(row))
    await pilot.press("f2", "g", *["j"] * row)


@pytest.mark.parametrize("size", [(120, 40), (100, 30), (80, 24), (40, 12)])
async def test_enter_on_a_round_shows_it_and_escape_what_is_now(size: tuple[int, int]) -> None:
    async with opened(size, prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await until(pilot, lambda: SECOND in text_of(app.workbench.code))
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        await until(pilot, lambda: FIRST in text_of(front(app, "code")))
        for name in ("code", "changes"):
            assert SECOND not in text_of(front(app, name))
        assert told(app, "code") == f"{EARLIER} · parser/lexer.py · 48 lines"
        assert told(app, "console") == f"{EARLIER} · pytest -q"
        assert told(app, "changes") == f"{EARLIER} · 1 file +7 −2"
        console = app.workbench.query_one(ConsolePane)
        assert console.text_at(console.here) == " $ pytest -q    round 1"
        assert EARLIER[:16] in on_screen(app)
        assert "Esc back to now" in on_screen(app)
        assert "Turns source text into" in on_screen(app) or size == (100, 30), "there Changes is in front"
        await pilot.press("escape")
        await until(pilot, lambda: front(app, "code") is app.workbench.code and console.following)
        assert front(app, "changes") is app.workbench.changes
        assert (told(app, "code"), told(app, "changes")) == ("round 2 · parser/lexer.py · 48 lines", "1 file +8 −3")
        assert told(app, "console") == "pytest -q · exit 0 · 0.71 s"
        assert "earlier" not in on_screen(app)
        assert app.focused is app.workbench.transcript or app.focused is app.workbench.code


async def test_prose_is_shown_and_folded_where_it_is_and_with_a_key_of_its_own() -> None:
    async with opened((80, 24), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        folded = "more lines (Enter shows)"
        await pilot.press("f2", "enter")
        await until(pilot, lambda: folded not in on_screen(app))
        await pilot.press("p")
        await until(pilot, lambda: folded in on_screen(app))
        await on_line(pilot, folded)
        await pilot.press("enter")
        await until(pilot, lambda: folded not in on_screen(app))
        assert not app.workbench.looks_back


async def test_without_a_cursor_enter_is_about_prose_also_where_a_round_is_the_last_line() -> None:
    async with opened(prompt="one", paused_at=304) as (app, pilot, session):
        story = app.workbench.transcript
        await session.reached.wait()
        await until(pilot, lambda: "round 2" in story.text_at(story.line_count() - 1))
        await pilot.press("f2", "enter")
        await until(pilot, lambda: story.unfolded)


async def test_a_round_that_is_clicked_twice_is_shown() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await clicked(app, pilot, "round 1  parser", times=2)
        await until(pilot, lambda: EARLIER in on_screen(app))


async def test_a_turn_that_runs_goes_on_under_an_earlier_round_and_takes_the_panes_as_it_comes_to_them() -> None:
    events = happened()
    async with opened(prompt="one", paused_at=400) as (app, pilot, session):
        bench = app.workbench
        await session.reached.wait()
        await on_line(pilot, "round 2")
        await pilot.press("enter")
        assert not bench.looks_back, "the round that runs is what is now"
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        await until(pilot, lambda: told(app, "code").startswith(EARLIER))
        assert front(app, "changes") is bench.changes, "what it left is what is pending"
        before, past = len(text_of(bench.code)), front(app, "code")
        for event in events[400:591]:
            bench.show(event)
        await until(pilot, lambda: len(text_of(bench.code)) > before and SECOND in text_of(bench.code))
        assert front(app, "code") is past
        assert SECOND not in text_of(past)
        for event in events[591:593]:
            bench.show(event)
        assert told(app, "changes") == "1 file +8 −3"
        assert told(app, "console").startswith(EARLIER)
        bench.show(events[593])
        await until(pilot, lambda: told(app, "console").startswith("pytest -q · running"))
        assert front(app, "code") is past
        bench.show(RoundStarted(turn=1, round=3))
        await until(pilot, lambda: front(app, "code") is bench.code)
        assert app.focused is bench.transcript


async def test_escape_comes_back_before_it_stops_the_turn() -> None:
    async with opened((80, 24), prompt="one", paused_at=400) as (app, pilot, session):
        talk = app.workbench.conversation
        await session.reached.wait()
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        await until(pilot, lambda: app.workbench.looks_back and app.focused is front(app, "code"))
        await pilot.press("escape")
        await until(pilot, lambda: not app.workbench.looks_back and app.focused is app.workbench.code)
        assert talk.running
        assert not talk.stopping
        await pilot.press("escape")
        await until(pilot, lambda: not talk.running)


async def test_what_was_can_be_read_and_not_decided_about_or_changed() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        await until(pilot, lambda: app.workbench.looks_back)
        pending = app.workbench.conversation.pending
        for pane, pressed in (("f5", "aArRxm"), ("f3", "ecr")):
            for key in pressed:
                app.workbench.say("")
                await pilot.press(pane, key)
                await until(pilot, lambda: "this is an earlier round: Esc is back to what is now" in on_screen(app))
        assert app.workbench.conversation.pending == pending
        assert not app.workbench.conversation.running
        await pilot.press("g", "j", "y")
        await until(pilot, lambda: app.clipboard == '"""Turns source text into tokens."""')
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is app.workbench.code)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("ctrl+y", "Ctrl+Y again writes 1 file +8 −3, which Changes shows now"),
        ("ctrl+n", "Ctrl+N again drops 1 file +8 −3"),
        ("ctrl+r", ""),
    ],
)
async def test_what_is_decided_about_is_in_sight_before_it_is_decided(key: str, said: str) -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        await until(pilot, lambda: told(app, "changes").startswith(EARLIER))
        await pilot.press(key)
        await until(pilot, lambda: said in on_screen(app) and front(app, "changes") is app.workbench.changes)
        assert app.workbench.conversation.pending.files
        assert front(app, "code") is not app.workbench.code
        if said:
            await pilot.press(key)
            await until(pilot, lambda: not app.workbench.conversation.pending.files)


async def test_what_is_searched_for_in_an_earlier_round_is_searched_for_in_the_pane_that_takes_its_place() -> None:
    async with opened(prompt="one", paused_at=400) as (app, pilot, session):
        bench = app.workbench
        await session.reached.wait()
        await on_line(pilot, "round 1")
        await pilot.press("enter", "f3", "slash", *"tok")
        await until(pilot, lambda: app.focused is bench._search)
        bench.show(RoundStarted(turn=1, round=3))
        await pilot.press("enter")
        await until(pilot, lambda: app.focused is bench.code)
        assert "Turns source text into tokens" in bench.code.text_at(bench.code.here)
        await pilot.press("slash")
        await until(pilot, lambda: app.focused is bench._search)
        bench.look_back(bench._rounds.of(1, 1))
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is front(app, "code") is not bench.code)


async def test_an_earlier_round_outlives_a_terminal_that_is_too_small() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await on_line(pilot, "round 1")
        await pilot.press("enter", "f3")
        for size in ((30, 6), (40, 12), (3, 2), (100, 30), (160, 45)):
            await pilot.resize_terminal(*size)
            await pilot.press("f3", "j", "G", "g")
        await until(pilot, lambda: "earlier: round 1 of turn 1 · parser/lexer.py · 48 lines" in on_screen(app))
        assert FIRST in text_of(front(app, "code"))
        await pilot.resize_terminal(30, 6)
        await pilot.press("escape")
        await pilot.resize_terminal(160, 45)
        await until(pilot, lambda: "earlier" not in on_screen(app))
        assert not app.workbench.looks_back


async def test_a_round_that_is_gone_back_to_takes_the_changes_only() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        bench = app.workbench
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        first = bench._rounds.of(1, 1)
        assert first is not None
        await until(pilot, lambda: told(app, "changes").startswith(EARLIER))
        bench.show(RoundRestored(4))
        bench.show(DiffChanged(first.diff))
        await until(pilot, lambda: told(app, "changes") == "1 file +7 −2")
        assert front(app, "changes") is bench.changes
        assert told(app, "code").startswith(EARLIER)
        await on_line(pilot, "round 2")
        await pilot.press("enter")
        await until(pilot, lambda: told(app, "changes").startswith("earlier: round 2 of turn 1"))


async def test_what_the_last_round_left_pending_is_seen_after_it_was_accepted() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await on_line(pilot, "round 2")
        await pilot.press("enter")
        assert not app.workbench.looks_back
        await pilot.press("ctrl+y")
        await until(pilot, lambda: not app.workbench.conversation.pending.files)
        await pilot.press("enter")
        await until(pilot, lambda: told(app, "changes") == "earlier: round 2 of turn 1 · 1 file +8 −3")
        assert front(app, "code") is app.workbench.code


async def test_a_block_that_is_being_edited_is_not_taken_away() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("f3", "e")
        await until(pilot, lambda: isinstance(app.focused, CodeEditor))
        await on_line(pilot, "round 1")
        await pilot.press("enter")
        await until(pilot, lambda: "first leave the block that you are editing: Esc" in on_screen(app))
        assert isinstance(app.workbench._frames["code"].front, CodeEditor)


@asynccontextmanager
async def time_line(tmp_path: Path, kept: Sequence[Kept]) -> AsyncGenerator[tuple[OciApp, Pilot[None]]]:
    """The time line over a session whose two rounds have the numbers 4 and 5."""
    numbered = tmp_path / "numbered.jsonl"
    events = [
        RoundFinished(event.turn, event.round, event.passed, event.outcome, event.round + 3, at=event.at)
        if isinstance(event, RoundFinished)
        else event
        for event in happened()
    ]
    numbered.write_bytes(b"\n".join(map(encode, events)))
    app = OciApp(lambda: ReplaySession(numbered, speed=0), Path("/src"), "night", "one")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await finished(app, pilot)
        app.workbench.show_timeline = True
        app.workbench.show(HistoryListed(tuple(kept)))
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        yield app, pilot
        await app.close_session()


async def test_a_round_of_the_time_line_is_looked_at_without_going_back_to_it(tmp_path: Path) -> None:
    kept = [Kept("round", 4, 0.0, "2 failed"), Kept("round", 5, 1.0, "passed", 4)]
    async with time_line(tmp_path, kept) as (app, pilot):
        await pilot.press("down", "v")
        await until(pilot, lambda: EARLIER in on_screen(app))
        assert "this is a recording" not in text_of(app.workbench.transcript), "nothing was gone back to"


async def test_what_is_no_round_is_not_looked_at(tmp_path: Path) -> None:
    async with time_line(tmp_path, [Kept("accepted", 4, 0.0, "all of it")]) as (app, pilot):
        await pilot.press("v", "enter", "down", "v")
        await pilot.pause()
        assert isinstance(app.screen, TimelineScreen)


async def test_a_round_that_is_not_kept_is_said_to_be_none(tmp_path: Path) -> None:
    async with time_line(tmp_path, [Kept("round", 1, 0.0, "of another process")]) as (app, pilot):
        await pilot.press("v")
        await until(pilot, lambda: "this round is not kept here" in on_screen(app))
        assert not app.workbench.looks_back


def test_rounds_are_kept_with_the_tokens_of_their_replies_while_there_is_room() -> None:
    rounds = Rounds()
    rounds.show(RoundStarted(1, 1))
    for token in SAID:
        rounds.show(ReplyGrew(token.text, (token,)))
    rounds.show(ReplyGrew("more"))
    rounds.show(ReplyFinished("", Usage()))
    rounds.show(RoundFinished(1, 1, True, "passed", 7))
    first = rounds.numbered(7)
    assert first is not None
    assert first is rounds.of(1, 1)
    (reply,) = first.replies
    assert (reply.text, reply.tokens) == ("".join(token.text for token in SAID) + "more", (*SAID, Token("more", 1.0)))
    for number in range(2, 6):
        rounds.show(RoundStarted(1, number))
        rounds.show(ReplyGrew("x" * (Rounds.MOST // 4)))
        rounds.show(RoundFinished(1, number, True, "passed"))
    assert [number for number in range(1, 6) if rounds.of(1, number)] == [3, 4, 5]


@pytest.mark.parametrize("alternatives", [0, 5])
def test_rounds_take_no_more_memory_than_is_said(alternatives: int) -> None:
    said = ReplyGrew("word", (Token("word", 0.5, tuple((f"word{place}", 0.1) for place in range(alternatives))),))
    written, rounds = encode(said), Rounds()
    tracemalloc.start()
    try:
        for turn in range(1, 121):
            rounds.show(RoundStarted(turn, 1))
            for _ in range(200):
                rounds.show(decode(written))
            rounds.show(ReplyFinished("", Usage()))
            rounds.show(RoundFinished(turn, 1, True, "passed", turn))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert Rounds.MOST / 10 < taken < Rounds.MOST * 1.2
    assert rounds.numbered(120) is rounds.newest is not None


def test_a_resumed_session_has_its_rounds() -> None:
    rounds = Rounds()
    for event in condensed(happened()):
        rounds.show(event)
    first, second = rounds.of(1, 1), rounds.of(1, 2)
    assert first is not None
    assert second is rounds.newest
    assert SECOND not in first.replies[0].text
    assert first.diff.summary() == "1 file +7 −2"


def test_what_is_taken_back_after_a_round_is_still_what_it_left() -> None:
    rounds = Rounds()
    for event in happened()[:303]:
        rounds.show(event)
    rounds.show(DiffChanged(Diff()))
    first = rounds.of(1, 1)
    assert first is not None
    assert first.diff.summary() == "1 file +7 −2"
