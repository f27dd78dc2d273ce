"""A session looks as it was left: the pane on the whole screen, or the one behind the tabs; others are not touched by it."""

from __future__ import annotations

from pathlib import Path

from oci_tui.resources import state_folder
from oci_tui.ui.app import OciApp
from oci_tui.ui.remembered import Left, RememberedFile
from oci_tui.ui.replay import ReplaySession

RECORDING = Path(__file__).parent / "recordings" / "lexer.jsonl"


def app_on(name: str) -> OciApp:
    session = ReplaySession(RECORDING, speed=0)
    session.name = name
    return OciApp(lambda: session, Path("/src/parser"), "night")


async def shown(name: str, *, zoom: str = "", size: tuple[int, int] = (140, 40), tab: str = "") -> set[str]:
    """The panes on the screen of this session, once one was zoomed or chosen."""
    app = app_on(name)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if zoom:
            app.workbench.zoom(zoom)
        if tab:
            app.workbench.focus_pane(tab)
        await pilot.pause()
        return {str(pane.id) for pane in app.workbench._panes if pane.is_on_screen and pane.region.area}


async def test_it_looks_as_it_was_left() -> None:
    everything = await shown("one")
    assert len(everything) == 4
    assert await shown("one", zoom="console") == {"console"}
    assert await shown("one") == {"console"}
    assert await shown("two") == everything
    assert await shown("one", zoom="console") == everything, "zoomed again it is as before"
    assert await shown("one") == everything
    assert await shown("two", size=(60, 20), tab="changes") == {"changes"}
    assert await shown("two", size=(60, 20)) == {"changes"}


def test_only_so_many_sessions_are_remembered() -> None:
    file = RememberedFile(state_folder() / "app.json")
    for number in range(150):
        file.leave(f"s{number}", Left("code"))
    again = RememberedFile(state_folder() / "app.json").now.left
    assert len(again) == 100
    assert list(again)[-1] == "s149"
