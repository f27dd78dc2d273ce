"""Vi's and emacs' keys, as tables: a text with the cursor before |, keys, and what it is then."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from pathlib import Path

import pytest
from textual.events import Paste

from oci_tui.ui.app import OciApp
from oci_tui.ui.line_editing import LineEditing, Way
from oci_tui.ui.panes.keyed_area import Edited
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.replay import ReplaySession
from tests.ui.test_workbench import RECORDING, finished, on_screen, text_of, until

NAMED = {"␛": "escape", "↻": "ctrl+r"}


def pressed(way: Way, before: str, keys: list[str]) -> tuple[str, LineEditing]:
    editing = LineEditing(way)
    state = Edited(before.replace("|", ""), before.index("|"))
    for key in keys:
        character = key if len(key) == 1 else None
        assert editing.takes(key, character), (key, editing.mode)
        state = editing.press(key, character, state)
    return f"{state.text[: state.cursor]}|{state.text[state.cursor :]}", editing


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("one two three|", "␛bdw", "one two| "),
        ("one two three|", "␛0w", "one |two three"),
        ("one two three|", "␛0e", "on|e two three"),
        ("one two|", "␛0$", "one tw|o"),
        ("  one two|", "␛0^", "  |one two"),
        ("one two one|", "␛0ft", "one |two one"),
        ("one one one|", "␛0fn;x", "one o|e one"),
        ("one one one|", "␛0fn;,x", "o|e one one"),
        ("one two|", "␛0dtw", "|wo"),
        ("one\ntwo\nthree|", "␛gg", "|one\ntwo\nthree"),
        ("one|\ntwo", "␛G", "one\n|two"),
        ("one\ntw|o\nthree", "␛dd", "one\n|three"),
        ("one\ntw|o\nthree", "␛ddp", "one\nthree\n|two"),
        ("one\ntw|o", "␛yyP", "one\n|two\ntwo"),
        ("one\ntw|o", "␛ccX", "one\nX|"),
        ("one t|wo", "␛D", "one| "),
        ("one two|", "␛bcwX", "one X|"),
        ("|one two three", "␛cwX", "X| two three"),
        ("|a b c", "␛cwX", "X| b c"),
        ("|one two three", "␛2cwX", "X| three"),
        ("|one two three", "␛c2wX", "X| three"),
        ("|one two three", "␛d2w", "|three"),
        ("f(a, |b)", "␛di(", "f(|)"),
        ("f(a, |b)", '␛ci("', 'f("|)'),
        ("|abc", "␛x", "|bc"),
        ("|abc", "␛xp", "b|ac"),
        ("|abc", "␛rX", "|Xbc"),
        ("|abc", "␛~", "A|bc"),
        ("abc|", "␛IX", "X|abc"),
        ("|abc", "␛AX", "abcX|"),
        ("|abc", "␛aX", "aX|bc"),
        ("|abc", "␛iX", "X|abc"),
        ("o|ne", "␛oX", "one\nX|"),
        ("o|ne", "␛OX", "X|\none"),
        ("one\n|two", "␛kJ", "one| two"),
        ("|", "xy␛u", "|"),
        ("|", "xy␛u↻", "x|y"),
        ("one two|", "␛0dwu", "|one two"),
        ("one two|", "␛0dwu↻", "|two"),
        ("|one two", "␛vey$p", "one twoon|e"),
        ("|one two", "␛ved", "| two"),
        ("one|\ntwo\nthree", "␛Vjd", "|three"),
        ("|one", "␛vllc␛", "|"),
        ("|one two", "␛d␛w", "one |two"),
        ("|one two three", "␛dw.", "|three"),
        ("|one two three", "␛cwX␛w.", "X |X three"),
        ("|one two three", "␛cwX␛w.uu", "X |two three"),
        ("|one two three", "␛dwuw.", "one |three"),
        ("|one two three", "␛dww0.", "|three"),
        ("|one two three", "␛dwywj.", "|three"),
        ("|abcd", "␛x..", "|d"),
        ("|abcd", "␛2x.", "|"),
        ("|abcd", "␛vld.", "|"),
        ("|abcd", "␛rXl.", "X|Xcd"),
        ("|a.b.c", "␛f.x.", "a|.c"),
        ("|one\ntwo\nthree", "␛dd.", "|three"),
        ("|one\ntwo", "␛A!␛j.", "one!\ntwo|!"),
        ("|one", "xy␛.", "xx|yyone"),
        ("|one", "␛.", "|one"),
        ("|one", "␛i.␛", "|.one"),
        ("|abcdefgh", "␛x3.", "|efgh"),
        ("|abcdefgh", "␛2x3..", "|"),
        ("|one two three four five six", "␛dw3.dw", "|six"),
        ("|a b c d", "␛cwX␛w2.", "X |X d"),
        ("|one", "␛A!␛3.", "one!!!|!"),
        ("|one two three", "␛3.dw", "|two three"),
        ("|one two three", "␛3Qdw", "|two three"),
        ("|one two", '␛"aywx', "|ne two"),
        ("|one two three", '␛x"adww.', "ne |wo three"),
    ],
)
def test_vi(before: str, keys: str, after: str) -> None:
    assert pressed("vi", before, [NAMED.get(key, key) for key in keys])[0] == after


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("one two|", "ctrl+a x", "x|one two"),
        ("|one two", "ctrl+e x", "one twox|"),
        ("|one", "ctrl+f ctrl+f ctrl+b x", "ox|ne"),
        ("o|ne\ntwo", "ctrl+n x", "one\ntx|wo"),
        ("one\nt|wo", "ctrl+p x", "ox|ne\ntwo"),
        ("one |two", "ctrl+k", "one |"),
        ("one |two", "ctrl+k ctrl+a ctrl+y", "two|one "),
        ("one two|", "ctrl+w", "one |"),
        ("one two|", "ctrl+u", "|"),
        ("one two|", "ctrl+u ctrl+y", "one two|"),
        ("a|b", "ctrl+t", "ba|"),
        ("a|bc", "ctrl+d", "a|c"),
        ("ab|c", "ctrl+h", "a|c"),
        ("|one two", "alt+f alt+f x", "one twox|"),
        ("one two|", "alt+b x", "one x|two"),
        ("|one two", "alt+d", "| two"),
        ("one two|", "alt+backspace", "one |"),
        ("|one two", "alt+u alt+c", "ONE Two|"),
        ("one two|", "x y ctrl+underscore", "one two|"),
        ("one two|", "alt+b ctrl+k ctrl+a ctrl+k ctrl+y alt+y", "two|"),
        ("|one two", "ctrl+at alt+f ctrl+w ctrl+e ctrl+y", " twoone|"),
        ("on|e\ntwo", "alt+greater_than_sign x", "one\ntwox|"),
    ],
)
def test_emacs(before: str, keys: str, after: str) -> None:
    assert pressed("emacs", before, keys.split())[0] == after


def test_what_stands_there_now_counts_whatever_put_it_there() -> None:
    editing = LineEditing("vi")
    state = editing.press("escape", None, Edited("one two", 7))
    assert (editing.mode, state.cursor) == ("normal", 6)
    state = editing.press("x", "x", Edited("other", 0))
    assert state.text == "ther"
    assert editing.press("u", "u", state).text == "other"


def test_vi_repeats_also_what_came_by_no_key_of_its_own() -> None:
    """A new line that the box puts in, or a paste; not what put another text there."""
    editing = LineEditing("vi")
    state = Edited("", 0)
    for key in ("escape", "A", "a"):
        state = editing.press(key, key if len(key) == 1 else None, state)
    state = editing.press("b", "b", Edited("a\n", 2))
    for key in ("escape", "."):
        state = editing.press(key, key if len(key) == 1 else None, state)
    assert state.text == "a\nba\nb"
    state = editing.press("A", "A", state)
    state = editing.press("z", "z", Edited("other", 5))
    for key in ("escape", "."):
        state = editing.press(key, key if len(key) == 1 else None, state)
    assert state.text == "otherza\nb"


def test_a_begun_command_is_told_from_none() -> None:
    for keys, mode, idle in (("␛", "normal", True), ("␛d", "normal", False), ("␛2", "normal", False), ("␛v", "visual", True)):
        _, editing = pressed("vi", "one|", [NAMED.get(key, key) for key in keys])
        assert (editing.mode, editing.idle) == (mode, idle)
    assert not pressed("vi", "one|", ["escape"])[1].takes("escape", None)
    assert pressed("vi", "one|", ["escape", "d"])[1].takes("escape", None)


def typing(way: Way) -> OciApp:
    return OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src/parser"), "night", "one", prompt_keys=way)


async def test_the_prompt_has_the_keys_of_vi_and_says_in_which_mode_they_are() -> None:
    app = typing("vi")
    async with app.run_test(size=(160, 45)) as pilot:
        await finished(app, pilot)
        box = app.workbench.query_one(PromptBox)
        await pilot.press(*"one two", "escape")
        await until(pilot, lambda: "N one two" in on_screen(app))
        await pilot.press(*"bcwX")
        await until(pilot, lambda: "❯ one X" in on_screen(app))
        await pilot.press("escape", "u", "ctrl+r", "v")
        await until(pilot, lambda: "V one X" in on_screen(app))
        assert box.text == "one X"
        box.post_message(Paste("pasted"))
        await pilot.press("escape", "A", "!", "enter")
        await until(pilot, lambda: "❯ one pastedX!" in text_of(app.workbench.transcript))
        await pilot.press("escape", "k")
        await until(pilot, lambda: box.text == "one pastedX!")
        await pilot.press("0", "x", "full_stop")
        assert box.text == "e pastedX!"
        await pilot.press(*"dk", "i", "ctrl+y")
        await until(pilot, lambda: "accepted:" in text_of(app.workbench.transcript))
        await app.close_session()


async def test_the_prompt_has_the_keys_of_emacs_where_it_has_the_focus() -> None:
    app = typing("emacs")
    async with app.run_test(size=(160, 45)) as pilot:
        await finished(app, pilot)
        await until(pilot, lambda: "Ctrl+X a accept" in on_screen(app))
        box = app.workbench.query_one(PromptBox)
        await pilot.press(*"one two", "ctrl+w", "ctrl+a", "ctrl+y", "ctrl+p", "ctrl+n")
        assert box.text == "twoone "
        await pilot.press("ctrl+shift+right", "x", "ctrl+underscore")
        assert app.workbench.conversation.pending.files
        await pilot.press("alt+4", "ctrl+y")
        await until(pilot, lambda: "accepted:" in text_of(app.workbench.transcript))
        await app.close_session()


def test_without_such_keys_nothing_of_them_is_loaded() -> None:
    code = "import sys, oci_tui.ui.app; sys.exit('prompt_toolkit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("way", ["vi", "emacs"])
def test_nothing_that_is_typed_ends_it(way: Way) -> None:
    chosen = random.Random(7)
    typed = [*string.printable[:95], *'""""aydcp..33vV@q', *[f"ctrl+{key}" for key in "abdefhknprtuvwy"]]
    typed += [f"alt+{key}" for key in "bcdfltuwy"]
    for _ in range(60):
        editing, state = LineEditing(way), Edited("one two\n  f(a, [b])\n", 0)
        for _ in range(60):
            key = "escape" if editing.mode != "normal" and chosen.random() < 0.15 else chosen.choice(typed)
            character = key if len(key) == 1 else None
            if editing.takes(key, character):
                state = editing.press(key, character, state)
                assert 0 <= state.cursor <= len(state.text)
