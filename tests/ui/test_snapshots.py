"""Every pane and screen after a recorded session, at three sizes, as text.

`WRITE_SNAPSHOTS=1 pytest tests/ui/test_snapshots.py` writes them anew; read what changed before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui.ui.app import OciApp
from tests.ui.test_workbench import finished, on_screen, opened, until

FOLDER = Path(__file__).parent / "snapshots"
SCREENS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("workbench", ()),
    ("story", ("f2", "f11")),
    ("code", ("f3",)),
    ("console", ("f4",)),
    ("changes", ("f5",)),
    ("side-by-side", ("s",)),
    ("files", ("t",)),
    ("help", ("f1",)),
    ("themes", ("escape", "f8")),
    ("leader", ("escape", "ctrl+x")),
    ("suggestions", ("escape", "f11", "f6", "slash", "r", "e")),
)


async def _still(app: OciApp, pilot: Pilot[None]) -> str:
    """The screen, once it no longer changes."""
    before, now = "", on_screen(app)
    while now != before:
        await pilot.pause(0.3)
        before, now = now, on_screen(app)
    return now


@pytest.mark.parametrize(("columns", "rows"), [(120, 40), (80, 24), (40, 12)])
async def test_screens_are_as_they_were_looked_at(columns: int, rows: int) -> None:
    async with opened((columns, rows), prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        for name, pressed in SCREENS:
            await pilot.press(*pressed)
            file = FOLDER / f"{name}-{columns}x{rows}.txt"
            if os.environ.get("WRITE_SNAPSHOTS"):
                FOLDER.mkdir(exist_ok=True)
                shown = await _still(app, pilot)
                file.write_text("\n".join(line.rstrip() for line in shown.splitlines()) + "\n", encoding="utf-8")
            wanted = file.read_text(encoding="utf-8").splitlines()

            def as_wanted(wanted: list[str] = wanted) -> bool:
                return [line.rstrip() for line in on_screen(app).splitlines()] == wanted

            try:
                await until(pilot, as_wanted)
            except AssertionError:
                assert [line.rstrip() for line in on_screen(app).splitlines()] == wanted, name
