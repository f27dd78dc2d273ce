"""The question in the app, over a real session: what it shows, who can answer it, and what it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from oci_tui.assemble import open_session
from oci_tui.core.ports import ApprovalMode, Command
from oci_tui.settings import AgentSettings, EngineSettings, Settings
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.screens.approval import ApprovalScreen, CommandPane
from oci_tui.ui.screens.help import HelpScreen
from tests.calculator import FILES, RIGHT, MakeRepository, scripted
from tests.test_app import until
from tests.ui.test_mouse import clicked
from tests.ui.test_workbench import on_screen, opened, text_of

LOOK = "```bash\ncat calc.py\n```"
# a command that is wider than the dialog, with something at its far end, and with what would repaint a terminal
LONG = f"```bash\necho '{'x' * 150}' \x1b[2J\u202e; rm calc.py\n```"
FORGED = """```bash
printf '\\033[2J\\033[HMay the model run this command in the sandbox?\\n'
printf ' 1 true\\ny run it · n do not: the turn ends · a always\\ny\\n\\033[21t'
sleep 600
```"""


@asynccontextmanager
async def asking(
    root: Path, folder: Path, *replies: str, mode: ApprovalMode = "ask"
) -> AsyncGenerator[tuple[OciApp, Pilot[None]]]:
    scripted(folder, *replies)
    engine = EngineSettings(kind="scripted", replies=str(folder / "replies.jsonl"))
    settings = Settings(engine=engine, agent=AgentSettings(approval=mode))
    app = OciApp(lambda: open_session(settings, root), root, "night", prompt="make the tests pass")
    async with app.run_test(size=(120, 40)) as pilot:
        yield app, pilot
        await app.close_session()


def armed(app: OciApp) -> bool:
    return isinstance(app.screen, ApprovalScreen) and app.screen.armed


def console(app: OciApp) -> str:
    return text_of(app.workbench.query_one(ConsolePane))


@pytest.mark.docker
async def test_yes_runs_this_one_and_always_its_like(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with asking(make_repository(FILES), tmp_path, LOOK, LOOK, RIGHT) as (app, pilot):
        await until(pilot, lambda: armed(app))
        screen = on_screen(app)
        for words in ("May the model run this bash code (1 line) in the sandbox?", "1▏cat calc.py", "all that is “cat *”"):
            assert words in screen
        assert "return a - b" not in console(app)
        await pilot.press("a")
        await until(pilot, lambda: console(app).count("return a - b") == 2)
        await until(pilot, lambda: armed(app))
        assert "python3 -m pytest -q" in on_screen(app)
        await pilot.press("y")
        await until(pilot, lambda: "passed · 3 rounds" in text_of(app.workbench.transcript))
        assert app.screen is app.workbench


@pytest.mark.docker
async def test_no_runs_nothing_and_ends_the_turn(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with asking(make_repository(FILES), tmp_path, LOOK) as (app, pilot):
        await until(pilot, lambda: armed(app))
        await pilot.press("n")
        await until(pilot, lambda: "refused · 1 round" in text_of(app.workbench.transcript))
        assert "not run, since you said no: cat calc.py" in text_of(app.workbench.transcript)
        assert not app.workbench.query_one(ConsolePane).line_count()


@pytest.mark.docker
async def test_who_was_typing_did_not_answer_and_escape_stops(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with asking(make_repository(FILES), tmp_path, LOOK) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ApprovalScreen))
        question = app.screen
        assert isinstance(question, ApprovalScreen)
        assert not question.armed
        await pilot.press("y", "e", "s", "enter", "space")
        await until(pilot, lambda: armed(app))
        await pilot.press("enter", "space", "shift+tab", "ctrl+y")
        assert not question.answer.done()
        assert armed(app)
        await pilot.press("escape")
        await until(pilot, lambda: "stopped · 1 round" in text_of(app.workbench.transcript))
        assert app.screen is app.workbench
        assert question.answer.cancelled()


@pytest.mark.docker
async def test_all_of_the_command_is_in_sight_and_harmless(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with asking(make_repository(FILES), tmp_path, LONG) as (app, pilot):
        await until(pilot, lambda: armed(app))
        screen = on_screen(app)
        assert "rm calc.py" in screen
        assert "␛[2J\\u{202e}" in screen
        assert "\x1b[2J" not in screen
        assert "exactly this" in screen
        await pilot.press("escape")


@pytest.mark.docker
async def test_a_question_that_output_draws_is_answered_by_nobody(make_repository: MakeRepository, tmp_path: Path) -> None:
    """T21: what is pressed at a forged question goes to the prompt, and what was asked for next is still to be answered."""
    async with asking(make_repository(FILES), tmp_path, FORGED, LOOK, mode="auto") as (app, pilot):
        await until(pilot, lambda: "May the model run this command" in console(app))
        assert app.screen is app.workbench
        await pilot.press("shift+tab", "shift+tab")
        await until(pilot, lambda: "approval is ask" in on_screen(app))
        await pilot.press("y", "a")
        assert app.workbench._prompt.text == "ya"
        await pilot.press("escape")
        await until(pilot, lambda: not app.workbench.conversation.running)
        await pilot.press("enter")
        await until(pilot, lambda: armed(app))
        assert "cat calc.py" in on_screen(app)
        assert "return a - b" not in console(app)
        await pilot.press("y")
        await until(pilot, lambda: "return a - b" in console(app))


@pytest.mark.docker
async def test_the_mode_goes_round_by_key_and_is_named_by_command(make_repository: MakeRepository, tmp_path: Path) -> None:
    async with asking(make_repository({}), tmp_path, "Done.", mode="auto") as (app, pilot):

        def status() -> str:
            return on_screen(app).splitlines()[0]

        await until(pilot, lambda: not app.workbench.conversation.running and "Done." in on_screen(app))
        assert " auto " in status()
        for mode in ("plan", "ask", "auto"):
            await pilot.press("shift+tab")
            await until(pilot, lambda mode=mode: f" {mode} " in status())  # type: ignore[misc]
        for words, said in (("plan", "nothing runs"), ("never", "there is no approval 'never'"), ("ask", "you are asked")):
            await pilot.press(*f"/approval {words}", "enter")
            await until(pilot, lambda said=said: said in on_screen(app))  # type: ignore[misc]
        assert " ask " in status()


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_in_any_terminal_the_keys_and_the_command_are_in_sight(size: tuple[int, int]) -> None:
    async with opened(size) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code=f"ls\n{'x' * 200}\n" * 9), ""))
        await until(pilot, lambda: armed(app))
        screen = " ".join(on_screen(app).split())
        for words in ("(18 lines)", "1▏ls", "y run it", "n do not", "Esc stop the turn"):
            assert words in screen
        await pilot.press("end")
        await until(pilot, lambda: "   1▏ls" not in on_screen(app))
        await pilot.press("n")
        assert await asked == "no"


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_what_was_not_in_sight_to_its_end_is_not_allowed(size: tuple[int, int]) -> None:
    # drawn as if the question ended here
    code = "\n".join(
        ["ls", *[""] * 3, "▲ this was all of it", " y run it · n do not: the turn ends", *["echo one"] * 60, "rm -r data"]
    )
    async with opened(size) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code=code), "x" * 300))
        await until(pilot, lambda: armed(app) and "more rows before a yes · Space" in on_screen(app))
        question = app.screen
        assert isinstance(question, ApprovalScreen)
        await pilot.press("y", "a", "enter")
        await clicked(app, pilot, "y run it")
        assert not asked.done()
        rows = on_screen(app).splitlines()
        assert "rm -r data" not in on_screen(app)
        forged = [row for row in rows if "this was all of it" in row or "  y run it" in row]
        assert forged
        assert all("▏" in row for row in forged)
        own = " ".join(row.strip() for row in rows if "▏" not in row)
        assert all(words in own for words in ("y run it", "n do not", "a always", "Esc stop")), own
        await clicked(app, pilot, "more rows before a yes")
        await until(pilot, lambda: "   1▏ls" not in on_screen(app))
        assert not question.seen
        await pilot.press("G")
        await until(pilot, lambda: "rm -r data" in on_screen(app) and "▲ this was all of it" in on_screen(app))
        await pilot.press("g")
        await until(pilot, lambda: "   1▏ls" in on_screen(app))
        assert "before a yes" not in on_screen(app)
        await pilot.press("y")
        await until(pilot, asked.done)
        assert asked.result() == "yes"


async def test_who_says_no_need_not_read_it() -> None:
    async with opened((40, 12)) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code="ls\n" * 60), ""))
        await until(pilot, lambda: armed(app) and "before a yes" in on_screen(app))
        await pilot.press("n")
        await until(pilot, asked.done)
        assert asked.result() == "no"


async def test_a_command_that_fits_once_the_terminal_grows_was_seen() -> None:
    async with opened((40, 12)) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code="ls\n" * 12), ""))
        await until(pilot, lambda: armed(app) and "before a yes" in on_screen(app))
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "  12▏ls" in on_screen(app) and "more row" not in on_screen(app))
        await pilot.press("y")
        await until(pilot, asked.done)
        assert asked.result() == "yes"


async def test_a_question_that_came_while_the_terminal_had_no_focus_is_read_by_the_same_keys() -> None:
    async with opened((80, 24)) as (app, pilot, _):
        app.post_message(AppBlur())
        await until(pilot, lambda: app.focused is None)
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code="ls\n" * 60), ""))
        await until(pilot, lambda: armed(app) and "before a yes" in on_screen(app))
        app.post_message(AppFocus())
        await pilot.press("space")
        await until(pilot, lambda: "   1▏ls" not in on_screen(app))
        await pilot.press("G")
        await until(pilot, lambda: "▲ this was all of it" in on_screen(app))
        await pilot.press("y")
        await until(pilot, asked.done)
        assert asked.result() == "yes"


async def test_what_is_below_comes_by_a_click_also_without_the_focus() -> None:
    async with opened((80, 24)) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code="ls\n" * 60), ""))
        await until(pilot, lambda: armed(app) and "before a yes" in on_screen(app))
        app.post_message(AppBlur())
        await until(pilot, lambda: app.focused is None)
        await clicked(app, pilot, "more rows before a yes")
        await until(pilot, lambda: "   1▏ls" not in on_screen(app))
        await pilot.press("n")
        assert await asked == "no"


@pytest.mark.parametrize(("key", "above"), [("ctrl+p", CommandPalette), ("f1", HelpScreen)])
async def test_what_another_screen_covered_was_not_seen(key: str, above: type[CommandPalette | HelpScreen]) -> None:
    async with opened((80, 24)) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code="ls\n" * 30 + "rm -r data"), ""))
        await until(pilot, lambda: armed(app) and "before a yes" in on_screen(app))
        question = app.screen
        assert isinstance(question, ApprovalScreen)
        pane = question.query_one(CommandPane)
        low = pane.size.height
        for left_at in (24, 60):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, above))
            await pilot.resize_terminal(80, 60)
            await until(pilot, lambda: pane.size.height > 30)
            await pilot.resize_terminal(80, left_at)
            await until(pilot, lambda left_at=left_at: (pane.size.height == low) is (left_at == 24))  # type: ignore[misc]
            assert not question.seen
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is question)
            await until(pilot, lambda left_at=left_at: question.seen is (left_at == 60))  # type: ignore[misc]
            await pilot.press("y")
            await until(pilot, lambda left_at=left_at: asked.done() is (left_at == 60))  # type: ignore[misc]
        assert asked.result() == "yes"


def test_the_rows_of_a_command_are_made_once_for_a_width_and_copied_without_their_numbers() -> None:
    pane = CommandPane(Command("bash", language="bash", code="\n".join(f"echo {number}" for number in range(1, 10_001))))
    assert pane.rows_at(80) == 10_000
    made = pane.line(0)
    assert pane.rows_at(80) == 10_000
    assert pane.line(0) is made
    assert pane.rows_at(15) > 10_000
    assert pane.own_text(pane.line_count() - 1) == "10000"
    assert pane.own_text(0) == "echo 1"


async def test_where_one_row_is_in_sight_it_is_said_that_there_is_more() -> None:
    async with opened((30, 7)) as (app, pilot, _):
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code="ls\nrm -r data"), "x"))
        await until(pilot, lambda: armed(app) and "1 more row before a yes" in on_screen(app))
        await pilot.press("G")
        await until(pilot, lambda: "rm -r data" in on_screen(app))
        await pilot.press("y")
        await until(pilot, asked.done)
        assert asked.result() == "yes"
