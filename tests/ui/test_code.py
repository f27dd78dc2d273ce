"""The code pane: from block to block, how sure the model was, and a reply that the person changed."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from oci_tui.core.events import ContextBuilt, EditsRefused, Event, ReplyFinished, ReplyGrew, RoundStarted
from oci_tui.core.generation import Begun, Token, Usage
from oci_tui.settings import PromptKeys
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.certainty import Certainty, least, said
from oci_tui.ui.panes.code import CodePane
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.replay import ReplaySession
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
        assert ("x", "match") in pane.line(pane.here)
        await until(pilot, lambda: "x 20% · y 19% · None 10%   ← 2 of 2 →" in on_screen(app))
        await pilot.press("l")
        await until(pilot, lambda: "ls" in pane.text_at(pane.here))
        assert ("x", "text on heat-3") in pane.line(2)
        await pilot.press("h")
        await until(pilot, lambda: "pwd 40%" not in on_screen(app))
        assert all(" on heat" not in style for index in range(pane.line_count()) for _, style in pane.line(index))


LINE = [
    Token("`a.py`\n```python\n", SURE),
    *(Token(f"{word} ", 0.9 - place / 100, ((f"{word}_", 0.05),)) for place, word in enumerate(["word"] * 30)),
    Token("字句", UNSURE, (("文字", 0.1), ("\x1b[2J", 0.05))),
    Token("\n```\n", SURE),
]


@pytest.mark.parametrize("size", [(120, 40), (100, 30), (80, 24), (40, 12)])
async def test_every_token_of_the_line_tells_what_else_it_could_have_been(size: tuple[int, int]) -> None:
    async with opened(size) as (app, pilot, _):
        pane = app.workbench.code
        pane.show(RoundStarted(turn=1, round=1))
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        for token in LINE:
            pane.show(ReplyGrew(token.text, (token,)))
        pane.show(ReplyFinished(text="", usage=Usage()))
        await until(pilot, lambda: "字句" in text_of(pane))
        await pilot.press("f3", "g", "right")
        await until(pilot, lambda: not pane.foot)
        await pilot.press("l")
        await until(pilot, lambda: "字句 20% · 文字 10% · ␛[2J 5%   ← 31" in on_screen(app))
        await until(pilot, lambda: on_screen(app).count("字句") == 2)
        assert pane.scroll_x > 0, "the token is brought into sight"
        await pilot.press("right", "left")
        await until(pilot, lambda: "word 61% · word_ 5%   ← 30 of 31 →" in on_screen(app))
        assert [style for _, style in pane.line(1)[1:]].index("match") == 29
        await pilot.press(*["left"] * 40)
        await until(pilot, lambda: "word 90% · word_ 5%   ← 1 of 31 →" in on_screen(app))
        await until(pilot, lambda: pane.scroll_x <= 7)
        row = next(row for row, text in enumerate(on_screen(app).splitlines()) if "word word" in text)
        column = on_screen(app).splitlines()[row].index("word word") + 5
        await pilot.click(offset=(column, row))
        await until(pilot, lambda: "word 89% · word_ 5%   ← 2 of 31 →" in on_screen(app))
        await pilot.press("k")
        await until(pilot, lambda: "no token in this line" in on_screen(app))
        await pilot.press("h")
        await until(pilot, lambda: "no token" not in on_screen(app))


async def test_without_heat_the_arrows_move_the_view_sideways() -> None:
    async with opened((40, 12)) as (app, pilot, _):
        pane = app.workbench.code
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        pane.show(ReplyGrew(f"`a.py`\n```python\nx = {'1 + ' * 40}1\n```\n"))
        await until(pilot, lambda: "1 + " in text_of(pane))
        await pilot.press("f3", "right", "right")
        await until(pilot, lambda: pane.scroll_x > 0)
        await pilot.press("left", "left")
        await until(pilot, lambda: pane.scroll_x == 0)


async def test_without_probabilities_the_key_says_how_to_have_them() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one(CodePane)
        stream(pane, sure=True)
        await until(pilot, lambda: "ls" in text_of(pane))
        await pilot.press("alt+2", "h")
        await until(pilot, lambda: "probabilities are told with [engine] alternatives = 5 (F9)" in on_screen(app))


async def test_code_is_copied_without_its_numbers_and_with_its_tabs() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one(CodePane)
        pane.show(RoundStarted(turn=1, round=1))
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        for token in (Token("`a.go`\n```go\n", SURE), Token("\tif x {\t//", UNSURE), Token("\ty\n\t}\n```\n", SURE)):
            pane.show(ReplyGrew(token.text, (token,)))
        await until(pilot, lambda: "//" in text_of(pane))
        await pilot.press("alt+2", "g", "y")
        await until(pilot, lambda: app.clipboard == "a.go")
        await pilot.press("j", "y")
        await until(pilot, lambda: app.clipboard == "\tif x {\t//\ty")
        plain = text_of(pane)
        await pilot.press("h", "j", "y")
        await until(pilot, lambda: app.clipboard == "\t}")
        assert text_of(pane) == plain, "with heat it stands where it stood"
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard == "\tif x {\t//\ty\n\t}\n")


def test_tokens_are_found_by_line_whatever_they_hold() -> None:
    certainty = Certainty()
    certainty.add("a\nb\n", (Token("a\nb", 0.5), Token("\n", 0.9)))
    certainty.add("odd", (Token("other", 0.1),))
    assert certainty.text == "a\nb\nodd"
    assert [[token.probability for token in certainty.tokens(row)] for row in range(4)] == [[0.5], [0.5], [1.0], []]
    assert certainty.starts([["b"], ["missing"], ["odd"]]) == [1, -1, 2]
    assert said(Token("\x1b", 0.5)) == "␛ 50%"
    assert said(Token("  ", 0.5, (("\n ", 0.3), ("\t", 0.2)))) == "␣␣ 50% · ⏎␣ 30% · ⇥ 20%"
    assert least([Token(" ", 0.1), Token("a", 0.9), Token("b", 0.8)]) == 2
    assert least([Token(" ", 0.1)]) == -1


async def test_the_end_of_a_reply_stays_when_the_model_is_asked_again_at_once() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.code
        stream(pane)
        pane.show(EditsRefused(("no",)))
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        pane.show(ReplyGrew("Sorry."))
        await until(pilot, lambda: "ls" in on_screen(app))
        assert "return x" in text_of(pane)


@pytest.mark.parametrize(("key", "step"), [("k", -1), ("j", 0)])
async def test_the_cursor_can_be_moved_while_the_view_has_room_for_what_comes(key: str, step: int) -> None:
    async with opened((120, 40)) as (app, pilot, _):
        pane = app.workbench.code
        pane.show(RoundStarted(turn=1, round=1))
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        pane.show(ReplyGrew("```python\n"))
        await pilot.press("f3")
        while not pane.max_scroll_y:
            pane.show(ReplyGrew("x = 1\n"))
            await until(pilot, lambda: pane._first_changed is None and pane._waiting is None)
        last = pane.line_count() - 1
        assert pane.virtual_size.height > last + 1, "it has jumped by half a page"
        await pilot.press(key)
        assert (pane.here, pane.following) == (last + step, False)


async def test_a_stream_lays_the_screen_out_no_more_than_to_show_the_scroll_bars() -> None:
    async with opened() as (app, pilot, _):
        layouts: list[object] = []
        app.workbench.screen_layout_refresh_signal.subscribe(app, layouts.append)
        pane = app.workbench.code
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        pane.show(ReplyGrew("`a.py`\n```python\n"))
        for number in range(60):
            pane.show(ReplyGrew(f"x = '{'y' * number}'\n"))
            await until(pilot, lambda number=number: f"x = '{'y' * number}'" in text_of(pane))  # type: ignore[misc]
        pane.show(ReplyFinished(text="", usage=Usage()))
        await until(pilot, lambda: "y" * 59 in on_screen(app) and pane.scroll_y > 0)
        assert len(layouts) <= 4


class Begins(ReplaySession):
    """Remembers with what replies it was asked."""

    def __init__(self) -> None:
        super().__init__(RECORDING, speed=0)
        self.begun: list[Begun | None] = []

    def ask(self, prompt: str, begun: Begun | None = None) -> AsyncGenerator[Event]:
        self.begun.append(begun)
        return super().ask(prompt, begun)


@asynccontextmanager
async def editing(prompt_keys: PromptKeys = "default") -> AsyncGenerator[tuple[OciApp, Pilot[None], Begins]]:
    """The app with a reply of two blocks, the first of them under the cursor at its line `return x` and being edited."""
    session = Begins()
    app = OciApp(lambda: session, Path("/src"), "night", prompt_keys=prompt_keys)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        stream(app.workbench.code)
        await until(pilot, lambda: "ls" in text_of(app.workbench.code))
        await pilot.press("alt+2", "g", "j", "j", "e")
        await until(pilot, lambda: isinstance(app.focused, CodeEditor) and "Alt+R run" in on_screen(app))
        yield app, pilot, session
        await app.close_session()


REPLY = "".join(token.text for token in SAID)


async def test_a_block_is_edited_where_it_stands_and_run_with_the_rest_of_the_reply() -> None:
    async with editing() as (app, pilot, session):
        screen = on_screen(app)
        assert "Code  edited" in screen
        assert "1  def f(x):" in screen
        editor = app.focused
        assert isinstance(editor, CodeEditor)
        keyword, comment = (editor.get_component_rich_style(f"code--{ink}", partial=True) for ink in ("keyword", "comment"))
        assert [(span.start, span.end) for span in editor.get_line(0).spans if span.style == keyword] == [(0, 3)]
        await pilot.press(*" + 1", "enter", *"# so")
        assert [span.start for span in editor.get_line(2).spans if span.style == comment] == [4]
        await pilot.press("alt+r")
        await until(pilot, lambda: "I changed your reply" in text_of(app.workbench.transcript))
        assert session.begun == [Begun(REPLY.replace("return x", "return x + 1\n    # so"), go_on=False)]
        assert app.focused is app.workbench.code


async def test_the_model_goes_on_from_the_cursor() -> None:
    async with editing() as (app, pilot, session):
        await pilot.press("up", "end", "left", "left", *", y", "alt+c")
        await until(pilot, lambda: "Go on from your reply" in text_of(app.workbench.transcript))
        assert session.begun == [Begun("`a.py`\n```python\ndef f(x, y", go_on=True)]


async def test_escape_leaves_the_block_as_it_was_and_asks_before_it_drops_what_was_written() -> None:
    async with editing() as (app, pilot, session):
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is app.workbench.code and "return x" in on_screen(app))
        await pilot.press("e", "y", "escape")
        await until(pilot, lambda: "Esc again drops what you wrote" in on_screen(app))
        assert isinstance(app.focused, CodeEditor)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused is app.workbench.code)
        assert "return x" in text_of(app.workbench.code)
        assert "xy" not in text_of(app.workbench.code)
        assert session.begun == []
        await pilot.press("alt+z", "e", "f3")
        await until(pilot, lambda: isinstance(app.focused, CodeEditor))


async def test_the_block_has_the_keys_that_the_prompt_has() -> None:
    async with editing("vi") as (app, pilot, session):
        await until(pilot, lambda: "Code  edited · normal" in on_screen(app))
        await pilot.press(*"ciwy")
        await until(pilot, lambda: "Code  edited · insert" in on_screen(app))
        await pilot.press("escape")
        await pilot.press("alt+r")
        await until(pilot, lambda: bool(session.begun))
        assert session.begun == [Begun(REPLY.replace("return x", "return y"), go_on=False)]


async def test_code_that_cannot_be_shown_as_it_is_is_not_edited_in_the_pane() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.code
        pane.show(ContextBuilt(files=(), left_out=(), tokens=1, window=2))
        pane.show(ReplyGrew("`a.py`\n```python\nx = '\x1b[2J'\n```\n"))
        await until(pilot, lambda: "␛[2J" in text_of(pane))
        await pilot.press("alt+2", "e")
        await until(pilot, lambda: "characters that cannot be shown as they are" in on_screen(app))
        assert app.focused is pane


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
