"""The status line: what is there, what is weak about it, and which command decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.events import (
    CheckFound,
    CommandFinished,
    CommandStarted,
    Event,
    OutputArrived,
    PreparationOffered,
    RoundStarted,
    SandboxReady,
    TurnFinished,
    TurnStarted,
    encode,
)
from oci_tui.core.ports import Command, Exit, SandboxInfo
from oci_tui.core.recall import unfinished
from oci_tui.core.verdict import Verdict
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.status import StatusPane
from oci_tui.ui.panes.transcript import TranscriptPane
from oci_tui.ui.replay import ReplaySession
from tests.ui.test_workbench import text_of, until


@pytest.mark.parametrize(
    ("weaknesses", "said"), [((), "▣ sandbox "), (("no limit on memory",), "▣ sandbox: no limit on memory ")]
)
async def test_a_weak_sandbox_is_named(tmp_path: Path, weaknesses: tuple[str, ...], said: str) -> None:
    recording = tmp_path / "recording.jsonl"
    ready = SandboxReady(info=SandboxInfo("Docker", "image", weaknesses=weaknesses))
    recording.write_bytes(encode(ready) + b"\n")
    session = ReplaySession(recording, speed=0)
    app = OciApp(lambda: session, Path("/src/x"), "night", "go")
    async with app.run_test(size=(120, 20)) as pilot:
        pane = app.workbench.query_one(StatusPane)
        await until(pilot, lambda: said in f"{pane.render().plain} ")
        await app.close_session()


async def test_the_check_is_named_in_status_and_story_and_what_is_offered_in_the_story(tmp_path: Path) -> None:
    recording = tmp_path / "recording.jsonl"
    happened = (
        TurnStarted(1, "go"),
        RoundStarted(1, 1),
        CheckFound(Command("sh \x1b[2Jt.sh"), "AGENTS.md names it"),
        PreparationOffered("oci-tui sandbox prepare x", "x is not in the sandbox"),
    )
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in happened))
    app = OciApp(lambda: ReplaySession(recording, speed=0), Path("/src/x"), "night", "go")
    async with app.run_test(size=(180, 30)) as pilot:
        status = app.workbench.query_one(StatusPane)
        await until(pilot, lambda: "check sh ␛[2Jt.sh" in status.render().plain)
        story = app.workbench.query_one(TranscriptPane)

        def told() -> str:
            story.prepare()
            return " ".join(text for row in story._rows for text, _ in row)

        await until(pilot, lambda: "check: sh ␛[2Jt.sh · AGENTS.md names it" in told())
        assert "oci-tui sandbox prepare x" in told()
        await app.close_session()


@pytest.mark.parametrize("is_cut_off", [False, True])
async def test_nothing_runs_any_more_after_a_command_of_the_persons_own(tmp_path: Path, is_cut_off: bool) -> None:
    recording = tmp_path / "recording.jsonl"
    command = Command("echo hi")
    turn: list[Event] = [TurnStarted(1, "go"), RoundStarted(1, 1), TurnFinished(1, Verdict.ANSWERED, 1, 1.0)]
    own: list[Event] = [*turn, CommandStarted(command), OutputArrived("stdout", "hi\n"), CommandFinished(command, Exit(0))]
    happened = own[:-1] if is_cut_off else own
    assert [type(event) for event in unfinished(happened)] == [CommandFinished] * is_cut_off
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in happened))
    app = OciApp(lambda: ReplaySession(recording, speed=0, whole=True), Path("/src/x"), "night")
    async with app.run_test(size=(120, 20)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        assert "running" not in app.workbench.query_one(StatusPane).render().plain
        assert "round 1" not in text_of(app.workbench.query_one(ConsolePane)), "it is of no round"
        await app.close_session()
