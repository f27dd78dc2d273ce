"""The workbench in every size, driven by keys, over a replayed session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from oci_tui.core.diff import parse_patch
from oci_tui.core.events import (
    ChangeAccepted,
    CommandFinished,
    DiffChanged,
    Event,
    OutputArrived,
    PlotDrawn,
    TurnFinished,
    encode,
)
from oci_tui.core.ports import Command, Exit, Plot
from oci_tui.core.reading import read
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.panes.log import Log
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.picture import picture
from oci_tui.ui.replay import ReplaySession

RECORDING = Path(__file__).parent / "recordings" / "lexer.jsonl"


def text_of(pane: LinePane) -> str:
    return "\n".join("".join(part for part, _ in pane.line(index)) for index in range(pane.line_count()))


def on_screen(app: OciApp) -> str:
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Let the app run until a condition holds; a test that never gets there fails."""
    for _ in range(500):
        if holds():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came to hold")


@asynccontextmanager
async def opened(
    size: tuple[int, int] = (160, 45),
    *,
    prompt: str = "",
    paused_at: int | None = None,
    keymap: Mapping[str, str] | None = None,
) -> AsyncGenerator[tuple[OciApp, Pilot[None], ReplaySession]]:
    session = ReplaySession(RECORDING, speed=0, paused_at=paused_at)
    app = OciApp(lambda: session, Path("/src/parser"), "night", prompt, keymap=keymap)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        yield app, pilot, session
        await app.close_session()


async def finished(app: OciApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: "passed · 2 rounds" in text_of(app.workbench.transcript))
    await until(pilot, lambda: not app.workbench.conversation.running)


async def test_a_prompt_typed_and_sent_runs_to_its_verdict() -> None:
    async with opened() as (app, pilot, _):
        await pilot.press(*"fix it", "enter")
        await finished(app, pilot)
        story = text_of(app.workbench.transcript)
        assert "❯ fix it" in story
        assert "round 1 " in story
        assert "2 failed, 5 passed" in story
        assert "✓ passed · 2 rounds · 14.2 s · 1 file +8 −3" in story


async def test_a_line_of_the_story_is_copied_without_its_sign() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("alt+1", "slash", *"passed ·", "enter", "y")
        await until(pilot, lambda: app.clipboard == "passed · 2 rounds · 14.2 s · 1 file +8 −3")


@pytest.mark.parametrize(
    ("size", "shown", "hidden"),
    [
        ((160, 45), {"Story", "Code", "Console", "Changes", "Ctrl+Y"}, {"1 Story"}),
        ((100, 30), {"Story", "4 Changes", "parser/lexer.py"}, {"Console  pytest"}),
        ((80, 24), {"1 Story", "passed · 2 rounds"}, {"skip_blanks"}),
        ((40, 12), {"1 Story", "passed · 2 rounds", "Ctrl+Y"}, {"skip_blanks"}),
        ((20, 5), {"too small"}, {"Story"}),
    ],
)
async def test_each_size_has_its_layout(size: tuple[int, int], shown: set[str], hidden: set[str]) -> None:
    async with opened(size, prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        wanted = min(shown)
        await until(pilot, lambda: wanted in on_screen(app))
        screen = on_screen(app)
        assert {text for text in shown if text not in screen} == set()
        assert {text for text in hidden if text in screen} == set()


async def test_it_works_on_when_a_tiny_terminal_grows() -> None:
    async with opened((20, 5), prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.resize_terminal(160, 45)
        await until(pilot, lambda: "exit 0" in on_screen(app))
        assert "too small" not in on_screen(app)


async def test_escape_stops_the_turn_and_gives_waiting_prompts_back() -> None:
    async with opened(prompt="one", paused_at=60) as (app, pilot, session):
        await session.reached.wait()
        await pilot.press(*"two", "enter")
        await until(pilot, lambda: "1 queued" in on_screen(app))
        await pilot.press("escape")
        await until(pilot, lambda: not app.workbench.conversation.running)
        assert "■ stopped" in text_of(app.workbench.transcript)
        assert app.workbench.query_one(PromptBox).text == "two"
        assert not app.workbench.conversation.waiting


async def test_what_was_said_to_a_turn_that_is_stopped_before_it_is_read_comes_back() -> None:
    async with opened(prompt="one", paused_at=60) as (app, pilot, session):
        await session.reached.wait()
        await pilot.press(*"two", "ctrl+s", *"three", "enter", "escape")
        await until(pilot, lambda: not app.workbench.conversation.running)
        assert app.workbench.query_one(PromptBox).text == "two\nthree"
        await until(pilot, lambda: "it is in the prompt again" in on_screen(app))


async def test_a_queued_prompt_runs_after_the_turn() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        app.workbench.conversation.send("two")
        await until(pilot, lambda: "❯ two" in text_of(app.workbench.transcript))
        await until(pilot, lambda: "the recording ends here" in text_of(app.workbench.transcript))


async def test_ctrl_y_accepts_and_u_undoes() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "accepted: parser/lexer.py" in text_of(app.workbench.transcript))
        assert app.workbench.changes.line_count() == 0
        await pilot.press("alt+4", "u")
        await until(pilot, lambda: "undone: parser/lexer.py" in text_of(app.workbench.transcript))


async def test_ctrl_n_rejects_only_when_pressed_twice() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert app.workbench.conversation.pending.files
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "rejected" in text_of(app.workbench.transcript))
        assert not app.workbench.conversation.pending.files


