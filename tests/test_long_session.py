"""A session of 10,000 events is there again within a second (of this process: the machine may be busy)."""

from __future__ import annotations

import time
from pathlib import Path

from oci_tui.assemble import archive, resume_session
from oci_tui.core import events
from oci_tui.core.diff import parse_patch
from oci_tui.core.generation import Message, Usage
from oci_tui.core.ports import Command, Exit
from oci_tui.core.verdict import Verdict
from oci_tui.resources import state_folder
from oci_tui.settings import load
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from tests.calculator import FILES, RIGHT, MakeRepository, scripted

RECORDING = Path(__file__).parent / "ui" / "recordings" / "lexer.jsonl"
DIFF = parse_patch("diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1,2 @@\n-x\n+y\n+z\n")
PYTEST = Command("pytest -q", ("pytest", "-q"))
EVENTS = 10_000


def a_turn(turn: int) -> list[events.Event]:
    """About two hundred events."""
    said = (Message("user", "x" * 2000), Message("assistant", "y" * 500))
    known = {f"file{number}.py": number for number in range(50)}
    return [
        events.TurnStarted(turn, f"prompt {turn}"),
        events.Checkpointed(2 * (turn - 1), said, known, "", 0),
        events.RoundStarted(turn, 1),
        *(events.ReplyGrew("word " if number % 9 else "\nline\n") for number in range(120)),
        events.ReplyFinished("word " * 120, Usage()),
        events.DiffChanged(DIFF),
        events.CommandStarted(PYTEST),
        *(events.OutputArrived("stdout", f"test_{number} PASSED\n") for number in range(70)),
        events.CommandFinished(PYTEST, Exit(0)),
        events.RoundFinished(turn, 1, True, "1 passed", turn),
        events.TurnFinished(turn, Verdict.PASSED, 1, 3.0),
    ]


async def test_it_is_there_within_a_second(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository(FILES)
    told: list[events.Event] = [events.SessionStarted("long", str(root), "0.1.0")]
    while len(told) < EVENTS:
        told += a_turn(len(told) // 200 + 1)
    journal = state_folder() / "sessions" / "long.jsonl"
    journal.parent.mkdir()
    journal.write_bytes(b"".join(events.encode(event) + b"\n" for event in told))
    _, kind, _, file = scripted(tmp_path, RIGHT)
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), root, "night")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        began = time.process_time()
        assert archive().find("lo").turns > 45
        session = resume_session(load({"engine.kind": kind, "engine.replies": file}), "long")
        try:
            app.workbench.recall(session.name, session.past)
            transcript = app.workbench.transcript
            transcript.prepare()
            took = time.process_time() - began
            shown = "".join(text for number in range(transcript.line_count()) for text, _ in transcript.line(number))
        finally:
            await session.close()
    assert len(session.conversation.messages) == 2 * session.conversation.turns
    assert f"prompt {session.conversation.turns}" in shown
    assert took < 1.0
