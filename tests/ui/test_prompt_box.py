"""The prompt box: completion, earlier prompts, long pastes, a draft that outlives the app, the queue, the person's editor."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key, Paste
from textual.pilot import Pilot
from textual.screen import Screen

from oci_tui.core.events import ContextBuilt
from oci_tui.core.mentions import find
from oci_tui.ui.app import OciApp
from oci_tui.ui.fuzzy import Finder
from oci_tui.ui.memory import PromptMemory
from oci_tui.ui.panes.completion import Completion
from oci_tui.ui.panes.frame import QueueLine
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.pasting import PasteParser
from oci_tui.ui.screens.help import HelpScreen
from oci_tui.ui.screens.queue import QueueScreen
from oci_tui.ui.slash import parsed
from tests.ui.test_serve import terminal
from tests.ui.test_workbench import finished, on_screen, opened, text_of, until


@asynccontextmanager
async def typing() -> AsyncGenerator[tuple[OciApp, Pilot[None], PromptBox]]:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        yield app, pilot, app.workbench.query_one(PromptBox)


async def test_tab_writes_the_file_that_a_few_letters_mean() -> None:
    async with typing() as (app, pilot, box):
        await pilot.press(*"see @lxr")
        await until(pilot, lambda: "▸ @parser/lexer.py" in on_screen(app))
        await pilot.press("tab", *"now")
        assert box.text == "see @parser/lexer.py now"
        assert not app.workbench.query_one(Completion).display


async def test_a_name_with_blanks_or_brackets_is_completed_as_the_mention_that_means_it() -> None:
    names = ["app/[id]/page.tsx", "app/page.tsx", "my file.py", "it\u200bem.py", "page.tsx"]
    async with typing() as (app, pilot, box):
        app.workbench._vocabulary.know(names, {"my": "page.tsx:1"})
        for typed, written in (
            ("@app/[i", "@app/[id]/page.tsx "),
            ("@file", '@"my file.py" '),
            ('@"my fi', '@"my file.py" '),
            ('@"app/pa', '@"app/page.tsx" '),
        ):
            box.put("")
            await pilot.press(*typed)
            await until(pilot, lambda: app.workbench.query_one(Completion).display)
            await pilot.press("tab")
            assert box.text == written
            (meant,) = find(box.text, names).paths
            assert meant in written
        box.put("")
        await pilot.press(*"@item")
        await pilot.pause()
        assert not app.workbench.query_one(Completion).display, "it could not be told from another on the screen"


async def test_a_mention_that_means_nothing_is_told() -> None:
    async with typing() as (app, pilot, _):
        transcript = app.workbench.transcript
        transcript.show(ContextBuilt((), (), 1, 2, unknown=("gone.py", "a\x1bb")))
        await until(pilot, lambda: "! nothing is named @gone.py, @a␛b" in text_of(transcript))


async def test_commands_are_suggested_with_what_they_do_and_sent_by_a_second_enter() -> None:
    async with typing() as (app, pilot, box):
        await pilot.press(*"/re")
        await until(pilot, lambda: "drop the pending change" in on_screen(app))
        await pilot.press("down", "down", "enter")
        assert box.text == "/restore "
        assert app.workbench.conversation.pending.files
        await pilot.press("enter")
        await until(pilot, lambda: "/restore N: bring the mirror back" in on_screen(app))


async def test_what_is_typed_faster_than_it_is_drawn_is_sent_as_it_stands() -> None:
    async with typing() as (app, pilot, box):
        await pilot.press(*"/he")
        for key in ("l", "p", "enter"):
            box.post_message(Key(key, key[:1]))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


PASTED = (
    ("\x1b[200~a\x1b[2J\x19b\x1b[201~c", ["a␛[2J␙b", "c"]),
    ("\x1b[200~\x1b" + "\x19" * 40 + "\r\n\r\x1b[201~", ["␛" + "␙" * 40 + "\n\n"]),
    ("x\x1b[200~one\ntwo\x1b[201~\x1b[200~\x1b[201~\x1b[A", ["x", "one\ntwo", "", "up"]),
)


@pytest.mark.parametrize(("sent", "expected"), PASTED)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_nothing_in_a_paste_is_a_key(sent: str, expected: list[str], size: int) -> None:
    parser = PasteParser()
    found = [event for start in range(0, len(sent), size) for event in parser.feed(sent[start : start + size])]
    assert [
        event.text if isinstance(event, Paste) else event.key for event in found if isinstance(event, Paste | Key)
    ] == expected


def test_alt_with_a_digit_is_that_key_in_every_terminal() -> None:
    parser = PasteParser()
    found = [event for sent in ("\x1b4", "\x1b[52;3u", "\x1b4u") for event in parser.feed(sent)]
    assert [event.key for event in found if isinstance(event, Key)] == ["alt+4", "alt+4", "alt+4", "u"]


def test_what_is_pasted_is_shown_and_decides_nothing(tmp_path: Path) -> None:
    with terminal(tmp_path, prompt="go") as screen:
        screen.until(lambda: "passed · 2 rounds" in screen.text)
        screen.press(b"\x1b[200~so \x1b" + b"\x19" * 40 + b"\r!ls\r\x1b[201~.")
        screen.until(lambda: "!ls" in screen.text and "so ␛␙␙" in screen.text)
        screen.press(b"\x11\x11")
        screen.ended()
        assert "accepted" not in screen.raw.decode()


async def test_up_finds_earlier_prompts_that_hold_what_was_typed() -> None:
    async with typing() as (app, pilot, box):
        for text in ("fix the lexer", "add a flag", "document it"):
            await pilot.press(*text, "enter")
            await until(pilot, lambda: not app.workbench.conversation.running)
        await pilot.press(*"flag", "up")
        assert box.text == "add a flag"
        await pilot.press("up")
        assert box.text == "add a flag"
        await pilot.press("down")
        assert box.text == "flag"


async def test_a_paste_that_there_is_not_is_what_stands_there() -> None:
    async with typing() as (_, _, box):
        box.put("[pasted 0: 1 line] [pasted 7: 2 lines]")
        assert box.whole == box.text


async def test_a_long_paste_is_one_word_that_the_model_reads_whole() -> None:
    text = "\n".join(f"line {number}" for number in range(40))
    async with typing() as (app, pilot, box):
        box.post_message(Paste(text))
        await until(pilot, lambda: box.text == "[pasted 1: 40 lines]")
        await pilot.press("enter")
        await until(pilot, lambda: "line 39" in text_of(app.workbench.transcript))


async def test_a_draft_outlives_the_app() -> None:
    async with opened() as (app, pilot, _):
        await pilot.press(*"half a thought")
        await until(pilot, lambda: app.workbench.query_one(PromptBox)._memory.draft() == "half a thought")
    async with opened() as (app, pilot, _):
        box = app.workbench.query_one(PromptBox)
        assert box.text == "half a thought"
        await pilot.press("enter")
        await until(pilot, lambda: box._memory.draft() == "")


async def test_a_draft_is_not_shown_in_a_second_app_while_the_first_one_runs() -> None:
    async with opened() as (first, pilot, _):
        await pilot.press(*"of the first")
        box = first.workbench.query_one(PromptBox)
        box._keep()
        async with opened() as (second, other, _):
            assert second.workbench.query_one(PromptBox).text == ""
            await other.press(*"of the second")
        assert box.text == "of the first"
    texts = []
    async with opened() as (third, _, _), opened() as (fourth, _, _):
        texts += [app.workbench.query_one(PromptBox).text for app in (third, fourth)]
    assert sorted(texts) == ["of the first", "of the second"], "neither wrote over the other's"


async def test_what_waits_can_be_taken_back_and_what_runs_by_hand_is_said() -> None:
    async with opened(prompt="one", paused_at=60) as (app, pilot, session):
        await session.reached.wait()
        await pilot.press(*"two", "enter", *"!ls -l", "enter")
        await until(pilot, lambda: "2 queued" in on_screen(app))
        await pilot.press("alt+up")
        box = app.workbench.query_one(PromptBox)
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))
        await pilot.press("enter")
        await until(pilot, lambda: box.text == "!ls -l")
        assert list(app.workbench.conversation.waiting) == ["two"]
        await pilot.press("escape")
        await until(pilot, lambda: box.text == "two\n!ls -l")
        box.put("!ls -l")
        await pilot.press("enter")
        await until(pilot, lambda: "`ls -l" in text_of(app.workbench.transcript))


async def test_each_of_several_that_wait_can_be_seen_edited_and_dropped() -> None:
    async with opened(prompt="one", paused_at=60) as (app, pilot, session):
        waiting, box = app.workbench.conversation.waiting, app.workbench.query_one(PromptBox)
        await session.reached.wait()
        for text in ("two", "th\x1bree", "same", "same"):
            app.workbench.conversation.send(text)
        box.put("half a thought")
        await pilot.press("alt+up")
        await until(pilot, lambda: all(f"  {line}" in on_screen(app) for line in ("1  two", "2  th␛ree", "3  same", "4  same")))
        await pilot.press("d", "up", "d")
        await until(pilot, lambda: list(waiting) == ["two", "same"])
        await until(pilot, lambda: "1  two" in on_screen(app) and "th␛ree" not in on_screen(app))
        await pilot.press("home", "enter")
        await until(pilot, lambda: box.text == "two\nhalf a thought" and app.focused is box)
        assert list(waiting) == ["same"]
        await pilot.press("alt+up")
        await until(pilot, lambda: box.text == "same\ntwo\nhalf a thought")
        assert not app.workbench.query_one(QueueLine).display


async def test_the_list_of_what_waits_follows_the_queue() -> None:
    async with opened(prompt="one", paused_at=60) as (app, pilot, session):
        talk = app.workbench.conversation
        await session.reached.wait()
        for text in ("two", "three", "four"):
            talk.send(text)
        await pilot.press("alt+up", "up")
        await until(pilot, lambda: isinstance(app.screen, QueueScreen) and app.screen._list.highlighted == 1)
        screen = app.screen
        assert isinstance(screen, QueueScreen)
        talk.waiting.popleft()
        app.workbench._refresh_state()
        await until(pilot, lambda: screen._list.option_count == 2)
        assert screen._list.highlighted == 0, "the highlight is still on three"
        above = Screen[None]()
        await app.push_screen(above)
        await until(pilot, lambda: app.screen is above)
        screen.show(())
        assert app.screen is above, "what came over the list stays"
        await app.pop_screen()
        await until(pilot, lambda: app.screen is app.workbench)


async def test_what_waits_when_the_person_quits_is_said_and_in_the_prompt_again() -> None:
    async with opened(prompt="one", paused_at=60) as (app, pilot, session):
        await session.reached.wait()
        await pilot.press(*"two", "enter", *"three", "enter", *"half")
        await until(pilot, lambda: "2 queued" in on_screen(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Ctrl+Q again quits; 2 queued prompts will be in the prompt again" in on_screen(app))
        assert app.return_code is None
    async with opened() as (app, _, _):
        assert app.workbench.query_one(PromptBox).text == "two\nthree\nhalf"


@pytest.mark.parametrize(
    ("script", "stands", "said"),
    [
        ('cp "$1" "$HOME/seen"\nprintf "more\\n\\033[2Jred\\n" >> "$1"', "❯ say more", ""),
        ('echo lost > "$1"\nexit 3', "❯ say ", "editor ended with 3; nothing was taken over"),
        ("", "❯ say ", "no-editor cannot be started (No such file or directory); set $EDITOR"),
    ],
)
def test_the_prompt_is_written_in_the_persons_editor(tmp_path: Path, script: str, stands: str, said: str) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    editor.chmod(0o755)
    chosen = str(editor) if script else "no-editor"
    with terminal(tmp_path, first=f"os.environ['VISUAL'] = {chosen!r}", prompt="") as screen:
        screen.until(lambda: "Ask for a change" in screen.text)
        screen.press(b"say ")
        screen.until(lambda: "❯ say" in screen.text)
        screen.press(b"\x07")
        screen.until(lambda: stands in screen.text and said in screen.text)
        if not said:
            assert (tmp_path / "seen").read_text(encoding="utf-8") == "say "
            screen.until(lambda: "␛[2Jred" in screen.text)
        screen.press(b"!")
        screen.until(lambda: "red!" in screen.text or "❯ say !" in screen.text)
        screen.press(b"\x11")
        assert screen.ended()[0] == 0
        assert b"\x1b[2Jred" not in screen.raw


@pytest.mark.parametrize(
    ("text", "command"),
    [("/accept", ("accept", "")), ("/reject too slow\nreally", ("reject", "too slow\nreally")), ("/etc/hosts is wrong", None)],
)
def test_a_path_is_no_command(text: str, command: tuple[str, str] | None) -> None:
    assert parsed(text) == command


def test_a_hundred_thousand_paths_are_searched_at_once() -> None:
    finder = Finder([f"src/{number % 97}/part_{number % 89}/module_{number}.py" for number in range(100_000)])
    began = time.process_time()
    assert finder.best("module_4242")[0] == "src/71/part_59/module_4242.py"
    assert finder.best("s7p5m99")
    assert finder.best("no such file") == []
    assert len(finder.best("e")) == 8
    assert time.process_time() - began < 3 * 0.05


def test_the_last_part_of_a_path_counts_more_than_how_many_are_before_it() -> None:
    finder = Finder([*(f"app/src/main/java/pkg/C{number}.java" for number in range(600)), "zz/App.java", "main.py"])
    assert finder.best("app")[0] == "zz/App.java"
    assert finder.best("main")[0] == "main.py"


@given(
    st.lists(st.text("abİB/\n", min_size=1, max_size=7), unique=True, max_size=12),
    st.text("abB/", min_size=1, max_size=3),
)
def test_what_is_found_first_is_what_ranks_first(names: list[str], letters: str) -> None:
    def rank(name: str) -> tuple[int, int]:
        low, wanted = name.lower().replace("\n", " "), letters.lower()
        last, rest = low.rpartition("/")[2], iter(low)
        kinds = (last.startswith(wanted), wanted in last, wanted in low, all(letter in rest for letter in wanted))
        return next((kind for kind, holds in enumerate(kinds) if holds), 4), len(name)

    assert Finder(names).best(letters, 5) == sorted((name for name in names if rank(name)[0] < 4), key=rank)[:5]


def test_what_cannot_be_remembered_is_said_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = PromptMemory(tmp_path / "file", Path("/src"))
    memory.add("one")
    assert "cannot be written" in memory.problem
    assert PromptMemory(tmp_path / "new", Path("/src")).prompts() == []
