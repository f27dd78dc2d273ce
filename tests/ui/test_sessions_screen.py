"""The sessions screen: recorded sessions are searched, gone on with, forked, renamed and deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, closing
from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui import assemble
from oci_tui.settings import Settings, load
from oci_tui.ui.app import OciApp
from oci_tui.ui.conversation import Converses
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.sessions import SessionsScreen
from tests.calculator import FILES, MakeRepository, scripted
from tests.cli.test_sandbox import opened
from tests.ui.desks import desk_of
from tests.ui.test_workbench import RECORDING, on_screen, text_of, until


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    _, kind, _, file = scripted(tmp_path, "It adds them.")
    return load({"engine.kind": kind, "engine.replies": file})


async def recorded(settings: Settings, root: Path, *prompts: str) -> str:
    """A session in which these were asked; its name."""
    session = assemble.open_session(settings, root)
    for prompt in prompts:
        async with aclosing(session.ask(prompt)) as happened:
            async for _ in happened:
                pass
    await session.close()
    return session.name


@asynccontextmanager
async def sessions_opened(
    tmp_path: Path, root: Path, mine: Converses | None = None
) -> AsyncGenerator[tuple[OciApp, Pilot[None], SessionsScreen]]:
    desk = desk_of(tmp_path / "none.toml")
    app = OciApp(lambda: mine or ReplaySession(RECORDING, speed=0), root, "night", desk=desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, SessionsScreen) and "repository" in on_screen(app))
        assert isinstance(app.screen, SessionsScreen)
        yield app, pilot, app.screen
        await app.close_session()


async def test_sessions_are_listed_with_what_was_done_in_them_and_searched(
    settings: Settings, make_repository: MakeRepository, tmp_path: Path
) -> None:
    root, other = make_repository(FILES), make_repository(FILES, "other")
    await recorded(settings, root, "why does it add?")
    await recorded(settings, root, "what is a \x1b]0;owned\x07 number?")
    await recorded(settings, other, "elsewhere")
    async with sessions_opened(tmp_path, root) as (app, pilot, screen):
        await until(pilot, lambda: "2 sessions about this repository" in on_screen(app))
        await until(pilot, lambda: "answered" in text_of(screen.detail) and "❯ what is a ␛]0;owned␇" in text_of(screen.detail))
        await pilot.press("slash", *"does", "enter")
        await until(pilot, lambda: "why does it add?" in text_of(screen.detail).splitlines()[0])
        await pilot.press("h")
        await until(pilot, lambda: "3 sessions about every repository" in on_screen(app))
        assert "other: elsewhere" in text_of(screen.rows)


async def test_a_session_is_found_by_all_of_its_title_and_what_was_asked_in_it(
    settings: Settings, make_repository: MakeRepository, tmp_path: Path
) -> None:
    root = make_repository(FILES)
    await recorded(settings, root, "first", "and what of the\nneedle in it?")
    await recorded(settings, root, f"{'a long title ' * 12}with its end")
    await recorded(settings, root, "another")
    async with sessions_opened(tmp_path, root) as (app, pilot, screen):
        await until(pilot, lambda: "3 sessions about this repository" in on_screen(app))
        assert "its end" not in text_of(screen.rows)
        for words, row in (("its end", 1), ("needle", 2), ("another", 0), ("what of", 2)):
            await pilot.press("slash", *words, "enter")
            await until(pilot, lambda row=row: screen.rows.row == row)  # type: ignore[misc]
        await pilot.press("slash", *"nowhere", "enter")
        await until(pilot, lambda: "nothing here has 'nowhere'" in on_screen(app))


async def test_a_session_is_renamed_forked_and_deleted(
    settings: Settings, make_repository: MakeRepository, tmp_path: Path
) -> None:
    root = make_repository(FILES)
    name = await recorded(settings, root, "why?")
    async with sessions_opened(tmp_path, root) as (app, pilot, screen):
        await until(pilot, lambda: "1 session about" in on_screen(app))
        await pilot.press("r", *["backspace"] * 4, *"the sum", "enter")
        await until(pilot, lambda: "the sum" in text_of(screen.rows))
        assert assemble.archive().find(name).title == "the sum"
        await pilot.press("f", *"x", "enter")
        await until(pilot, lambda: "write the number of a round" in on_screen(app))
        await pilot.press("backspace", *"99", "enter")
        await until(pilot, lambda: "no round 99" in on_screen(app))
        await pilot.press("f", "enter")
        await until(pilot, lambda: "2 sessions about" in on_screen(app) and "forked as" in on_screen(app))
        new = next(summary.name for summary in assemble.archive().listed() if summary.name != name)
        await until(pilot, lambda: f"session  {new}" in text_of(screen.detail))
        await pilot.press("D")
        await until(pilot, lambda: "D again deletes it for good" in on_screen(app))
        assert len(assemble.archive().listed()) == 2
        await pilot.press("D")
        await until(pilot, lambda: "1 session about" in on_screen(app))
        assert [summary.name for summary in assemble.archive().listed()] == [name]


async def test_going_on_ends_the_app_with_the_wish(settings: Settings, make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    name = await recorded(settings, root, "why?")
    open_now = assemble.open_session(settings, root)
    async with sessions_opened(tmp_path, root) as (app, pilot, _):
        await until(pilot, lambda: "2 sessions about" in on_screen(app))
        await pilot.press("enter")
        await until(pilot, lambda: "is open already" in on_screen(app))
        await pilot.press("D")
        await until(pilot, lambda: "this session is open; leave it first" in on_screen(app))
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.return_code is not None)
        assert app.resumes is not None
        assert (app.resumes.name, app.return_code) == (name, 0)
    await open_now.close()


async def about_it(pilot: Pilot[None], screen: SessionsScreen, words: str) -> None:
    await until(pilot, lambda: words in " ".join(text_of(screen.detail).split()))


async def test_the_session_of_this_app_can_be_told_from_anothers(
    settings: Settings, make_repository: MakeRepository, tmp_path: Path
) -> None:
    root = make_repository(FILES)
    anothers, mine = assemble.open_session(settings, root), assemble.open_session(settings, root)
    async with sessions_opened(tmp_path, root, mine) as (app, pilot, screen):
        await until(pilot, lambda: "2 sessions about" in on_screen(app))
        rows = text_of(screen.rows)
        assert (rows.count("▸"), rows.count("◦")) == (1, 1)
        told = {mine.name: "open here", anothers.name: "open in another oci-tui"}
        for summary in assemble.archive().listed(str(root)):
            await about_it(pilot, screen, f"{summary.name}, {told[summary.name]}")
            await pilot.press("j")
    await anothers.close()


async def test_a_repository_that_is_gone_is_said(settings: Settings, make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    await recorded(settings, root, "why?")
    root.rename(tmp_path / "moved")
    async with sessions_opened(tmp_path, root) as (app, pilot, _):
        await until(pilot, lambda: "1 session about" in on_screen(app))
        await pilot.press("enter")
        await until(pilot, lambda: "its repository is gone" in on_screen(app))


async def test_without_sessions_it_says_what_would_be_here(tmp_path: Path) -> None:
    async with sessions_opened(tmp_path, tmp_path) as (app, pilot, _):
        await until(pilot, lambda: "No session is here" in on_screen(app))
        await pilot.press("enter", "f", "r", "D", "escape")
        await until(pilot, lambda: app.screen is app.workbench)


def test_the_program_goes_on_with_the_chosen_session(
    settings: Settings, make_repository: MakeRepository, tmp_path: Path
) -> None:
    """The real program in a terminal: a session is left for an earlier one, which has what was said in it."""
    root = make_repository(FILES)
    asyncio.run(recorded(settings, root, "what was asked before?"))
    flags = ["--engine", settings.engine.kind, "--replies", settings.engine.replies]
    with closing(opened(flags, root, tmp_path)) as terminal:
        terminal.until(lambda: "scripted on none" in terminal.text)
        terminal.press(b"\x0f")
        terminal.until(lambda: "2 sessions about this repository" in terminal.text)
        terminal.press(b"j")
        terminal.until(lambda: "answered" in terminal.text)
        terminal.press(b"\r")
        terminal.until(lambda: "❯ what was asked before?" in terminal.text and "Sessions" not in terminal.text)
        terminal.press(b"and now?\r")
        terminal.until(lambda: "❯ and now?" in terminal.text and "answered · 1 round" in terminal.text)
        terminal.press(b"\x11\x11")
        assert terminal.ended()[0] == 0
    (now, empty) = assemble.archive().listed(str(root))
    assert (now.title, now.turns, empty.turns) == ("what was asked before?", 2, 0)
