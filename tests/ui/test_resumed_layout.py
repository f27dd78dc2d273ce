"""A session looks as it was left: the pane on the whole screen, or the one behind the tabs; others are not touched by it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oci_tui.resources import state_folder
from oci_tui.ui.app import OciApp
from oci_tui.ui.remembered import Left, Remembered, RememberedFile, Sizes
from oci_tui.ui.replay import ReplaySession
from tests.ui.test_workbench import text_of, until

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


@pytest.mark.parametrize("left", [Left(tab=""), Left(tab="gone"), Left("code", zoomed="gone")])
async def test_panes_that_there_are_not_are_not_looked_for(left: Left) -> None:
    RememberedFile(state_folder() / "app.json").leave("one", left)
    assert await shown("one", size=(60, 20)) == {"transcript"}


def test_only_so_many_sessions_are_remembered() -> None:
    file = RememberedFile(state_folder() / "app.json")
    for number in range(150):
        file.leave(f"s{number}", Left("code"))
    again = RememberedFile(state_folder() / "app.json").now.left
    assert len(again) == 100
    assert list(again)[-1] == "s149"


def test_apps_that_are_open_together_keep_what_the_others_remember(tmp_path: Path) -> None:
    one, other = (RememberedFile(tmp_path / "app.json") for _ in range(2))
    one.keep(Remembered(theme="paper", sizes={"wide": Sizes(right=40)}))
    other.keep(Remembered(sizes={"medium": Sizes(right=70)}, left={"s": Left("code")}))
    one.leave("t", Left("changes"))
    both = {"wide": Sizes(right=40), "medium": Sizes(right=70)}
    assert RememberedFile(tmp_path / "app.json").now == Remembered("paper", both, {"s": Left("code"), "t": Left("changes")})
    assert one.now.sizes == {"wide": Sizes(right=40)}, "what another app does moves nothing in this one"


def test_apps_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def write(app: int) -> None:
        file = RememberedFile(tmp_path / "app.json")
        assert file.problem + "".join(file.leave(f"{app}-{number}", Left("code")) for number in range(20)) == ""

    with ThreadPoolExecutor(5) as apps:
        list(apps.map(write, range(5)))
    assert len(RememberedFile(tmp_path / "app.json").now.left) == 100


@pytest.mark.parametrize("text", [b"", b'{"theme": 3}', b'{"theme": "pap\xe9r"}', b'{"x":' + b"[" * 100_000])
def test_a_damaged_file_is_put_aside_and_said(text: bytes, tmp_path: Path) -> None:
    for name in ("app.json.damaged", "app.json.damaged1"):
        (tmp_path / "app.json").write_bytes(text)
        file = RememberedFile(tmp_path / "app.json")
        assert file.problem == f"{tmp_path / 'app.json'}: damaged; it is now {name}, and theme and layout are as at first"
        assert (tmp_path / name).read_bytes() == text
        assert file.keep(Remembered(theme="paper")) == ""
        assert RememberedFile(tmp_path / "app.json").now == Remembered(theme="paper")


def test_what_cannot_be_written_is_written_as_soon_as_it_can(tmp_path: Path) -> None:
    file = RememberedFile(tmp_path / "later" / "app.json")
    assert file.keep(Remembered(theme="paper")).endswith(
        "cannot be read or written (No such file or directory); theme and layout are remembered until you quit"
    )
    assert file.now.theme == "paper"
    (tmp_path / "later").mkdir()
    assert file.leave("s", Left("code")) == ""
    assert RememberedFile(tmp_path / "later" / "app.json").now == Remembered("paper", left={"s": Left("code")})


async def test_a_damaged_file_is_told_of_on_the_screen() -> None:
    (state_folder() / "app.json").write_text("{")
    app = app_on("one")
    async with app.run_test(size=(180, 40)) as pilot:
        said = "app.json:damaged;itisnow"  # a long path is parted anywhere
        await until(pilot, lambda: said in "".join(text_of(app.workbench.transcript).split()))
