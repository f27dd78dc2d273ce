"""Every pane and screen after a recorded session, at three sizes, as text.

`WRITE_SNAPSHOTS=1 pytest tests/ui/test_snapshots.py` writes them anew; read what changed before it is committed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from oci_tui.ui.app import OciApp
from tests.ui.test_workbench import finished, opened, until

FOLDER = Path(__file__).parent / "snapshots"
SCREENS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("workbench", ()),
    ("story", ("f2", "f11")),
    ("earlier-round", ("f11", "f2", "slash", *"round 1", "enter", "enter")),
    ("code", ("escape", "f2", "f11", "f3")),
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


# How long something has been under way.
_SINCE = re.compile(r"  \d+ s$", re.MULTILINE)


def _shown(app: OciApp, part: str) -> str:
    """The screen, or the smallest rectangle of it that holds the widgets of this selector."""
    strips = app.screen._compositor.render_strips()
    areas = [widget.region for widget in app.screen.query(part) if widget.region] if part else [app.screen.region]
    area = Region.from_union(areas) if areas else Region()
    rows = [strip.crop(area.x, area.right).text for strip in strips[area.y : area.bottom]]
    return _SINCE.sub("  … s", _THUMB.sub("", "\n".join(rows)))


async def _still(app: OciApp, pilot: Pilot[None], part: str) -> str:
    """The screen, once there is something on it and it no longer changes."""
    await until(pilot, lambda: bool(_shown(app, part).strip()))
    before, now = "", _shown(app, part)
    while now != before:
        await pilot.pause(0.3)
        before, now = now, _shown(app, part)
    return now


async def as_looked_at(app: OciApp, pilot: Pilot[None], name: str, part: str = "") -> None:
    """Compare the screen, or a part of it, with the file of this name, or write that."""
    file = FOLDER / f"{name}-{app.size.width}x{app.size.height}.txt"
    if os.environ.get("WRITE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(f"{await _still(app, pilot, part)}\n", encoding="utf-8")
    wanted = file.read_text(encoding="utf-8").rstrip("\n")
    try:
        await until(pilot, lambda: _shown(app, part).rstrip("\n") == wanted)
    except AssertionError:
        assert _shown(app, part).splitlines() == wanted.splitlines(), name


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


async def test_the_layout_between_wide_and_narrow() -> None:
    async with opened((100, 30), prompt="make the tests pass") as (app, pilot, _):
        await finished(app, pilot)
        await as_looked_at(app, pilot, "workbench")
        await pilot.press("f4")
        await as_looked_at(app, pilot, "console")
