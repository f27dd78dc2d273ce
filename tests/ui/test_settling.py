"""The app over a real repository: lines chosen one by one, and what a conflict offers."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from textual.pilot import Pilot

from oci_tui.core import events
from oci_tui.core.approval import Approval, ApprovalChosen
from oci_tui.core.changes import Level
from oci_tui.core.conversation import Conversation
from oci_tui.core.errors import OciError, WorkspaceError
from oci_tui.core.events import Event, Part
from oci_tui.core.generation import Begun
from oci_tui.core.policy import Policy
from oci_tui.core.ports import ApprovalMode, Engine
from oci_tui.core.settlement import Settlement
from oci_tui.core.verdict import Verdict
from oci_tui.settings import WorkspaceSettings
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.workspace.git import GitWorkspace
from oci_tui.workspace.past import folder_of
from tests.calculator import MakeRepository
from tests.ui.test_mouse import clicked
from tests.ui.test_workbench import on_screen, text_of, until

FIVE = "one\ntwo\nthree\nfour\nfive\n"


class FilesOnly:
    """A session without engine and sandbox: each prompt has the next edits written into the mirror."""

    name = "test"
    past: Sequence[events.Event] = ()
    recorded: ClassVar[bool] = False
    company = None

    def __init__(self, root: Path, *edits: Mapping[str, str]) -> None:
        self.workspace = GitWorkspace(root, WorkspaceSettings(), "test")
        self.settle = Settlement(self.workspace, Conversation(), self._follow, lambda event: event, self._lost)
        self.approval = Approval()
        self.prompts: list[str] = []
        self._edits = list(edits)

    async def prepare(self) -> AsyncGenerator[Event]:
        yield events.WorkspaceReady(await self.workspace.open())

    async def ask(self, prompt: str, begun: Begun | None = None) -> AsyncGenerator[Event]:
        assert begun is None
        self.prompts.append(prompt)
        self.settle.asked(prompt)
        yield events.TurnStarted(len(self.prompts), prompt)
        await self.workspace.apply(self._edits.pop(0))
        yield events.DiffChanged(await self.workspace.diff())
        yield events.TurnFinished(len(self.prompts), Verdict.PASSED, 1, 0.1)

    async def run(self, text: str) -> AsyncGenerator[Event]:
        yield events.PartFailed("sandbox", text)

    def files(self) -> tuple[str, ...]:
        return self.workspace.paths()

    async def symbols(self) -> dict[str, str]:
        return {}

    def steer(self, text: str) -> None: ...

    def approve(self, mode: ApprovalMode) -> Event:
        return ApprovalChosen(mode)

    def stop(self) -> None: ...

    def adopt(self, policy: Policy) -> None: ...

    async def use(self, engine: Engine) -> AsyncGenerator[Event]:
        yield events.EngineReady(await engine.describe())

    async def close(self) -> None:
        await asyncio.to_thread(self.workspace.close)

    async def _follow(self, level: Level) -> None: ...

    def _lost(self, error: OciError) -> Part:
        return error.part


@asynccontextmanager
async def reviewing(root: Path, *edits: Mapping[str, str]) -> AsyncGenerator[tuple[OciApp, Pilot[None], FilesOnly]]:
    """The app with the first edits pending and the pane that shows them under the keys."""
    session = FilesOnly(root, *edits)
    app = OciApp(lambda: session, root, "night", "go")
    async with app.run_test(size=(120, 40)) as pilot:
        talk = app.workbench.conversation
        await until(pilot, lambda: bool(talk.pending.files) and not talk.running)
        await pilot.press("alt+4")
        await until(pilot, lambda: app.focused is app.workbench.changes)
        yield app, pilot, session
        await app.close_session()


async def test_marked_lines_are_taken_and_no_others(make_repository: MakeRepository) -> None:
    root = make_repository({"a.txt": FIVE, "b.txt": "b\n"})
    edits = {"a.txt": FIVE.replace("two", "TWO").replace("three", "THREE"), "b.txt": "B\n"}
    async with reviewing(root, edits) as (app, pilot, _):
        await pilot.press("j", "j", "j")
        assert "−" in text_of(app.workbench.changes).splitlines()[3]
        await pilot.press("m", "j", "m")
        assert [line[0] for line in text_of(app.workbench.changes).splitlines()[3:7]] == ["●", " ", "●", "▌"]
        await pilot.press("k", "k", "m", "a")
        await until(pilot, lambda: "accepted: a.txt" in text_of(app.workbench.transcript))
        assert (root / "a.txt").read_text() == "one\nTWO\nfour\nfive\n"
        await until(pilot, lambda: not app.workbench.conversation.deciding)
        await pilot.press("g", "j", "m", "r")
        await until(pilot, lambda: "rejected: changes of a.txt" in text_of(app.workbench.transcript))
        await until(pilot, lambda: [file.path for file in app.workbench.conversation.pending.files] == ["b.txt"])
        assert (root / "b.txt").read_text() == "b\n"


@pytest.mark.parametrize("click", [False, True])
@pytest.mark.parametrize("key", ["c", "m", "escape"])
async def test_what_a_conflict_offers(make_repository: MakeRepository, key: str, click: bool) -> None:
    root = make_repository({"a.txt": FIVE, "b.txt": "b\n"})
    edits = {"a.txt": FIVE.replace("two", "model"), "b.txt": "B\n"}
    async with reviewing(root, edits, {"a.txt": FIVE.replace("two", "both")}) as (app, pilot, session):
        (root / "a.txt").write_text(FIVE.replace("two", "mine"))
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "Nothing was written" in on_screen(app))
        screen = on_screen(app)
        for words in ("yours   mine", "before  two", "model's model", "accept the other file", "on top of mine"):
            assert words in screen
        assert (root / "b.txt").read_text() == "b\n"
        await until(pilot, lambda: not app.workbench.conversation.deciding)
        if click:
            await clicked(app, pilot, {"c": "c accept the other file", "m": "m model again", "escape": "Esc leave it"}[key])
        else:
            await pilot.press(key)
        await until(pilot, lambda: "Nothing was written" not in on_screen(app))
        story = app.workbench.transcript
        if key == "c":
            await until(pilot, lambda: "still pending" in text_of(story))
            assert (root / "b.txt").read_text() == "B\n"
        elif key == "m":
            await until(pilot, lambda: len(session.prompts) == 2 and not app.workbench.conversation.running)
            assert session.prompts[1].startswith("I changed a.txt in the same lines as you.")
            await until(pilot, lambda: not app.workbench.conversation.deciding)
            await pilot.press("ctrl+y")
            await until(pilot, lambda: "accepted: a.txt, b.txt" in text_of(story))
        else:
            assert {file.path for file in app.workbench.conversation.pending.files} == {"a.txt", "b.txt"}
        assert (root / "a.txt").read_text() == FIVE.replace("two", "both" if key == "m" else "mine")


async def test_an_undo_in_conflict_shows_the_versions_only(make_repository: MakeRepository) -> None:
    root = make_repository({"a.txt": FIVE})
    async with reviewing(root, {"a.txt": FIVE.replace("two", "model")}) as (app, pilot, _):
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "accepted: a.txt" in text_of(app.workbench.transcript))
        await until(pilot, lambda: not app.workbench.conversation.deciding)
        (root / "a.txt").write_text(FIVE.replace("two", "mine"))
        await pilot.press("u")
        await until(pilot, lambda: "Nothing was written" in on_screen(app))
        assert "on top of mine" not in on_screen(app)
        await pilot.press("m", "c", "escape")
        await until(pilot, lambda: "Nothing was written" not in on_screen(app))
        assert (root / "a.txt").read_text() == FIVE.replace("two", "mine")


async def test_c_proposes_a_commit_of_what_was_accepted(make_repository: MakeRepository) -> None:
    root = make_repository({"a.txt": FIVE, "b.txt": "b\n"})
    for setting in ("user.name=Person", "user.email=person@example.org"):
        subprocess.run(["git", "-C", str(root), "config", *setting.split("=")], check=True)
    (root / "mine.txt").write_text("mine\n")
    subprocess.run(["git", "-C", str(root), "add", "mine.txt"], check=True)
    async with reviewing(root, {"a.txt": FIVE.replace("two", "model"), "b.txt": "B\n"}) as (app, pilot, _):
        await pilot.press("c")
        await until(pilot, lambda: "nothing was accepted that is not committed" in on_screen(app))
        await pilot.press("a")
        await until(pilot, lambda: "c in Changes commits exactly this" in text_of(app.workbench.transcript))
        await until(pilot, lambda: not app.workbench.conversation.deciding)
        await pilot.press("c")
        await until(pilot, lambda: app.workbench.query_one(PromptBox).text == "/commit Go")
        await pilot.press(*" on: 'it'", "enter")
        await until(pilot, lambda: ": Go on: 'it'" in text_of(app.workbench.transcript))
    assert git(root, "log", "-1", "--format=%s") == "Go on: 'it'\n"
    assert git(root, "show", "--format=", "--name-only") == "a.txt\n"
    assert git(root, "status", "--porcelain") == "A  mine.txt\n"


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True, text=True).stdout


async def test_what_a_reviewer_should_look_at_twice_is_said(make_repository: MakeRepository) -> None:
    async with reviewing(make_repository({"a.txt": FIVE}), {"setup.py": "print(1)\n", "a.txt": "a\n"}) as (app, _, _):
        story = text_of(app.workbench.transcript)
        assert "look twice at setup.py: runs on install" in story
        assert "look twice at a.txt" not in story


async def test_what_is_being_decided_is_done_before_the_session_is_closed(make_repository: MakeRepository) -> None:
    root = make_repository({"a.txt": FIVE})
    async with reviewing(root, {"a.txt": FIVE.replace("two", "model")}) as (app, pilot, session):
        with (folder_of(root) / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            await pilot.press("ctrl+y")
            await until(pilot, lambda: app.workbench.conversation.deciding)
            closing = asyncio.create_task(app.close_session())
            await asyncio.wait([closing], timeout=0.3)
            assert not closing.done()
            assert (root / "a.txt").read_text() == FIVE
        await closing
        assert (root / "a.txt").read_text() == FIVE.replace("two", "model")
        with pytest.raises(WorkspaceError, match="the session is closed"):
            await session.workspace.diff()


async def test_accepting_what_the_tree_holds_already_says_so(make_repository: MakeRepository) -> None:
    root = make_repository({"a.txt": FIVE})
    edited = FIVE.replace("two", "TWO")
    async with reviewing(root, {"a.txt": edited}) as (app, pilot, _):
        (root / "a.txt").write_text(edited)
        await pilot.press("ctrl+y")
        story = app.workbench.transcript
        await until(pilot, lambda: "your tree held this already: a.txt" in text_of(story))
        assert "takes it back" not in text_of(story)
        assert app.workbench.conversation.pending.files == ()
