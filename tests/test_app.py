"""The app over a real session: a real repository, a real container, replies from a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui.assemble import open_session
from oci_tui.settings import EngineSettings, Settings
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.console import ConsolePane
from tests.calculator import FILES, FIXED, RIGHT, WRONG, MakeRepository, scripted


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.02)


def app_on(root: Path, tmp_path: Path, *replies: str, prompt: str = "make the tests pass") -> OciApp:
    scripted(tmp_path, *replies)
    settings = Settings(engine=EngineSettings(kind="scripted", replies=str(tmp_path / "replies.jsonl")))
    return OciApp(lambda: open_session(settings, root), root, "night", prompt=prompt)


@pytest.mark.docker
async def test_a_turn_in_the_app_and_accept(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    app = app_on(root, tmp_path, WRONG, RIGHT)
    async with app.run_test(size=(140, 42)) as pilot:
        conversation = app.workbench.conversation
        await until(pilot, lambda: bool(conversation.pending.files) and not conversation.running)
        assert (root / "calc.py").read_text() == FILES["calc.py"]
        await pilot.press("ctrl+y")
        await until(pilot, lambda: not conversation.pending.files)
        assert (root / "calc.py").read_text() == FIXED
        await app.close_session()


async def test_without_docker_the_app_starts_and_says_what_to_do(
    make_repository: MakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1: one line with the command that mends it; the change is there to be read, not run."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    app = app_on(make_repository(FILES), tmp_path, RIGHT)
    async with app.run_test(size=(140, 42)) as pilot:
        conversation, story = app.workbench.conversation, app.workbench.transcript

        def told() -> str:
            return " ".join(
                word for index in range(story.line_count()) for text, _ in story.line(index) for word in text.split()
            )

        await until(pilot, lambda: "not run: no sandbox" in told())
        assert "but there is no such socket: correct it, or unset it to find the Docker engine of this machine" in told()
        await until(pilot, lambda: bool(conversation.pending.files) and not conversation.running)
        await app.close_session()


@pytest.mark.docker
async def test_the_copying_is_shown_and_stops_at_escape(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES | {f"many/{number}.txt": "x" * 3000 for number in range(4000)})
    app = app_on(root, tmp_path, RIGHT, prompt="")
    async with app.run_test(size=(140, 42)) as pilot:
        conversation, story = app.workbench.conversation, app.workbench.transcript

        def told() -> str:
            rows = (text for index in range(story.line_count()) for text, _ in story.line(index))
            return " ".join(word for text in rows for word in text.split())

        await until(pilot, lambda: "copied" in told() and "of 4,002 files" in told())
        await pilot.press("escape")
        await until(pilot, lambda: "the sandbox was stopped; the next prompt makes it ready" in told())
        await until(pilot, lambda: conversation.ready)
        conversation.send("make the tests pass")
        await until(pilot, lambda: bool(conversation.pending.files) and not conversation.running)
        await app.close_session()


@pytest.mark.docker
async def test_one_hunk_is_accepted_the_other_dropped(make_repository: MakeRepository, tmp_path: Path) -> None:
    lines = [f"{number}\n" for number in range(30)]
    root = make_repository({"numbers.txt": "".join(lines)})
    changed = "".join(["first\n", *lines[1:-1], "last\n"])
    app = app_on(root, tmp_path, f"numbers.txt\n```\n{changed}```\n")
    async with app.run_test(size=(140, 42)) as pilot:
        conversation = app.workbench.conversation
        await until(pilot, lambda: bool(conversation.pending.files) and not conversation.running)
        await pilot.press("alt+4", "n", "n", "a")
        await until(pilot, lambda: (root / "numbers.txt").read_text() == "".join([*lines[:-1], "last\n"]))
        await until(pilot, lambda: not conversation.deciding)
        await pilot.press("r")
        await until(pilot, lambda: not conversation.pending.files)
        assert (root / "numbers.txt").read_text() == "".join([*lines[:-1], "last\n"])
        await app.close_session()


@pytest.mark.docker
async def test_restore_by_name(make_repository: MakeRepository, tmp_path: Path) -> None:
    app = app_on(make_repository(FILES), tmp_path, WRONG, RIGHT)
    async with app.run_test(size=(140, 42)) as pilot:
        conversation, story = app.workbench.conversation, app.workbench.transcript

        def told(text: str) -> bool:
            return any(text in str(story.line(index)) for index in range(story.line_count()))

        await until(pilot, lambda: bool(conversation.pending.files) and not conversation.running)
        await pilot.press(*"/log", "enter")
        await until(pilot, lambda: told("round       1  "))
        await pilot.press(*"/restore 1", "enter")
        await until(pilot, lambda: "return b - a" in str(conversation.pending))
        await until(pilot, lambda: told("the mirror is back at round 1"))
        await app.close_session()


@pytest.mark.docker
async def test_escape_stops_what_runs(make_repository: MakeRepository, tmp_path: Path) -> None:
    app = app_on(make_repository(FILES), tmp_path, "```bash\necho up; sleep 600\n```")
    async with app.run_test(size=(140, 42)) as pilot:
        conversation = app.workbench.conversation
        console = app.workbench.query_one(ConsolePane)
        await until(pilot, lambda: any("up" in str(console.line(index)) for index in range(console.line_count())))
        await pilot.press("escape")
        await until(pilot, lambda: not conversation.running)
        await app.close_session()
