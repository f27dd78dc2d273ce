"""The models screen: what is here and what fits, a fetch with its progress, another model in place of the one that runs."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from oci_tui import assemble
from oci_tui.core.errors import EngineError
from oci_tui.core.ports import Engine, Progress
from oci_tui.engine.scripted import Line, ScriptedEngine
from oci_tui.resources import models_folder
from oci_tui.settings import EngineSettings, Settings
from oci_tui.share.protocol import Join
from oci_tui.share.remote import RemoteSession
from oci_tui.ui.app import OciApp
from oci_tui.ui.conversation import Converses
from oci_tui.ui.desk import Desk
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.models import ModelsScreen
from tests.calculator import FILES, MakeRepository
from tests.engine.hub_server import HubServer
from tests.engine.models_on_disk import gguf
from tests.share.hosting import call, hosted
from tests.share.hosting import settings as hosts_settings
from tests.ui.desks import desk_of
from tests.ui.test_workbench import RECORDING, on_screen, text_of, until


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder of the test's own, with two small files in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("small.gguf", "tiny-model-with-a-very-long-name-that-does-not-fit-anywhere.gguf"):
        gguf(models_folder() / name)
    return models_folder()


@asynccontextmanager
async def models_opened(
    desk: Desk, session: Converses | None = None, root: Path = Path("/src/parser")
) -> AsyncGenerator[tuple[OciApp, Pilot[None], ModelsScreen]]:
    app = OciApp(lambda: session or ReplaySession(RECORDING, speed=0), root, "night", desk=desk)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press(*"/models", "enter")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and "small.gguf" in on_screen(app))
        assert isinstance(app.screen, ModelsScreen)
        yield app, pilot, app.screen
        await app.close_session()


async def go_to(pilot: Pilot[None], screen: ModelsScreen, name: str) -> None:
    screen.rows.go_to([model.name for model in screen._models or ()].index(name))
    await pilot.pause()


async def test_what_is_here_what_can_be_fetched_and_what_fits(tmp_path: Path) -> None:
    async with models_opened(desk_of(tmp_path / "none.toml")) as (app, pilot, screen):
        listed = text_of(screen.rows)
        assert " ✓ small.gguf" in listed
        assert "   opencodeinterpreter-ds-33b" in listed
        await go_to(pilot, screen, "opencodeinterpreter-ds-33b")
        await until(pilot, lambda: "GPU memory needed, GB" in text_of(screen.detail))
        assert "4.65" in text_of(screen.detail)
        await go_to(pilot, screen, "small.gguf")
        await until(pilot, lambda: "GGUF, llama, 8.5 bits per weight: for llama.cpp" in text_of(screen.detail))
        assert ("✓", "good") in {span for row in range(screen.detail.line_count()) for span in screen.detail.line(row)}
        await go_to(pilot, screen, "smollm2")
        await until(pilot, lambda: "smollm2 is not here" in " ".join(text_of(screen.detail).split()))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    from huggingface_hub import constants

    server = HubServer()
    whole = gguf(tmp_path / "m.gguf").read_bytes()
    server.repositories = {"owner/Coder-GGUF": {"main": {"q4.gguf": whole}}}
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setattr(constants, "ENDPOINT", server.address)
    with server.serving():
        yield server


async def test_a_fetch_shows_how_far_it_is_and_goes_on_when_the_screen_is_closed(
    hub: HubServer, tmp_path: Path, folder: Path
) -> None:
    hub.flows.clear()
    async with models_opened(desk_of(tmp_path / "none.toml")) as (app, pilot, screen):
        await pilot.press("p", *["backspace"] * 40, *"owner/Coder-GGUF/q4.gguf", "enter")
        await until(pilot, lambda: "fetch owner/Coder-GGUF/q4.gguf" in on_screen(app))
        await pilot.press("p", "enter")
        await until(pilot, lambda: "is under way; x stops it" in on_screen(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)
        assert "fetch owner/Coder-GGUF/q4.gguf" in on_screen(app)
        hub.flows.set()
        for _ in range(40):
            if (folder / "q4.gguf").exists():
                break
            await pilot.pause(1.0)
        assert (folder / "q4.gguf").read_bytes() == (tmp_path / "m.gguf").read_bytes()
        await pilot.press("f10")
        await until(pilot, lambda: " ✓ q4.gguf" in on_screen(app))
        assert screen is not app.screen


async def test_a_fetch_can_be_stopped(tmp_path: Path) -> None:
    closed = threading.Event()

    def endless(name: str, _: Settings) -> Generator[Progress]:
        try:
            while not closed.wait(0.02):
                yield Progress(f"fetching {name} (4.1 GB)", 0.25)
        finally:
            closed.set()

    desk = desk_of(tmp_path / "none.toml")
    async with models_opened(replace(desk, shelf=replace(desk.shelf, pull=endless))) as (app, pilot, _):
        await pilot.press("x")
        await until(pilot, lambda: "nothing is being fetched" in on_screen(app))
        await pilot.press("p", *["backspace"] * 40, *"large", "enter")
        await until(pilot, lambda: "25%  fetching large (4.1 GB)" in on_screen(app))
        await pilot.press("x")
        await until(pilot, lambda: "stopped; what came is kept" in on_screen(app))
        assert closed.is_set()


async def test_a_fetch_ends_with_the_app(tmp_path: Path) -> None:
    closed = threading.Event()

    def endless(_name: str, _settings: Settings) -> Generator[Progress]:
        try:
            while not closed.wait(0.02):
                yield Progress("fetching", 0.25)
        finally:
            closed.set()

    desk = desk_of(tmp_path / "none.toml")
    async with models_opened(replace(desk, shelf=replace(desk.shelf, pull=endless))) as (app, pilot, _):
        await pilot.press("p", "enter")
        await until(pilot, lambda: "25%" in on_screen(app))
    assert closed.is_set()


async def test_a_fetch_that_fails_is_one_line(tmp_path: Path) -> None:
    async with models_opened(desk_of(tmp_path / "none.toml")) as (app, pilot, _):
        await pilot.press("p", *["backspace"] * 40, *"nonsense", "enter")
        await until(pilot, lambda: "no model is called 'nonsense'" in text_of(app.workbench.transcript))


async def test_deleting_asks_twice(tmp_path: Path, folder: Path) -> None:
    async with models_opened(desk_of(tmp_path / "none.toml")) as (app, pilot, screen):
        await go_to(pilot, screen, "small.gguf")
        await pilot.press("D")
        await until(pilot, lambda: "D again deletes small.gguf" in on_screen(app))
        assert (folder / "small.gguf").exists()
        await pilot.press("D")
        await until(pilot, lambda: " ✓ small.gguf" not in text_of(screen.rows))
        assert not (folder / "small.gguf").exists()
        await go_to(pilot, screen, "smollm2")
        await pilot.press("D")
        await until(pilot, lambda: "smollm2 is not here" in on_screen(app))


def scripted(file: Path, *lines: Line) -> ScriptedEngine:
    file.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
    return ScriptedEngine.from_file(file)


async def test_another_model_goes_on_with_the_conversation(
    tmp_path: Path, make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the second model reads holds what was said to and by the first: it has a reply for nothing else."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    scripted(tmp_path / "first.jsonl", Line("a plain answer"))
    second = scripted(tmp_path / "second.jsonl", Line("another answer", when=("the first question", "a plain answer")))
    asked: list[Settings] = []

    def engine(settings: Settings) -> Engine:
        asked.append(settings)
        if len(asked) == 1:
            raise EngineError("no room for this model")
        return second

    desk = desk_of(tmp_path / "none.toml")
    desk = replace(desk, shelf=replace(desk.shelf, engine=engine))
    root = make_repository(FILES)
    first = Settings(engine=EngineSettings(kind="scripted", replies=str(tmp_path / "first.jsonl")))
    session = assemble.open_session(first, root)
    async with models_opened(desk, session, root) as (app, pilot, screen):
        talk, story = app.workbench.conversation, app.workbench.transcript
        talk.send("the first question")
        await until(pilot, lambda: "a plain answer" in text_of(story) and not talk.running)
        before = session.engine
        await go_to(pilot, screen, "small.gguf")
        await pilot.press("enter")
        await until(pilot, lambda: "no room for this model" in on_screen(app))
        assert session.engine is before
        assert desk.settings.now.engine.model == ""
        await pilot.press("enter")
        await until(pilot, lambda: "small.gguf takes over" in on_screen(app))
        await until(pilot, lambda: session.engine is second and not talk.deciding)
        assert asked[-1].engine.model == desk.settings.now.engine.model == "small.gguf"
        assert " ● small.gguf" in text_of(screen.rows)
        with pytest.raises(EngineError):
            await before.describe()
        await pilot.press("D")
        await until(pilot, lambda: "switch to another one first" in on_screen(app))
        talk.send("the second question")
        await until(pilot, lambda: "another answer" in text_of(story) and not talk.running)


def _refused(app: OciApp) -> bool:
    return "the model is of all sessions of this host" in on_screen(app)


async def test_a_host_keeps_its_model(tmp_path: Path, make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever is there, also who only looks."""
    desk, root = desk_of(tmp_path / "none.toml"), make_repository(FILES)
    async with hosted(root, hosts_settings(tmp_path, "x"), monkeypatch):
        for join in (Join(1), Join(1, role="observer")):
            session = RemoteSession(call(), "test", join)
            async with models_opened(desk, session, root) as (app, pilot, screen):
                await go_to(pilot, screen, "small.gguf")
                await pilot.press("enter")
                await until(pilot, partial(_refused, app))
                assert "takes over" not in on_screen(app)
                assert desk.settings.unsaved == 0


async def test_no_switch_while_a_turn_runs(tmp_path: Path) -> None:
    session = ReplaySession(RECORDING, speed=0, paused_at=60)
    desk = desk_of(tmp_path / "none.toml")
    desk = replace(desk, shelf=replace(desk.shelf, engine=lambda _: ScriptedEngine(["x"])))
    async with models_opened(desk, session) as (app, pilot, screen):
        app.workbench.conversation.send("go")
        await session.reached.wait()
        await go_to(pilot, screen, "small.gguf")
        await pilot.press("enter")
        await until(pilot, lambda: "A turn is running; stop it with Esc, then switch the model." in on_screen(app))
        assert desk.settings.unsaved == 0
        app.workbench.stop()
        await until(pilot, lambda: not app.workbench.conversation.running)


async def test_a_recording_has_no_models() -> None:
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "night")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f10")
        await until(pilot, lambda: "there are no models to choose from" in on_screen(app))
        await app.close_session()
