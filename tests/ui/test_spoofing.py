"""T10, T21: output cannot draw a question of the app's, and what it says is no answer to one."""

from __future__ import annotations

from pathlib import Path

from oci_tui.core.events import (
    CommandFinished,
    CommandStarted,
    Event,
    OutputArrived,
    RoundStarted,
    TurnFinished,
    TurnStarted,
    encode,
)
from oci_tui.core.ports import Command, Exit
from oci_tui.core.verdict import Verdict
from tests.ui.terminal import Terminal
from tests.ui.test_serve import HOSTILE, terminal

# At the place of the status line: a question in the app's own words, answered by a title that comes back as keys.
FORGED = "\x1b7\x1b[1;1H\x1b[41;97m Write the change into your files? [y/n] \x1b[0m\x1b8\x1b]0;y\r\x07\x1b[21t done"
SHOWING_RAW = """
from textual.app import App
from textual.widgets import Static
class Trusting(App):
    def compose(self):
        yield Static({text!r}, markup=False)
        yield Static("shown")
Trusting().run()
"""


def run_that_prints(text: str) -> list[Event]:
    command = Command("pytest -q")
    return [
        TurnStarted(turn=1, prompt="go"),
        RoundStarted(turn=1, round=1),
        CommandStarted(command=command),
        OutputArrived(stream="stdout", text=text),
        CommandFinished(command=command, exit=Exit(code=1)),
        TurnFinished(turn=1, verdict=Verdict.FAILED, rounds=1, seconds=1.0),
    ]


def screen_after(folder: Path, text: str) -> tuple[str, bytes]:
    """What a person sees of a run that printed `text`, after some typing; and all bytes that the terminal was sent."""
    folder.mkdir()
    recording = folder / "recording.jsonl"
    recording.write_bytes(b"\n".join(encode(event) for event in run_that_prints(text)))
    with terminal(folder, recording) as screen:
        screen.until(lambda: "exit 1" in screen.text and "1 round" in screen.text)
        screen.press(b"typed")
        screen.until(lambda: "typed" in screen.text and not screen.read())
        return screen.text, bytes(screen.raw)


def test_a_question_drawn_by_output_is_the_text_of_it(tmp_path: Path) -> None:
    """T21: nothing moves, nothing is overwritten. The control: in a terminal that gets the bytes it stands on top."""
    forged, raw = screen_after(tmp_path / "forged", FORGED)
    quiet, _ = screen_after(tmp_path / "quiet", "nothing to see")
    differing = [rows for rows in zip(forged.splitlines(), quiet.splitlines(), strict=True) if rows[0] != rows[1]]
    for row, other in differing:
        assert row.partition("│")[0] == other.partition("│")[0]
        assert "❯" not in row
    assert len(differing) <= 2, differing
    assert b"\x1b[21t" not in raw
    top = " Write the change into your files? [y/n] "
    assert not forged.startswith(top)
    plain = Terminal(f"print('above\\nthe question', {FORGED!r}, flush=True)", tmp_path, {})
    plain.until(lambda: "done" in plain.text)
    plain.close()
    assert plain.text.startswith(top)


def test_textual_sends_what_it_is_given(tmp_path: Path) -> None:
    """T10: the control of every test that finds no escape sequence in what the terminal was sent."""
    trusting = Terminal(SHOWING_RAW.format(text=HOSTILE), tmp_path, {})
    trusting.until(lambda: "shown" in trusting.text)
    trusting.close()
    assert b"\x1b]52;c;" in trusting.raw
