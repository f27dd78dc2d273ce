"""The settings screen: every key, changed live, refused in one line, saved when asked to."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui.core.policy import Policy
from oci_tui.settings import keys, load
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.settings import SettingsScreen
from tests.ui.desks import desk_of
from tests.ui.test_workbench import RECORDING, on_screen, text_of, until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text('[agent]\nrounds = 4  # enough\n\n[check]\ncommand = "make test"\n')
    return file


class Adopting(ReplaySession):
    """A recording that remembers how its turns are to be run."""

    def adopt(self, policy: Policy) -> None:
        self.policy = policy


@asynccontextmanager
async def settings_opened(
    file: Path, size: tuple[int, int] = (120, 40)
) -> AsyncGenerator[tuple[OciApp, Pilot[None], SettingsScreen, Adopting]]:
    session, desk = Adopting(RECORDING, speed=0), desk_of(file)
    app = OciApp(lambda: session, Path("/src/parser"), "night", desk=desk)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press(*"/settings", "enter")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and "[engine]" in on_screen(app))
        assert isinstance(app.screen, SettingsScreen)
        yield app, pilot, app.screen, session
        await app.close_session()


def _said(app: OciApp, text: str) -> bool:
    return text in on_screen(app)


async def go_to(pilot: Pilot[None], screen: SettingsScreen, name: str) -> None:
    row = next(number for number, row in enumerate(screen._rows) if not isinstance(row, str) and row.id == name)
    screen.rows.go_to(row)
    await until(pilot, lambda: name in text_of(screen.detail))


async def test_every_key_is_there_with_its_doc_value_and_origin(file: Path) -> None:
    async with settings_opened(file) as (_, pilot, screen, _):
        for key in keys():
            await go_to(pilot, screen, key.id)
            told = " ".join(text_of(screen.detail).split())
            assert " ".join(key.doc.split()) in told
            assert "counts" in told
        await go_to(pilot, screen, "check.command")
        assert "make test" in text_of(screen.detail)
        assert "your settings file" in " ".join(text_of(screen.detail).split())


async def test_a_change_is_live_and_saved_only_when_asked_to(file: Path) -> None:
    before = file.read_text()
    async with settings_opened(file) as (app, pilot, screen, session):
        await go_to(pilot, screen, "agent.rounds")
        await pilot.press("enter", "backspace", "7", "enter")
        await until(pilot, lambda: "1 change not saved" in on_screen(app))
        assert session.policy.rounds == 7
        await go_to(pilot, screen, "ui.theme")
        await pilot.press("enter", *"day", "enter")
        await until(pilot, lambda: app.theme == "day")
        await go_to(pilot, screen, "ui.keys")
        await pilot.press("enter", *"help = f3", "enter")
        await until(pilot, lambda: app.keymap == {"help": "f3"})
        assert file.read_text() == before
        await pilot.press("s")
        await until(pilot, lambda: "3 changes saved in" in on_screen(app))
        assert "rounds = 7  # enough" in file.read_text()
        assert load(file=file).ui.theme == "day"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)


async def test_a_choice_goes_round_and_what_cannot_be_used_is_one_line(file: Path) -> None:
    async with settings_opened(file) as (app, pilot, screen, session):
        await go_to(pilot, screen, "workspace.commit")
        await pilot.press("enter")
        await until(pilot, lambda: "never" in text_of(screen.detail))
        assert session.policy.commit == "never"
        await pilot.press("u")
        await until(pilot, lambda: session.policy.commit == "ask")
        for name, typed, said in (
            ("agent.rounds", "0", "agent.rounds: expected `int` >= 1"),
            ("ui.theme", "nope", "there is no theme 'nope'"),
            ("ui.keys", "fly = f3", "ui.keys.fly: no such action"),
        ):
            await go_to(pilot, screen, name)
            await pilot.press("enter", *["backspace"] * 3, *typed, "enter")
            await until(pilot, partial(_said, app, said))
            assert screen.ask_line.has_focus, "what was typed can be mended"
            await pilot.press("escape")
        assert app.theme == "night"
        assert app.keymap == {}
        assert "not saved" not in on_screen(app)


async def test_the_default_is_one_key_away_and_leaves_the_file(file: Path) -> None:
    async with settings_opened(file) as (app, pilot, screen, session):
        await go_to(pilot, screen, "check.command")
        await pilot.press("d")
        await until(pilot, lambda: session.policy.check_command == "")
        await pilot.press("s")
        await until(pilot, lambda: "1 change saved" in on_screen(app))
        assert "command" not in file.read_text()


async def test_what_is_done_to_the_workbench_is_not_done_below_the_screen(file: Path) -> None:
    async with settings_opened(file) as (app, pilot, screen, _):
        await pilot.press("f5", "ctrl+y", "ctrl+r", "f7")
        await pilot.pause()
        assert app.screen is screen
        assert app.workbench.focused is app.workbench.query_one("#prompt")
        await pilot.press("slash", *"threads", "enter")
        await until(pilot, lambda: "engine.threads" in text_of(screen.detail))


async def test_a_recording_has_no_settings() -> None:
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "night")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f9")
        await until(pilot, lambda: "there are no settings to change" in on_screen(app))
        await app.close_session()
