"""The code pane: from block to block, how sure the model was, and a reply that the person changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from oci_tui.core.events import ContextBuilt, ReplyFinished, ReplyGrew, RoundStarted
from oci_tui.core.generation import Token, Usage
from oci_tui.ui.panes.certainty import Certainty, said
from oci_tui.ui.panes.code import CodePane
from tests.ui.terminal import Terminal
from tests.ui.test_serve import RECORDING, RUN
from tests.ui.test_workbench import on_screen, opened, text_of, until

SURE, UNSURE = 0.99, 0.2
SAID = [
    Token("`a.py`\n```python\n", SURE),
    Token("def f(x):\n", SURE),
    Token("    return ", SURE),
    Token("x", UNSURE, (("x", UNSURE), ("y", 0.19), ("None", 0.1))),
    Token("\n```\nand\n```bash\n", SURE),
    Token("ls", 0.5, (("ls", 0.5), ("pwd", 0.4))),
    Token("\n```\n", SURE),
]


def stream(pane: CodePane, *, sure: bool = False) -> None:
    pane.show(RoundStarted(turn=1, round=1))
    pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
    for token in SAID:
        pane.show(ReplyGrew(token.text, () if sure else (token,)))
    pane.show(ReplyFinished(text="".join(token.text for token in SAID), usage=Usage()))


async def test_blocks_and_the_lines_the_model_was_least_sure_of_are_a_key_away() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one(CodePane)
        stream(pane)
        await until(pilot, lambda: "ls" in text_of(pane))
        await pilot.press("alt+2", "g", "right_square_bracket")
        assert "bash" in pane.text_at(pane.here)
        await pilot.press("left_square_bracket", "l")
        await until(pilot, lambda: "return x" in pane.text_at(pane.here))
        assert ("x", "text on heat-3") in pane.line(pane.here)
        assert pane.detail == "x 20% · y 19% · None 10%"
        await pilot.press("l")
        await until(pilot, lambda: "ls" in pane.text_at(pane.here))
        await pilot.press("h")
        assert all(" on heat" not in style for index in range(pane.line_count()) for _, style in pane.line(index))


async def test_without_probabilities_the_key_says_how_to_have_them() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one(CodePane)
        stream(pane, sure=True)
        await until(pilot, lambda: "ls" in text_of(pane))
        await pilot.press("alt+2", "h")
        await until(pilot, lambda: "set [engine] alternatives" in on_screen(app))


def test_tokens_are_found_by_line_whatever_they_hold() -> None:
    certainty = Certainty()
    certainty.add("a\nb\n", (Token("a\nb", 0.5), Token("\n", 0.9)))
    certainty.add("odd", (Token("other", 0.1),))
    assert certainty.text == "a\nb\nodd"
    assert [certainty.least(row).probability for row in range(3)] == [0.5, 0.5, 1.0]  # type: ignore[union-attr]
    assert certainty.starts([["b"], ["missing"], ["odd"]]) == [1, -1, 2]
    assert said(Token("\x1b", 0.5)) == "␛ 50%"


@pytest.mark.parametrize(("key", "prompt"), [(b"c", "Go on from your reply"), (b"r", "I changed your reply")])
def test_a_reply_is_changed_in_the_persons_editor(tmp_path: Path, key: bytes, prompt: str) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\ncp "$1" "$HOME/seen"\necho changed >> "$1"\n', encoding="utf-8")
    editor.chmod(0o755)
    code = RUN.format(first="", make=f"return Told(Path({str(RECORDING)!r}), 0)", root="/src", prompt="go")
    screen = Terminal(code, tmp_path, {"VISUAL": os.fspath(editor)})
    try:
        screen.until(lambda: "passed · 2 rounds" in screen.text)
        screen.press(b"\x1bOR")
        screen.until(lambda: "blocks" in screen.text)
        screen.press(key)
        screen.until(lambda: prompt in screen.text)
        assert "skip_blanks" in (tmp_path / "seen").read_text(encoding="utf-8")
        screen.press(b"\x11\x11")
        assert screen.ended()[0] == 0
    finally:
        screen.close()
