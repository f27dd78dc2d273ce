"""The app in a real terminal: first paint, hostile text, signals, crashes; the terminal is as it was afterwards."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
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
# Clipboard, title and its report, status requests that are answered as input, links, files, images, passthrough of tmux, other
# screens, the end of a paste, eight-bit controls, text that runs backwards or is not seen, markup that would be an action.
PAYLOADS = (
    "\x1b]52;c;SEVMTE8=\x07",
    "\x1b]52;c;?\x07",
    "\x1b]0;owned\x07\x1b[21t",
    "\x1bP$qm\x1b\\\x1b[6n\x1b[c\x1b[>q",
    "\x1b]8;;https://evil.example\x1b\\x",
    "\x1b]7;file://evil\x1b\\\x1b]1337;File=:AAAA\x07",
    "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\\x1bPq\x1b\\",
    "\x1b[?1049l\x1b[2J\x1b[31m\x1b[1;1H\x1bc",
    "\x1b[201~",
    "\x9b31m \x9d0;owned\x9c \x90q\x9c",
    "\u202egnp.exe \u2066\u200b\U000e0041\u2028",
    "\x08\x0c\x7f\r\x00\x0e",
    "[@click=app.quit]press[/] [link=https://evil.example]see[/]",
)
HOSTILE = " ".join(PAYLOADS)

RUN = """
import asyncio, os, sys
from pathlib import Path
{first}
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

sys.exit(serve(OciApp(make, Path({root!r}), os.environ.get("THEME", "night"), {prompt!r})))
"""


@contextmanager
def terminal(
    tmp_path: Path,
    recording: Path = RECORDING,
    *,
    make: str = "",
    root: str = "/src",
    prompt: str = "go",
    no_colour: str = "",
    first: str = "",
    theme: str = "night",
) -> Iterator[Terminal]:
    code = RUN.format(first=first, make=make or f"return Told(Path({str(recording)!r}))", root=root, prompt=prompt)
    running = Terminal(code, tmp_path, {"THEME": theme} | ({"NO_COLOR": no_colour} if no_colour else {}))
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
COPIED = re.compile(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07")
OURS = re.compile(
    rb"\x1b\[[0-9:;<=>?]*[ !$]?[@-~]|\x1b[=>]|\x1bP\+q[0-9a-f;]*\x1b\\|\x1b_G[^\x1b]*\x1b\\|\x1b\]22;[a-z-]*\x07"
    rb"|\x1b\]2;[^\x00-\x1f\x7f]*\x07"
)


def _has(screen: Terminal, shown: bytes) -> bool:
    return shown in screen.raw


def hostile_bytes(tmp_path: Path, first: str = "") -> bytes:
    """All that a terminal gets while hostile text is in every pane, in the prompt, in what it suggests, and searched for."""
    recording = tmp_path / "hostile.jsonl"
    recording.write_bytes(b"\n".join(encode(event) for event in hostile_events()))
    with terminal(tmp_path, recording, root="/src/" + HOSTILE.replace("\0", ""), first=first) as screen:
        screen.until(lambda: b"Ctrl+Y" in screen.raw and b"exit 1" in screen.raw)
        screen.drawing = False
        # The panes one by one, a line copied, files folded; a paste in the prompt, and what it suggests.
        for keys, shown in (
            (b"\x1bOQ", b"search"),
            (b"\r\x1bOR", b"blocks"),
            (b"\x1bOS", b"only stderr"),
            (b"y", b"sent to the terminal"),
            (b"\x1b[15~", b"accept all"),
        ):
            screen.press(keys)
            screen.until(partial(_has, screen, shown))
        screen.press(b"st")
        before = len(screen.raw)
        screen.press(b"\x1b[17~")
        screen.until(lambda: b"Ctrl+N" in screen.raw[before:])
        screen.press(b"\x1b[200~" + "\x9b31m\u202e".encode() + b"\x1b[201~ @")
        screen.until(lambda: b"@diff" in screen.raw)
        screen.press(b" \x11\x11")
        code, _ = screen.ended()
        assert code == 0
        return bytes(screen.raw)


def reached(raw: bytes) -> list[str]:
    """What is in there beside text and the sequences that are ours."""
    # A copy that the person asked for is theirs.
    rest = OURS.sub(b"", COPIED.sub(b"", raw)).decode("utf-8", "strict")
    found = [char for char in rest if (ord(char) < 0x20 and char not in "\r\n") or 0x7F <= ord(char) < 0xA0]
    return [*found, *(char for char in "\u202e\u2066\u200b\U000e0041\u2028" if char in rest)]


def test_hostile_text_reaches_the_terminal_only_in_visible_form(tmp_path: Path) -> None:
    """T10, T11: in every pane."""
    raw = hostile_bytes(tmp_path)
    assert reached(raw) == []
    for payload in (
        b"SEVMTE8=\x07",
        b"\x1b]8;",
        b"\x1b[2J\x1b[31m",
        b"\x1bPq",
        b"\x1bPtmux",
        b"\x1b[21t",
        b"\x1b]7;",
        b"\x1b]1337",
    ):
        assert payload not in raw


def test_without_the_sanitiser_the_check_sees_what_gets_through(tmp_path: Path) -> None:
    """The control of the test above."""
    raw = hostile_bytes(tmp_path, "import oci_tui.core.terminal as t; t._TABLE.clear()")
    assert {"\x1b", "\u202e"} <= set(reached(raw))


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


def test_no_color_leaves_the_terminals_own_two_colours_in_its_theme(tmp_path: Path) -> None:
    """Black on black, when its colours are made grey."""
    with terminal(tmp_path, no_colour="1", theme="sixteen") as screen:
        screen.until(lambda: "Story" in screen.text and "❯" in screen.text)
        screen.process.terminate()
        screen.ended()
    assert b"\x1b[1;39;49m" in screen.raw
    assert not re.search(rb"\x1b\[[0-9;]*\b(?:[349][0-8]|10[0-7])\b[0-9;]*m", screen.raw)


def test_keys_that_come_at_once_keep_their_order(tmp_path: Path) -> None:
    """A slow line hands over several in one piece; a letter is not to overtake the backspace before it."""
    with terminal(tmp_path, prompt="") as screen:
        screen.until(lambda: "Ask for a change" in screen.text)
        screen.press(b"abc\x7f\x7fd")
        screen.until(lambda: "❯ ad" in screen.text)
        screen.press(b"\x1b4?")
        screen.until(lambda: "accept the file" in screen.text)
        screen.process.terminate()
        screen.ended()
