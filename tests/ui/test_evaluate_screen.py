"""The evaluations screen shows a run as it goes on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from oci_tui.core.measured import Measured, MeasuredTask
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.evaluate import NOTHING, EvaluateScreen
from tests.ui.desks import desk_of
from tests.ui.test_workbench import RECORDING, on_screen, until

TASKS = (
    MeasuredTask("Mbpp/2", (True,), True, 2.0),
    MeasuredTask("Mbpp/3", (False, True), True, 4.0),
    MeasuredTask("Mbpp/4\x1b]0;evil\x07", (False, False), False, 6.0, "the next prompt did not fit"),
)


async def test_a_run_is_shown_as_it_goes_on(tmp_path: Path) -> None:
    runs: list[Measured] = []
    desk = replace(desk_of(tmp_path / "config.toml"), measured=lambda: tuple(runs), measured_in="/state/evaluations")
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src/parser"), "night", desk=desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press(*"/evaluations", "enter")
        await until(pilot, lambda: isinstance(app.screen, EvaluateScreen) and NOTHING[:30] in on_screen(app))
        told = "".join(row.split("│")[0].split("┃")[0] for row in on_screen(app).splitlines()[:8])
        assert NOTHING.replace(" ", "") in told.replace(" ", "")
        assert "lookedforin/state/evaluations;arunwith--outisnotseenhere" in told.replace(" ", "")
        begun = partial(Measured, "run.jsonl", "mbpp+ v0.2.0 · visible ×3", "some-model", 4)
        runs.append(begun(TASKS[:2], running=True))
        await until(pilot, lambda: "Mbpp/3" in on_screen(app))
        assert "2 of 4" in on_screen(app)
        assert "50.0 %  (1)" in on_screen(app)
        assert "about 6.00 s" in on_screen(app)
        runs[0] = begun(TASKS, running=True)
        await until(pilot, lambda: "3 of 4" in on_screen(app))
        assert "✗ ✗" in on_screen(app)
        assert "the next prompt" in on_screen(app)
        assert "\x1b" not in on_screen(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)
        await app.close_session()


async def test_a_recording_has_no_evaluations() -> None:
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src/parser"), "night")
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press(*"/evaluations", "enter")
        await until(pilot, lambda: "no evaluations to watch" in on_screen(app))
        await app.close_session()
