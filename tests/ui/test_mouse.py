"""What a mouse does: everything that can be pressed can be clicked."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from oci_tui.ui import keys
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.screens.details import DetailsScreen
from oci_tui.ui.screens.help import HelpScreen
from oci_tui.ui.screens.leader import LeaderScreen
from tests.ui.test_workbench import finished, on_screen, opened, text_of, until


async def clicked(app: OciApp, pilot: Pilot[None], text: str, times: int = 1) -> None:
    """Click the lowest place on the screen that says this."""
    await until(pilot, lambda: text in on_screen(app))
    row, line = [(row, line) for row, line in enumerate(on_screen(app).splitlines()) if text in line][-1]
    await pilot.click(offset=(line.index(text), row), times=times)


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


@pytest.mark.parametrize(
    ("shown", "pressed"),
    [
        ("Esc", ["escape"]),
        ("Ctrl+Y", ["ctrl+y"]),
        ("Ctrl+X a", ["ctrl+x", "a"]),
        ("/", ["slash"]),
        ("Y", ["Y"]),
        ("F1", ["f1"]),
        ("a r", []),
        ("F2…F5", []),
    ],
)
def test_a_hint_is_a_key(shown: str, pressed: list[str]) -> None:
    assert keys.pressed(shown) == pressed
