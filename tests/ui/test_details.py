"""The status details: facts of every part, kept level with what happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui.core.events import EngineReady, PartFailed, PartProgressed, ReplyFinished, SandboxReady
from oci_tui.core.generation import EngineInfo, Usage
from oci_tui.core.ports import SandboxInfo
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.rows import TextPane
from oci_tui.ui.replay import ReplaySession
from tests.ui.desks import desk_of
from tests.ui.test_workbench import RECORDING, finished, on_screen, opened, text_of, until


async def told(app: OciApp, pilot: Pilot[None], *wanted: str) -> None:
    pane = app.screen.query_one("#details", TextPane)
    await until(pilot, lambda: all(text in " ".join(text_of(pane).split()) for text in wanted))


async def test_every_fact_of_a_session_is_there() -> None:
    async with opened((120, 60), prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        bench = app.workbench
        bench.show(EngineReady(EngineInfo("exllamav2", "ds-6.7b", 16384, "RTX 4090", 4.25, speed_limit=130.0)))
        usage = Usage(prompt_tokens=3000, cached_tokens=2600, reply_tokens=101, first_token_s=0.25, seconds=1.25)
        bench.show(ReplyFinished("text", usage))
        limits, weak = ("2048 MB of memory", "no network"), ("no seccomp",)
        bench.show(SandboxReady(SandboxInfo("Docker 28", "python (abc)", limits, ("pids",), weak)))
        await pilot.press("f12")
        await told(app, pilot, "ds-6.7b · 4.25 bits per weight", "exllamav2 on RTX 4090")
        await told(app, pilot, "3,101 of 16,384 tokens, 19%", "100.0 tokens/s, 77% of the 130 that the memory allows")
        await told(app, pilot, "first token 0.25 s", "3,000 tokens: 2,600 cached, 400 computed", "101 tokens in 1.25 s")
        await told(app, pilot, "Docker 28", "2048 MB of memory · no network", "not enforced pids", "weak no seccomp")
        await told(app, pilot, "branch", "pending 1 file +8 −3", "repository /src/parser")


async def test_it_follows_what_happens_while_it_is_open() -> None:
    async with opened((120, 60)) as (app, pilot, _):
        await pilot.press(*"/status", "enter")
        app.workbench.show(PartProgressed("engine", "reading the weights", 0.42))
        await told(app, pilot, "◌ reading the weights 42%")
        app.workbench.show(PartFailed("engine", "no GPU here"))
        await told(app, pilot, "✗ no GPU here")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)


async def test_the_machine_is_asked_while_the_screen_is_there(tmp_path: Path) -> None:
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "night", desk=desk_of(tmp_path / "none.toml"))
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("f12")
        await told(app, pilot, "GB available", "textual 8", "engine's log")
        assert "asking" not in on_screen(app)
        await app.close_session()


@pytest.mark.parametrize(("limit", "shown"), [(200.0, "50 tok/s 25%"), (0.0, "50 tok/s ")])
async def test_the_status_line_tells_the_share_of_the_speed_limit(limit: float, shown: str) -> None:
    async with opened((200, 40)) as (app, pilot, _):
        app.workbench.show(EngineReady(EngineInfo("e", "m", 1000, speed_limit=limit)))
        app.workbench.show(ReplyFinished("", Usage(10, 0, 51, 0.0, 1.0)))
        await until(pilot, lambda: shown in on_screen(app))
