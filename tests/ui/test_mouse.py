"""What a mouse does: everything that can be pressed can be clicked."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import MouseDown, MouseMove, MouseUp
from textual.pilot import Pilot

from oci_tui.core.changes import Kept
from oci_tui.core.ports import Command
from oci_tui.ui import keys
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.choices import Choices
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.screens.approval import ApprovalScreen
from oci_tui.ui.screens.conflict import ConflictScreen, VersionsPane
from oci_tui.ui.screens.details import DetailsScreen
from oci_tui.ui.screens.help import HelpScreen
from oci_tui.ui.screens.leader import LeaderScreen
from oci_tui.ui.screens.queue import QueueScreen
from oci_tui.ui.screens.timeline import TimelineScreen, Wanted
from tests.ui.odd import conflict
from tests.ui.test_workbench import finished, on_screen, opened, text_of, until


async def clicked(app: OciApp, pilot: Pilot[None], text: str, times: int = 1) -> None:
    """Click the lowest place on the screen that says this."""
    await until(pilot, lambda: text in on_screen(app))
    await pilot.click(offset=place_of(app, text), times=times)


def place_of(app: OciApp, text: str) -> tuple[int, int]:
    return [(line.index(text), row) for row, line in enumerate(on_screen(app).splitlines()) if text in line][-1]


async def test_hints_tabs_queue_and_status_can_be_clicked() -> None:
    async with opened((100, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await clicked(app, pilot, "3 Console")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "console")
        await clicked(app, pilot, "only stderr")
        console = app.workbench.query_one(ConsolePane)
        await until(pilot, lambda: "FAILURES" not in text_of(console))
        await clicked(app, pilot, "Esc prompt")
        await until(pilot, lambda: isinstance(app.focused, PromptBox))
        await clicked(app, pilot, "F1 help")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await clicked(app, pilot, "ctx 3")
        await until(pilot, lambda: isinstance(app.screen, DetailsScreen))
        await pilot.press("escape")
        await clicked(app, pilot, "Ctrl+Y accept")
        await until(pilot, lambda: "accepted:" in text_of(app.workbench.transcript))


async def test_a_queued_prompt_that_is_clicked_comes_back() -> None:
    async with opened(prompt="one", paused_at=12) as (app, pilot, session):
        await session.reached.wait()
        await pilot.press(*"two", "enter")
        await clicked(app, pilot, "1 queued")
        await until(pilot, lambda: app.workbench.query_one(PromptBox).text == "two")
        await pilot.press("escape")


async def test_a_suggestion_and_a_key_after_the_leader_can_be_clicked() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press(*"/re")
        await clicked(app, pilot, "/restore")
        await until(pilot, lambda: app.workbench.query_one(PromptBox).text == "/restore ")
        await pilot.press("ctrl+x")
        await clicked(app, pilot, "4 changes")
        await until(pilot, lambda: app.focused is app.workbench.changes)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: isinstance(app.screen, LeaderScreen))
        await pilot.click(offset=(3, 3))
        await until(pilot, lambda: app.screen is app.workbench and app.focused is app.workbench.changes)


async def test_a_line_that_is_clicked_twice_is_opened() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await clicked(app, pilot, "more lines (Enter shows)", times=2)
        await until(pilot, lambda: "more lines (Enter shows)" not in on_screen(app))


async def pressed_at(app: OciApp, pilot: Pilot[None], kind: type[MouseDown | MouseUp], place: tuple[int, int]) -> None:
    """A button of the mouse goes down or up, as the terminal tells it."""
    x, y = place
    app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))
    await pilot.pause()


@pytest.mark.parametrize(("said", "answer"), [("y run it", "yes"), ("n do not", "no"), ("a always", "always")])
async def test_a_question_is_answered_by_a_click_that_begins_once_it_could_be_read(said: str, answer: str) -> None:
    async with opened((100, 30)) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("sh", code="y run it · n do not · a always: this is output"), "sh *"))
        await until(pilot, lambda: isinstance(app.screen, ApprovalScreen) and "a always in this" in on_screen(app))
        question = app.screen
        assert isinstance(question, ApprovalScreen)
        await pressed_at(app, pilot, MouseDown, place_of(app, said))
        assert not question.armed
        await until(pilot, lambda: question.armed and question.query_one(Choices).region.height > 0)
        await pressed_at(app, pilot, MouseUp, place_of(app, said))
        await clicked(app, pilot, "this is output")
        x, y = place_of(app, "y run it · n do not · a always")
        await pilot.click(offset=(x, y))
        assert not question.answer.done()
        await pressed_at(app, pilot, MouseDown, place_of(app, said))
        await pressed_at(app, pilot, MouseUp, place_of(app, said))
        assert await asked == answer


async def test_what_a_list_a_conflict_and_the_help_offer_can_be_clicked() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        bench = app.workbench
        taken: list[Wanted | str | None] = []
        for text, end in (("Esc leaves", "night"), ("Enter takes it", "frost"), ("paper", "paper")):
            await pilot.press("f8", "up")
            await clicked(app, pilot, text)
            await until(pilot, lambda end=end: app.screen is bench and app.theme == end)  # type: ignore[misc]
            app.theme = "night"
        for text, wanted in (
            ("Enter goes back", Wanted(2)),
            ("v shows it", Wanted(2, look=True)),
            ("Esc stays", None),
            ("turn 1, round 1", Wanted(1)),
        ):
            app.push_screen(TimelineScreen([Kept("round", 1, 0.0, "turn 1, round 1"), Kept("round", 2, 1.0, "")]), taken.append)
            await clicked(app, pilot, text)
            await until(pilot, lambda: app.screen is bench)
            assert taken.pop() == wanted
        waiting = ["first", "second"]
        queue = QueueScreen(waiting, waiting.pop)
        app.push_screen(queue, taken.append)
        await clicked(app, pilot, "d drops it")
        await until(pilot, lambda: waiting == ["first"])
        await clicked(app, pilot, "Esc leaves")
        await until(pilot, lambda: app.screen is bench)
        assert taken.pop() == ""
        app.push_screen(ConflictScreen(conflict()), taken.append)
        for text, choice in (("accept the other", "clean"), ("model again on top", "mine"), ("leave it pending", None)):
            await clicked(app, pilot, text)
            await until(pilot, lambda: app.screen is bench)
            assert taken.pop() == choice
            app.push_screen(ConflictScreen(conflict()), taken.append)
        await pilot.resize_terminal(80, 14)
        await clicked(app, pilot, "next file")
        await until(pilot, lambda: app.screen.query_one(VersionsPane).scroll_offset.y > 0)
        await pilot.press("escape", "f1", "end")
        await clicked(app, pilot, "Esc closes this")
        await until(pilot, lambda: app.screen is bench)


async def test_a_key_of_two_in_a_hint_and_a_key_to_be_pressed_again_can_be_clicked() -> None:
    async with opened((120, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await clicked(app, pilot, "Ctrl+N reject")
        await until(pilot, lambda: "Ctrl+N again drops" in on_screen(app))
        assert app.workbench.conversation.pending.files
        await clicked(app, pilot, "Ctrl+N again drops")
        await until(pilot, lambda: "rejected" in text_of(app.workbench.transcript))
    async with opened((120, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("f5")
        await until(pilot, lambda: "a r accept, reject hunk" in on_screen(app))
        x, y = place_of(app, "a r accept, reject hunk")
        hunks = app.workbench.conversation.pending.summary()
        await pilot.click(offset=(x + 6, y))
        await pilot.click(offset=(x + 2, y))
        await until(pilot, lambda: "rejected" in text_of(app.workbench.transcript))
        assert app.workbench.conversation.pending.summary() != hunks


async def dragged(app: OciApp, pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Press the left button at one place of the screen, and let it go at another."""
    await pilot.mouse_down(offset=start)
    x, y = end
    app.screen._forward_event(MouseMove(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))
    await pilot.mouse_up(offset=end)