async def test_commands_and_unknown_ones() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press(*"/nonsense", "enter")
        await until(pilot, lambda: "/nonsense is no" in on_screen(app))
        await pilot.press(*"/reject", "enter")
        await until(pilot, lambda: "rejected" in text_of(app.workbench.transcript))


async def test_quitting_with_a_pending_change_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplaySession, "recorded", True)  # as a session: what is pending is there when it is resumed
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app.is_running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)


async def test_zoom_and_review_fill_the_screen_and_come_back() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.workbench.changes.size.width > 150)
        assert app.focused is app.workbench.changes
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.workbench.changes.size.width < 100)
        await pilot.press("alt+3", "z")
        await until(pilot, lambda: app.workbench.query_one("#console").size.width > 150)


async def test_the_prompt_box_breaks_lines_and_remembers() -> None:
    async with opened() as (app, pilot, _):
        box = app.workbench.query_one(PromptBox)
        await pilot.press(*"a", "alt+enter", *"b")
        assert box.text == "a\nb"
        await pilot.press("enter", *"a", "up")
        assert box.text == "a\nb"
        await pilot.press("down")
        assert box.text == "a"


async def test_the_help_screen_names_every_key() -> None:
    async with opened() as (app, pilot, _):
        await pilot.press("f1")
        await until(pilot, lambda: "Ctrl+Y" in on_screen(app) and "Prompt" in on_screen(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)


async def test_the_console_keeps_a_bounded_log_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Log, "MOST", 1_000_000)
    async with opened() as (app, pilot, _):
        console = app.workbench.query_one("#console", LinePane)
        block = "".join(f"line {index}\n" for index in range(10_000))
        for _round in range(20):
            console.show(OutputArrived(stream="stdout", text=block))
        await pilot.pause()
        assert 90_000 < console.line_count() <= 110_000
        assert "earlier lines no longer kept" in console.line(0)[0][0]
        assert text_of(console).endswith("▏line 9999")


async def test_the_console_says_where_a_figure_is_and_that_variables_are_gone() -> None:
    async with opened() as (app, _pilot, _):
        console = app.workbench.query_one("#console", LinePane)
        console.show(OutputArrived(stream="stdout", text="drawing"))
        console.show(PlotDrawn(Plot("/state/plot-1.png", 640, 480)))
        console.show(CommandFinished(Command("python"), Exit(137, "timeout", forgotten=True)))
        lines = text_of(console).splitlines()
        assert lines[:2] == ["▏drawing", " ▣ figure, 640 × 480 pixels: /state/plot-1.png"]
        assert "earlier variables are gone" in lines[-1]


async def test_a_repainted_line_split_over_events_is_shown_in_its_last_state() -> None:
    async with opened() as (app, _pilot, _):
        console = app.workbench.query_one("#console", LinePane)
        for text in ("10%\r50", "%\r", "100%", "\nnext \x1b[3", "1mred\x1b[0m\n"):
            console.show(OutputArrived(stream="stdout", text=text))
        assert text_of(console) == "▏100%\n▏next red"
        assert console.line(1)[-1] == ("red", "sgr 31")


async def test_a_diff_says_what_to_look_at_twice() -> None:
    async with opened() as (app, _pilot, _):
        diff = parse_patch(
            "diff --git a/run.sh b/run.sh\nnew file mode 100755\n--- /dev/null\n+++ b/run.sh\n@@ -0,0 +1 @@\n+echo hi\n"
        )
        app.workbench.show(DiffChanged(diff=diff))
        text = text_of(app.workbench.changes)
        assert "run.sh  +1 −0  added" in text
        assert "1 + echo hi" in text


def test_the_recording_is_whole() -> None:
    events: list[Event] = list(read(RECORDING))
    assert isinstance(events[-1], TurnFinished)


async def test_a_paste_comes_once_with_all_its_lines() -> None:
    async with opened() as (app, pilot, _):
        box = app.workbench.query_one(PromptBox)
        box.post_message(Paste("line a\rline b\r\nline c \x1b]52;x"))
        await until(pilot, lambda: bool(box.text))
        await pilot.pause()
        assert box.text == "line a\nline b\nline c ␛]52;x"
        await pilot.press("!")
        assert box.text.endswith("x!")


async def test_a_picture_of_a_session_that_went_on_after_its_last_turn(tmp_path: Path) -> None:
    recording = tmp_path / "longer.jsonl"
    decided = encode(ChangeAccepted(paths=("lexer.py",))) + b"\n"
    recording.write_bytes(RECORDING.read_bytes() + decided)
    async with asyncio.timeout(30):
        drawn = await picture(recording, (120, 40))
    assert drawn.startswith("<svg")
    assert "lexer.py" in drawn


async def test_a_recording_says_that_it_lets_no_file_in() -> None:
    async with opened() as (app, pilot, _):
        await pilot.press(*"/include .env", "enter")
        await until(pilot, lambda: ".env cannot be let in: this is a recording" in text_of(app.workbench.transcript))
