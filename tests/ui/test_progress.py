"""Long work is seen: a bar, the words and the seconds, on every screen; the app stays awake meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from oci_tui.core.errors import SandboxError
from oci_tui.core.events import EngineReady, PartFailed, PartProgressed
from oci_tui.core.generation import EngineInfo
from oci_tui.core.ports import Progress
from oci_tui.ui.app import OciApp
from oci_tui.ui.background import Background
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.replay import ReplaySession
from tests.ui.desks import desk_of
from tests.ui.test_workbench import RECORDING, on_screen, opened, text_of, until


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_a_part_on_its_way_has_a_bar_its_words_and_its_seconds(size: tuple[int, int]) -> None:
    async with opened(size) as (app, pilot, _):
        app.workbench.show(PartProgressed("engine", "reading the model", 0.25))
        app.workbench.show(PartProgressed("sandbox", "checking the container"))
        bar, later = ("█████" + "░" * 15, "█" * 15 + "░░░░░") if size[0] >= 80 else ("██░░░░░░", "██████░░")
        await until(pilot, lambda: f"{bar}  25%  reading" in on_screen(app))
        assert ("checking the" in on_screen(app)) is (size[1] > 12), "one line where there is little room"
        app.workbench.show(PartProgressed("engine", "reading the model", 0.75))
        await until(pilot, lambda: f"{later}  75%" in on_screen(app) and "1 s" in on_screen(app))
        await pilot.press(*"typed")
        assert app.workbench.query_one(PromptBox).text == "typed"
        app.workbench.show(EngineReady(EngineInfo("e", "m", 1000)))
        app.workbench.show(PartFailed("sandbox", "gone"))
        await until(pilot, lambda: later not in on_screen(app) and "checking the" not in on_screen(app))


async def test_what_is_quick_is_not_told() -> None:
    async with opened() as (app, pilot, _):
        app.workbench.show(PartProgressed("engine", "reading", 0.5))
        app.workbench.show(EngineReady(EngineInfo("e", "m", 1000)))
        await pilot.pause(0.6)
        assert "reading" not in on_screen(app)


class Building:
    """A set-up that goes on when it is let, like that of an image."""

    title, command, touches_system, fetches = "sandbox image python", "docker build", False, 0

    def __init__(self, *, system: bool = False, fails: str = "") -> None:
        self.touches_system = system
        self.go_on = threading.Event()
        self._fails = fails

    def needed(self) -> bool:
        return True

    def run(self) -> Iterator[Progress]:
        yield Progress("pulling python:3.11", 0.5)
        self.go_on.wait(20)
        if self._fails:
            raise SandboxError(self._fails)
        yield Progress("made", 1.0)


@pytest.mark.parametrize("fails", ["", "the disk is full; make room"])
async def test_the_image_is_made_while_the_person_goes_on(tmp_path: Path, fails: str) -> None:
    setup = Building(fails=fails)
    desk = replace(desk_of(tmp_path / "none.toml"), build=lambda _: setup)
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "night", desk=desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press(*"/build", "enter")
        await until(pilot, lambda: "sandbox image python" in on_screen(app) and "pulling python:3.11" in on_screen(app))
        await pilot.press(*"/build", "enter")
        await until(pilot, lambda: "sandbox image python is under way" in on_screen(app))
        await pilot.press("f10")
        await until(pilot, lambda: "Models" in on_screen(app) and "pulling python:3.11" in on_screen(app))
        await pilot.press("escape")
        setup.go_on.set()
        told = fails or "sandbox image python is made"
        await until(pilot, lambda: told in " ".join(text_of(app.workbench.transcript).split()))
        await until(pilot, lambda: "pulling" not in on_screen(app))
        await app.close_session()


async def test_what_changes_the_system_is_not_done_in_the_app(tmp_path: Path) -> None:
    desk = replace(desk_of(tmp_path / "none.toml"), build=lambda _: Building(system=True))
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "night", desk=desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"/build", "enter")
        await until(pilot, lambda: "run `oci-tui setup` in a terminal" in on_screen(app))
        await app.close_session()


async def test_stopped_work_is_closed_and_what_goes_wrong_is_raised_where_it_is_awaited() -> None:
    closed, seen = threading.Event(), asyncio.Event()

    def endless() -> Iterator[Progress]:
        try:
            while True:
                yield Progress("on")
        finally:
            closed.set()

    work = Background("endless", endless)
    running = asyncio.create_task(work.run(lambda _: seen.set()))
    await seen.wait()
    work.stop()
    assert await running is False
    assert closed.is_set()

    def wrong() -> Iterator[Progress]:
        yield Progress("on")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Background("wrong", wrong).run(lambda _: None)
