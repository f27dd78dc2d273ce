"""Every pane and screen after a recorded session, at three sizes, as text.

`WRITE_SNAPSHOTS=1 pytest tests/ui/test_snapshots.py` writes them anew; read what changed before it is committed.
"""

from __future__ import annotations

import os
import re
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
    ("code-edited", ("e",)),
    ("console", ("escape", "f4")),
    ("changes", ("f5",)),
    ("side-by-side", ("s",)),
    ("files", ("t",)),
    ("help", ("f1",)),
    ("themes", ("escape", "f8")),
    ("leader", ("escape", "ctrl+x")),
    ("suggestions", ("escape", "f11", "f6", "slash", "r", "e")),
)


# How far the scrollbar's thumb reaches depends on the jumps that a pane came there by.
_THUMB = re.compile(r" *[▁▂▃▄▅▆▇]? *$", re.MULTILINE)


def _shown(app: OciApp) -> str:
    return _THUMB.sub("", on_screen(app))


async def _still(app: OciApp, pilot: Pilot[None]) -> str:
    """The screen, once it no longer changes."""
    before, now = "", _shown(app)
    while now != before:
        await pilot.pause(0.3)
        before, now = now, _shown(app)
    return now


async def as_looked_at(app: OciApp, pilot: Pilot[None], name: str) -> None:
    """Compare the screen with the file of this name, or write that."""
    file = FOLDER / f"{name}-{app.size.width}x{app.size.height}.txt"
    if os.environ.get("WRITE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(f"{await _still(app, pilot)}\n", encoding="utf-8")
    wanted = file.read_text(encoding="utf-8").rstrip("\n")
    try:
        await until(pilot, lambda: _shown(app).rstrip("\n") == wanted)
    except AssertionError:
        assert _shown(app).splitlines() == wanted.splitlines(), name


def _compared(name: str, text: str) -> list[str]:
    """The lines, of the help without the scroll bar: every new key moves it."""
    bare = text.translate(dict.fromkeys(map(ord, "▁▂▃▄▅▆▇█"), " ")) if name == "help" else text
    return [line.rstrip() for line in bare.splitlines()]


@pytest.mark.parametrize(("columns", "rows"), [(120, 40), (80, 24), (40, 12)])
async def test_screens_are_as_they_were_looked_at(columns: int, rows: int) -> None:
    async with opened((columns, rows), prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        for name, pressed in SCREENS:
            await pilot.press(*pressed)
            await pilot.pause()
            app.workbench.say("")  # a passing word would be in what comes after it too, or not, by the clock
            await as_looked_at(app, pilot, name)
