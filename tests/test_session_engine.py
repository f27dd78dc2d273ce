"""A session outlives the process of its engine: the turn ends with what happened, the next prompt starts it anew."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from oci_tui.core.approval import Approval
from oci_tui.core.events import EngineReady, Event, ReplyFinished, ReplyGrew, TurnFailed, TurnFinished
from oci_tui.core.policy import Policy
from oci_tui.core.session import Session
from oci_tui.core.verdict import Verdict
from oci_tui.engine.process import EngineProcess
from oci_tui.parser.treesitter import TreeSitterParser
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import EngineSettings, SandboxSettings, WorkspaceSettings
from oci_tui.store.journal import Journal
from oci_tui.workspace.git import GitWorkspace
from tests.calculator import FILES, MakeRepository


@pytest.mark.docker
@pytest.mark.model
async def test_a_killed_worker_costs_a_turn_and_not_the_session(
    smollm2: Path, tmp_path: Path, make_repository: MakeRepository
) -> None:
    root = make_repository(FILES)
    record = Journal(tmp_path / "journal.jsonl")
    session = Session(
        name="test",
        policy=Policy(rounds=1, max_new_tokens=400),
        engine=EngineProcess(EngineSettings(kind="llamacpp", model=str(smollm2), context=4096), tmp_path / "engine.log"),
        sandbox=DockerSandbox(SandboxSettings(), session="test", repository=str(root)),
        workspace=GitWorkspace(root, WorkspaceSettings(), session="test"),
        parser=TreeSitterParser(),
        approval=Approval(),
        journal=record,
    )
    try:
        happened: list[Event] = []
        before = list(session.conversation.messages)
        async with aclosing(session.ask("tell a long story about a calculator")) as events:
            async for event in events:
                if isinstance(event, ReplyGrew) and not any(isinstance(each, ReplyGrew) for each in happened):
                    [worker] = [c for c in psutil.Process().children() if "oci_tui.engine.worker" in c.cmdline()]
                    worker.kill()
                happened.append(event)
        [failed] = [event for event in happened if isinstance(event, TurnFailed)]
        assert "process died (killed from outside, by signal SIGKILL)" in failed.message
        assert session.conversation.messages == before
        session.policy = Policy(rounds=1, max_new_tokens=8)
        async with aclosing(session.ask("say hi")) as events:
            again = [event async for event in events]
        assert any(isinstance(event, EngineReady) for event in again)
        assert any(isinstance(event, ReplyFinished) for event in again)
        assert isinstance(again[-1], TurnFinished)
        assert again[-1].verdict is not Verdict.GAVE_UP
    finally:
        await session.close()
        record.close()
