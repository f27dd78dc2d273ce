"""The app in a real terminal: first paint, hostile text, signals, crashes; the terminal is as it was afterwards."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oci_tui.core.diff import Diff, FileDiff, Hunk, Line
from oci_tui.core.events import (
    CommandFinished,
    CommandStarted,
    ContextBuilt,
    DiffChanged,
    EditsApplied,
    EditsRefused,
    EngineReady,
    Event,
    OutputArrived,
    PartFailed,
    ReplyGrew,
    RoundFinished,
    RoundStarted,
    SandboxReady,
    TurnFailed,
    TurnFinished,
    TurnStarted,
    WorkspaceReady,
    encode,
)
from oci_tui.core.generation import EngineInfo
from oci_tui.core.ports import Command, Exit, SandboxInfo
from oci_tui.core.verdict import Verdict
from oci_tui.core.workspace_info import WorkspaceInfo
from tests.ui.terminal import Terminal

RECORDING = Path(__file__).parent / "recordings" / "lexer.jsonl"
HOSTILE = (
    "\x1b]52;c;SEVMTE8=\x07 \x1b[2J\x1b[31m \x9b31m \x9d0;owned\x9c \u202egnp.exe \x1bPq\x1b\\ "
    "[@click=app.quit]press[/] [link=https://evil.example]see[/] \x1b]8;;https://evil.example\x1b\\x \x08\x0c\x7f"
)

RUN = """
import asyncio, sys
from pathlib import Path
from oci_tui.core.errors import OciError
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.serve import serve

class Told(ReplaySession):
    async def close(self):
        await super().close()
        print("closed", file=sys.stderr)

def make():
    {make}

sys.exit(serve(OciApp(make, Path({root!r}), "night", {prompt!r})))
"""


@contextmanager
def terminal(
    tmp_path: Path, recording: Path = RECORDING, *, make: str = "", root: str = "/src", prompt: str = "go", no_colour: str = ""
) -> Iterator[Terminal]:
    code = RUN.format(make=make or f"return Told(Path({str(recording)!r}))", root=root, prompt=prompt)
    running = Terminal(code, tmp_path, {"NO_COLOR": no_colour} if no_colour else {})
    try:
        yield running
    finally:
        running.close()


def hostile_events() -> list[Event]:
    line = Line("+", HOSTILE, None, 1)
    file = FileDiff(HOSTILE, "added", "", "", "100644", False, (Hunk(0, 0, 1, 1, HOSTILE, (line,)),), (HOSTILE,))
    command = Command(label=HOSTILE)
    return [
        EngineReady(info=EngineInfo(engine=HOSTILE, model=HOSTILE, context=4096, device=HOSTILE, notes=(HOSTILE,))),
        SandboxReady(info=SandboxInfo(name=HOSTILE, image=HOSTILE, limits=(HOSTILE,), not_enforced=(HOSTILE,))),
        WorkspaceReady(info=WorkspaceInfo(root=HOSTILE, branch=HOSTILE, files=1, left_out=((HOSTILE, HOSTILE),))),
        PartFailed(part="engine", message=HOSTILE),
        TurnStarted(turn=1, prompt="go"),
        ContextBuilt(files=(HOSTILE,), left_out=(HOSTILE,), tokens=1, window=2),
        RoundStarted(turn=1, round=1),
        ReplyGrew(text=f"{HOSTILE}\n```python {HOSTILE}\n{HOSTILE}\n```\n{HOSTILE}\n"),
        EditsApplied(paths=(HOSTILE,)),
        EditsRefused(reasons=(HOSTILE,)),
        DiffChanged(diff=Diff((file,))),
        CommandStarted(command=command),
        OutputArrived(stream="stdout", text=f"{HOSTILE}\n{HOSTILE}"),
        OutputArrived(stream="stderr", text=HOSTILE),
        CommandFinished(command=command, exit=Exit(code=1)),
        RoundFinished(turn=1, round=1, passed=False, outcome=HOSTILE),
        TurnFailed(message=HOSTILE),
        TurnFinished(turn=1, verdict=Verdict.FAILED, rounds=1, seconds=1.0),
    ]


# CSI sequences, keypad modes, capability and graphics queries, the pointer's shape; and the window's title, without controls.
OURS = re.compile(
    rb"\x1b\[[0-9:;<=>?]*[ !$]?[@-~]|\x1b[=>]|\x1bP\+q[0-9a-f;]*\x1b\\|\x1b_G[^\x1b]*\x1b\\|\x1b\]22;[a-z-]*\x07"
    rb"|\x1b\]2;[^\x00-\x1f\x7f]*\x07"
)


def test_hostile_text_reaches_the_terminal_only_in_visible_form(tmp_path: Path) -> None:
    """T10, T11: in every pane; the control is in test_spoofing."""
    recording = tmp_path / "hostile.jsonl"
    recording.write_bytes(b"\n".join(encode(event) for event in hostile_events()))
    with terminal(tmp_path, recording, root=f"/src/{HOSTILE}") as screen:
        screen.until(lambda: "[@click=app.quit]" in screen.text and "exit 1" in screen.text)
        for key in (b"\x1b1", b"\r", b"\x1b3", b"\x1b4", b"\x1b5"):
            screen.press(key)
        screen.press(b"\x1b[200~" + "\x9b31m\u202e".encode() + b"\x1b[201~")
        screen.until(lambda: "\\u{202e}" in screen.text.splitlines()[-2])
        screen.press(b"\x11\x11")
        code, _ = screen.ended()
    rest = OURS.sub(b"", screen.raw).decode("utf-8", "strict")
    assert code == 0
    assert [char for char in rest if (ord(char) < 0x20 and char not in "\r\n") or 0x7F <= ord(char) < 0xA0] == []
    assert "\u202e" not in rest
    for payload in (b"\x1b]52", b"\x1b]8;", b"\x1b[2J\x1b[31m", b"\x1bPq"):
        assert payload not in screen.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_closes_the_session_and_restores_the_terminal(tmp_path: Path, number: signal.Signals) -> None:
    """F6: and says nothing."""
    with terminal(tmp_path) as screen:
        screen.until(lambda: "round 1" in screen.text)
        screen.process.send_signal(number)
        code, errors = screen.ended()
        assert code == 128 + number
        assert errors == "closed"
        assert screen.after == screen.before
        assert b"\x1b[?1049l" in screen.raw


def test_a_session_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    with terminal(tmp_path, make='raise OciError("no repository here: run git init")') as screen:
        code, errors = screen.ended()
    assert code == 3
    assert errors == "oci-tui: no repository here: run git init"


def test_a_crash_is_one_line_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    with terminal(tmp_path, make="return 1 / 0") as screen:
        code, errors = screen.ended()
    log = tmp_path / ".local" / "state" / "oci-tui" / "oci-tui.log"
    assert code == 1
    assert errors.startswith("oci-tui: the app failed: ")
    assert str(log) in errors
    assert "\n" not in errors
    assert b"Traceback" not in screen.raw
    assert "ZeroDivisionError" in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
def test_no_color_is_honoured(tmp_path: Path, no_colour: str, coloured: bool) -> None:
    with terminal(tmp_path, no_colour=no_colour) as screen:
        screen.until(lambda: "Story" in screen.text and "❯" in screen.text)
        screen.process.terminate()
        screen.ended()
    colours = {tuple(found) for found in re.findall(rb"38;2;(\d+);(\d+);(\d+)", screen.raw)}
    assert any(len(set(colour)) > 1 for colour in colours) is coloured
