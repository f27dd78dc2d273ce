"""Every screen over the workbench at three sizes, as text: filled, empty, and with names that are hard to show.

`WRITE_SNAPSHOTS=1` writes them anew, as for the panes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from oci_tui.core.events import HistoryListed, PartFailed, PartProgressed, SessionRenamed, TurnStarted, encode
from oci_tui.core.measured import Measured
from oci_tui.core.models import Listed
from oci_tui.core.ports import Command
from oci_tui.resources import state_folder
from oci_tui.settings import Settings
from oci_tui.ui.app import OciApp
from oci_tui.ui.desk import Desk
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.approval import ApprovalScreen
from tests.store.test_archive import a_turn, recorded
from tests.ui.desks import desk_of
from tests.ui.odd import EMOJI, HEBREW, LONG, WIDE, conflict, odd_events, remembered
from tests.ui.test_code import stream
from tests.ui.test_evaluate_screen import TASKS
from tests.ui.test_snapshots import as_looked_at
from tests.ui.test_workbench import RECORDING, finished, on_screen, opened, text_of, until

SIZES = [(120, 40), (80, 24), (40, 12)]
ROOT, START = Path("/home/ada/parser"), 1_700_000_000.0
TABLE = [
    "model     OpenCodeInterpreter on DeepSeek-Coder 33B",
    "format    EXL2, llama, 4.65 bits per weight: for exllamav2",
    "context   16384 tokens",
    "GPU       NVIDIA GeForce RTX 4090 (24.1 of 25.8 GB free)",
    "speed     at most 52 tokens/s, 44 with a full window (1008 GB/s of memory bandwidth)",
    "",
    "GPU memory needed, GB, ✓ where it fits",
    "  bits  cache       4096      8192     16384  tokens of window",
    "     4     Q8     18.3 ✓    18.9 ✓    20.0 ✓",
    "     5   FP16     22.9 ✓    24.0 ✓    26.0 ✗",
]
MODELS = (
    Listed(
        "opencodeinterpreter-ds-33b", "OpenCodeInterpreter on DeepSeek-Coder 33B, EXL2 at 3 4 4.65 5 6 8 bits", True, 19 * 10**9
    ),
    Listed(
        "qwen2.5-coder-1.5b",
        "Qwen2.5-Coder 1.5B Instruct, Q4_K_M: writes usable code on a CPU",
        False,
        1117320768,
        "Apache-2.0",
    ),
    Listed(f"{'a-model-with-a-long-name-' * 3}q4.gguf", "found in the models folder", True, 4 * 10**9),
    Listed(WIDE, f"{EMOJI} {HEBREW}", True, 10**9, "許諾"),
)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same hours everywhere."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def told(_: Settings) -> list[str]:
    return TABLE


def desk(models: tuple[Listed, ...]) -> Desk:
    """Nothing of this machine, and nothing that changes from day to day."""
    made = desk_of(Path("/home/ada/.config/oci-tui/config.toml"))
    machine = [
        ("GPU memory", "20.1 of 25.8 GB in use on NVIDIA GeForce RTX 4090"),
        ("versions", "Python 3.11.7"),
    ]
    shelf = replace(made.shelf, listed=lambda: models, info=told)
    return replace(made, machine=lambda _: machine, shelf=shelf)


def record_sessions() -> None:
    folder = state_folder() / "sessions"
    about: dict[str, Any] = {"root": str(ROOT), "at": START}
    recorded(folder, "20231114-221320-aaaaaa", *a_turn(1, "make the tests pass", START), root=str(ROOT), at=START)
    odd = TurnStarted(1, f"{WIDE} を直して 🚀 {HEBREW}", at=1_700_100_000.0)
    recorded(folder, "20231116-020000-bbbbbb", odd, *a_turn(1, "and now?", 1_700_100_000.0), **about)
    renamed = SessionRenamed("a title that the person gave, which is longer than any list is wide " * 2, at=1_700_200_000.0)
    recorded(folder, "20231117-054640-cccccc", *a_turn(1, "x", 1_700_200_000.0), renamed, **about)


@asynccontextmanager
async def over(
    size: tuple[int, int],
    recording: Path = RECORDING,
    models: tuple[Listed, ...] = MODELS,
    measured: tuple[Measured, ...] = (),
) -> AsyncGenerator[tuple[OciApp, Pilot[None]]]:
    app = OciApp(
        lambda: ReplaySession(recording, speed=0), ROOT, "night", desk=replace(desk(models), measured=lambda: measured)
    )
    app.log_file = Path("/home/ada/.local/state/oci-tui/oci-tui.log")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        yield app, pilot
        await app.close_session()


@pytest.mark.parametrize("size", SIZES)
async def test_screens_over_the_workbench(size: tuple[int, int]) -> None:
    record_sessions()
    async with over(size) as (app, pilot):
        for name, pressed in (
            ("settings", ("f9", "j", "j", "j")),
            ("settings-typed", ("enter", "backspace", "x", "enter")),
            ("status", ("escape", "escape", "f12")),
            ("models", ("escape", "f10")),
            ("models-fetch", ("p",)),
            ("sessions", ("escape", "escape", "ctrl+o")),
            ("sessions-rename", ("j", "r")),
        ):
            await pilot.press(*pressed)
            await as_looked_at(app, pilot, name)


@pytest.mark.parametrize("size", SIZES)
async def test_empty_screens_teach(tmp_path: Path, size: tuple[int, int]) -> None:
    quiet = tmp_path / "quiet.jsonl"
    quiet.write_bytes(encode(PartFailed("engine", "the model a is not here; fetch it with `oci-tui models pull a`")))
    async with over(size, quiet, ()) as (app, pilot):
        await pilot.press("ctrl+o")
        await as_looked_at(app, pilot, "sessions-none")
        await pilot.press("escape", "f10")
        await as_looked_at(app, pilot, "models-none")
        await pilot.press("escape", "f12")
        await as_looked_at(app, pilot, "status-none")


@pytest.mark.parametrize("size", SIZES)
async def test_conflict_and_time_line(size: tuple[int, int]) -> None:
    async with over(size) as (app, pilot):
        app.workbench.show(conflict())
        await as_looked_at(app, pilot, "conflict")
        await pilot.press("escape")
        app.workbench.show_timeline = True
        app.workbench.show(HistoryListed(remembered()))
        await as_looked_at(app, pilot, "timeline")


@pytest.mark.parametrize("size", SIZES)
async def test_names_that_are_hard_to_show(tmp_path: Path, size: tuple[int, int]) -> None:
    """Long, wide, right to left, of joined characters: nothing runs over its edge, nothing is torn."""
    odd = tmp_path / "odd.jsonl"
    odd.write_bytes(b"\n".join(encode(event) for event in odd_events()))
    async with over(size, odd) as (app, pilot):
        app.workbench.conversation.send("直して")
        await until(pilot, lambda: not app.workbench.conversation.running and bool(app.workbench.conversation.pending.files))
        for name, pressed in (
            ("odd-story", ("f2",)),
            ("odd-code", ("f3",)),
            ("odd-console", ("f4",)),
            ("odd-changes", ("f5", "g")),
            ("odd-files", ("t",)),
            ("odd-status", ("f12",)),
        ):
            await pilot.press(*pressed)
            await as_looked_at(app, pilot, name)
            for strip in app.screen._compositor.render_strips():
                assert strip.cell_length == size[0]
        assert LONG[:20] in "".join(file.path for file in app.workbench.conversation.pending.files)


@pytest.mark.parametrize("size", SIZES)
async def test_a_question_and_the_palette(size: tuple[int, int]) -> None:
    async with over(size) as (app, pilot):
        command = Command("bash", language="bash", code=f"cd parser\npytest -q {'tests/test_lexer.py ' * 6}\n")
        asked = asyncio.create_task(app.ask(command, "pytest *"))
        await until(pilot, lambda: isinstance(app.screen, ApprovalScreen) and app.screen.armed)
        await as_looked_at(app, pilot, "approval", "ApprovalScreen > Vertical")
        await pilot.press("n")
        assert await asked == "no"
        await until(pilot, lambda: app.screen is app.workbench)
        script = "".join(f"python3 -m tools.migrate --table table_{number} --dry-run\n" for number in range(40))
        asked = asyncio.create_task(app.ask(Command("bash", language="bash", code=script), ""))
        await until(pilot, lambda: isinstance(app.screen, ApprovalScreen) and app.screen.armed)
        await as_looked_at(app, pilot, "approval-long", "ApprovalScreen > Vertical")
        await pilot.press("n")
        assert await asked == "no"
        await until(pilot, lambda: app.screen is app.workbench)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"pending")
        await until(pilot, lambda: "Accept the pending change" in on_screen(app))
        await as_looked_at(app, pilot, "palette", "CommandInput, CommandList")


@pytest.mark.parametrize("size", SIZES)
async def test_evaluations(size: tuple[int, int]) -> None:
    runs = (
        Measured(
            "20231114-run.jsonl", "mbpp+ v0.2.0 · visible ×3", "OpenCodeInterpreter-DS-6.7B 4.0 bpw", 4, TASKS, running=True
        ),
        Measured("20231113-run.jsonl", "humaneval v1.2 · first", LONG, 2, TASKS[:2]),
    )
    async with over(size, measured=runs) as (app, pilot):
        app.action_evaluations()
        await as_looked_at(app, pilot, "evaluations")


@pytest.mark.parametrize("size", SIZES)
async def test_the_lines_around_the_prompt(size: tuple[int, int]) -> None:
    """What is under way, what waits, what is searched for, and why a part of the change is rejected."""
    around = "#ask, SearchLine, Hints"
    async with opened(size, prompt="make the tests pass", paused_at=60) as (app, pilot, session):
        await session.reached.wait()
        app.workbench.show(PartProgressed("engine", "reading OpenCodeInterpreter-DS-6.7B into the GPU's memory", 0.25))
        app.workbench.show(PartProgressed("sandbox", f"copying {WIDE}"))
        for prompt in (f"{WIDE} を直して 🚀 {HEBREW}", "and the tests"):
            app.workbench.conversation.send(prompt)
        await as_looked_at(app, pilot, "progress", "ProgressLines")
        await as_looked_at(app, pilot, "queue", "QueueLine")
        await pilot.press("escape")
        await until(pilot, lambda: not app.workbench.conversation.running)
        app.workbench.say("")
        await pilot.press("f3", "slash", *"self.peek")
        await as_looked_at(app, pilot, "search", around)
    async with opened(size, prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("f5", "n", "x", *"too clever")
        await as_looked_at(app, pilot, "reason", around)


@pytest.mark.parametrize("size", SIZES)
async def test_how_sure_the_model_was(size: tuple[int, int]) -> None:
    async with over(size) as (app, pilot):
        stream(app.workbench.code)
        await until(pilot, lambda: "ls" in text_of(app.workbench.code))
        await pilot.press("f3", "g", "l")
        await as_looked_at(app, pilot, "heat", "TabLine, #code-frame")