async def test_panes_are_as_high_and_as_wide_as_they_are_dragged_also_the_next_time() -> None:
    async with opened((120, 40)) as (app, pilot, _):
        frames = {name: app.workbench.query_one(f"#{name}-frame") for name in ("transcript", "code", "console", "changes")}
        before = {name: frame.region for name, frame in frames.items()}
        heading = before["console"].offset
        await dragged(app, pilot, (heading.x + 3, heading.y), (heading.x + 3, heading.y + 6))
        await until(pilot, lambda: frames["console"].region.y == heading.y + 6)
        assert frames["changes"].region == before["changes"], "only the two that meet there"
        await dragged(app, pilot, (heading.x + 3, heading.y + 6), (heading.x + 3, 39))
        await until(pilot, lambda: frames["console"].size.height == 1)
        await dragged(app, pilot, (before["code"].x + 3, before["code"].y), (before["code"].x + 3, 20))
        assert frames["code"].region.y == before["code"].y, "nothing is above it"
        divider = before["transcript"].right
        await dragged(app, pilot, (divider, 10), (divider + 12, 10))
        await until(pilot, lambda: abs(frames["transcript"].region.right - divider - 12) <= 1)
        kept = {name: frame.region for name, frame in frames.items()}
    async with opened((120, 40)) as (app, pilot, _):
        await until(pilot, lambda: all(app.workbench.query_one(f"#{name}-frame").region == kept[name] for name in kept))


@pytest.mark.parametrize(
    ("shown", "pressed"),
    [
        ("Esc", ["escape"]),
        ("Ctrl+Y", ["ctrl+y"]),
        ("Ctrl+X a", ["ctrl+x", "a"]),
        ("/", ["slash"]),
        ("Y", ["Y"]),
        ("F1", ["f1"]),
    ],
)
def test_a_hint_is_a_key(shown: str, pressed: list[str]) -> None:
    assert keys.pressed(shown) == pressed


@pytest.mark.parametrize(
    ("names", "at", "pressed"),
    [
        ("changes.accept changes.reject", 0, ["f5"]),
        ("changes.accept changes.reject", 2, []),
        ("changes.accept changes.reject", 3, ["r"]),
        ("changes.accept changes.reject", 6, []),
        ("story…changes", 1, ["alt+1"]),
        ("story…changes", 2, []),
        ("story…changes", 4, ["alt+4"]),
        ("console.next-run", 20, ["right_square_bracket"]),
        ("Ctrl+X a", 20, ["ctrl+x", "a"]),
    ],
)
def test_of_a_hint_with_several_keys_the_one_under_the_mouse_is_meant(names: str, at: int, pressed: list[str]) -> None:
    assert keys.clicked(names, {"changes.accept": "f5"}, at) == pressed
