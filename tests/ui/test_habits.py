"""What a person brings along: themes, sizes, keys of their own, and a terminal that tells them when a turn has ended."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from rich.cells import cell_len
from textual.binding import Binding, BindingsMap, BindingType
from textual.color import Color
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.pilot import Pilot
from textual.widgets import Label

from oci_tui import ui
from oci_tui.core.changes import Kept
from oci_tui.core.errors import SettingsError
from oci_tui.core.events import HistoryListed
from oci_tui.resources import data_folder
from oci_tui.settings import load
from oci_tui.ui import keys
from oci_tui.ui.app import OciApp
from oci_tui.ui.attention import BELL, notification, title
from oci_tui.ui.panes.ask_line import AskLine
from oci_tui.ui.panes.changes import ChangesPane
from oci_tui.ui.panes.code import CodePane
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.choosing import ChoosingList, ChoosingScreen
from oci_tui.ui.screens.conflict import ConflictScreen
from oci_tui.ui.screens.details import DetailsScreen
from oci_tui.ui.screens.evaluate import EvaluateScreen
from oci_tui.ui.screens.help import HelpScreen, HelpText
from oci_tui.ui.screens.models import ModelsScreen
from oci_tui.ui.screens.queue import QueueScreen
from oci_tui.ui.screens.sessions import SessionsScreen
from oci_tui.ui.screens.settings import SettingsScreen
from oci_tui.ui.screens.themes import ThemeScreen
from oci_tui.ui.screens.timeline import TimelineScreen
from oci_tui.ui.themes import load as load_theme
from tests.ui.odd import conflict
from tests.ui.terminal import Terminal
from tests.ui.test_serve import RECORDING, RUN
from tests.ui.test_workbench import finished, on_screen, opened, text_of, until


async def test_a_theme_is_shown_while_it_is_chosen_and_remembered() -> None:
    async with opened() as (app, pilot, _):
        await pilot.press("f8")
        await until(pilot, lambda: "Enter takes it" in on_screen(app))
        await pilot.press("up")
        await until(pilot, lambda: app.theme == "frost")
        await pilot.press("escape")
        await until(pilot, lambda: app.theme == "night")
        await pilot.press("f8", "home", "enter")
        await until(pilot, lambda: app.screen is app.workbench)
        assert app.theme == "clear"
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "")
    assert app.theme == "clear"


async def test_a_theme_of_the_persons_is_shown_anew_when_it_is_saved() -> None:
    folder = Path(os.environ["XDG_CONFIG_HOME"]) / "oci-tui" / "themes"
    folder.mkdir(parents=True)
    async with opened() as (app, pilot, _):
        (folder / "night.toml").write_text('primary = "#ff0000"\nbackground = "#010203"', encoding="utf-8")
        await until(pilot, lambda: app.workbench.background_colors[1].hex == "#010203")
        (folder / "night.toml").write_text('primary = "red', encoding="utf-8")
        await until(pilot, lambda: "night.toml: cannot be read" in on_screen(app))


async def test_sizes_are_changed_by_keys_and_remembered_for_the_shape_of_the_terminal() -> None:
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one("#console", LinePane)
        width, height = pane.size
        await pilot.press("alt+3", *["ctrl+left"] * 2, *["ctrl+up"] * 3)
        await until(pilot, lambda: pane.size.width > width and pane.size.height > height)
        kept = pane.size
    async with opened() as (app, pilot, _):
        pane = app.workbench.query_one("#console", LinePane)
        await until(pilot, lambda: pane.size == kept)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: pane.size.width < kept.width)


async def test_an_action_has_the_keys_that_the_settings_give_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[ui.keys]\nhelp = "f9"\n"console.error" = "exclamation_mark"\nnothing = "x"', encoding="utf-8")
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src"), "night", keymap=load(file=file).ui.keys)
    async with app.run_test(size=(120, 80)) as pilot:
        await until(pilot, lambda: "ui.keys.nothing: no such action" in on_screen(app))
        await pilot.press("alt+3", "f1")
        assert app.screen is app.workbench
        await until(pilot, lambda: "exclamation_mark error" in on_screen(app))
        await pilot.press("f9")
        await until(pilot, lambda: "f9" in on_screen(app) and "exclamation_mark" in on_screen(app))
        assert isinstance(app.screen, HelpScreen)
        lines = app.screen._text(96).plain.splitlines()
        assert lines.index("Console") < lines.index("Every pane")
        await app.close_session()


def test_every_action_is_named_once_and_its_keys_clash_with_no_other_of_its_place() -> None:
    bound = [key for key in keys.KEYS if key.keys]
    assert len({key.id for key in bound}) == len(bound)
    for group in {key.group for key in bound}:
        taken = [part for key in bound if key.group == group for part in key.keys.split(",")]
        assert len(set(taken)) == len(taken), group


def astray(classes: Iterable[type[DOMNode]]) -> list[str]:
    """The keys that these bind themselves and that are in no table of `keys`."""
    known = {key.id for key in keys.KEYS if key.keys}
    own = ((found, BindingsMap(found.__dict__.get("BINDINGS", ()))) for found in classes)
    return [f"{found.__name__} {key}" for found, bound in own for key, binding in bound if binding.id not in known]


def classes_below(kind: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for found in kind.__subclasses__():
        yield found
        yield from classes_below(found)


def test_no_screen_and_no_pane_binds_a_key_that_is_in_no_table() -> None:
    for module in pkgutil.walk_packages(ui.__path__, "oci_tui.ui."):
        importlib.import_module(module.name)
    ours = {found for found in classes_below(DOMNode) if found.__module__.startswith("oci_tui.ui.")}
    assert ours >= {OciApp, TimelineScreen, ThemeScreen, QueueScreen, HelpScreen, ConflictScreen, ChangesPane, AskLine}
    assert astray(ours) == []

    class Astray(Label):
        BINDINGS: ClassVar[list[BindingType]] = [*keys.of("Help"), Binding("x,f3", "go")]

    assert astray([Astray]) == ["Astray x", "Astray f3"]


async def test_the_leader_shows_what_the_next_key_can_do_and_the_key_does_it() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "v review" in on_screen(app) and "z zoom" in on_screen(app))
        await pilot.press("4")
        await until(pilot, lambda: app.focused is app.workbench.changes and app.screen is app.workbench)
        await pilot.press("ctrl+x", "ctrl+x", "ctrl+x", "escape")
        await until(pilot, lambda: app.screen is app.workbench)
        assert app.workbench.conversation.pending.files
        await pilot.press("ctrl+x", "asterisk")
        await until(pilot, lambda: app.screen is app.workbench)
        await pilot.press("ctrl+x", "a")
        await until(pilot, lambda: "accepted:" in text_of(app.workbench.transcript))


@pytest.mark.parametrize(
    ("words", "name", "then"),
    [
        ("rejpend", "Reject the pending change", "Ctrl+N again drops"),
        ("review", "Review the pending change", "accept, reject hunk"),
        ("theme", "Theme", "Enter takes it"),
        ("setting", "Settings", "this is a recording: there are no settings"),
        ("editor", "Write the prompt in your editor", "the editor needs a terminal of its own"),
    ],
)
async def test_the_palette_finds_a_command_by_some_letters_and_does_it(words: str, name: str, then: str) -> None:
    async with opened((120, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("alt+2", "ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*words)
        await until(pilot, lambda: name in on_screen(app))
        assert then not in on_screen(app)
        await pilot.press("enter")
        await until(pilot, lambda: then in on_screen(app) and not isinstance(app.screen, CommandPalette))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench)


async def test_the_palette_shows_the_persons_own_key_and_escape_leaves_it() -> None:
    async with opened((120, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        app.keymap["review"] = "f4"
        await pilot.press("ctrl+p", *"review")
        await until(pilot, lambda: "the changes on the whole screen, and back — f4" in on_screen(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.workbench and isinstance(app.focused, PromptBox))
        assert app.workbench.conversation.pending.files


async def test_the_palette_rejects_as_the_key_does_only_when_it_is_said_twice() -> None:
    async with opened((120, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+p", *"rejpend")
        await until(pilot, lambda: "Reject the pending change" in on_screen(app) and "(press twice)" in on_screen(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Ctrl+N again drops" in on_screen(app) and app.screen is app.workbench)
        assert app.workbench.conversation.pending.files
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not app.workbench.conversation.pending.files)


async def test_the_palette_takes_a_change_back() -> None:
    async with opened((120, 40), prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "accepted:" in text_of(app.workbench.transcript))
        await pilot.press("ctrl+p", *"undolast")
        await until(pilot, lambda: "take it back out of your files" in on_screen(app))
        await pilot.press("enter")
        await until(pilot, lambda: "undone: parser/lexer.py" in text_of(app.workbench.transcript))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_all_that_can_follow_the_leader_is_in_sight(size: tuple[int, int]) -> None:
    async with opened(size) as (app, pilot, _):
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Esc leaves" in on_screen(app))
        shown = on_screen(app)
        assert all(f" {then} " in shown for then in keys.AFTER_LEADER)
        assert "…" not in shown[shown.index(" a accept") :]


@pytest.mark.parametrize("width", [95, 75, 35])
def test_help_hangs_its_lines_and_tells_the_keys_of_a_question(width: int) -> None:
    rows = HelpScreen("Command", {})._text(width).plain.splitlines()
    assert max(map(cell_len, rows)) <= width
    assert rows[0] == "Command"
    assert [row.split()[0] for row in rows[1 : rows.index("")] if row[2] != " "] == ["y", "n", "a", "Esc"]
    assert rows[rows.index("") + 1 : rows.index("") + 3] == ["Moving", next(row for row in rows if row.startswith("  j  ↓"))]
    column = min(len(row) - len(row.lstrip()) for row in rows if row.startswith("   "))
    assert all(row.startswith(" " * column) for row in rows if row.startswith("   "))


async def test_a_key_of_a_pane_after_the_leader_is_for_that_pane() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        app.keymap["console.error"] = "leader g"
        await pilot.press("alt+2", "ctrl+x", "g")
        await until(pilot, lambda: "next error: that is for Console" in on_screen(app))
        await pilot.press("alt+3", "ctrl+x", "g")
        console = app.workbench.query_one(ConsolePane)
        await until(pilot, lambda: "IndexError" in console.text_at(console.here))


async def test_the_leader_cuts_what_is_selected_in_the_prompt() -> None:
    async with opened() as (app, pilot, _):
        box = app.workbench.query_one(PromptBox)
        await pilot.press(*"one two", *["ctrl+shift+left"], "ctrl+x")
        assert (box.text, app.clipboard) == ("one ", "two")
        assert app.screen is app.workbench


def test_the_person_chooses_leader_and_what_comes_after_it() -> None:
    keymap = {"leader": "f12", "accept": "leader g", "console.error": "leader a, f9", "zoom": "f10"}
    assert keys.direct(keymap) == {"leader": "f12", "console.error": "f9", "zoom": "f10"}
    chords = {chord: key.id for chord, key in keys.after_leader(keymap).items()}
    assert chords["g"] == "accept"
    assert chords["a"] == "console.error"
    assert chords["r"] == "reject"
    by_id = {key.id: key for key in keys.KEYS if key.keys}
    assert keys.shown_all(by_id["accept"], keymap) == "Ctrl+Y  f12 g"
    assert keys.shown_all(by_id["zoom"], keymap) == "f10  f12 z"
    assert set(keys.AFTER_LEADER.values()) <= by_id.keys()
    assert keys.deciding({"accept", "reject"}, {}) == [("Ctrl+X a", "accept"), ("Ctrl+X r", "reject"), ("Ctrl+R", "review")]
    own = {"leader": "f12", "accept": "leader g", "reject": "f4"}
    assert keys.deciding({"accept", "reject"}, own) == [("f12 g", "accept"), ("f4", "reject"), ("Ctrl+R", "review")]


def test_every_hint_names_an_action_or_is_a_key() -> None:
    places = (ConsolePane, CodePane, CodeEditor, ChangesPane, ModelsScreen, SessionsScreen, SettingsScreen)
    hinted = [pair for place in places for pair in place.HINTS]
    names = [name for pair in hinted for name in pair[0].split(" ")]
    assert [name for name in names if name != "Esc" and keys.hint(name, {}) == name] == []


def test_a_wish_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[ui]\nnotify = "loud"', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ui.notify: .*expected one of auto, bell, off"):
        load(file=file)


@pytest.mark.parametrize(
    ("environment", "begins"),
    [
        ({"TERM": "xterm-kitty"}, "\x1b]99;;passed"),
        ({"TERM": "foot"}, "\x1b]777;notify;oci-tui;passed"),
        ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;passed"),
        ({"WT_SESSION": "1"}, "\x1b]9;passed"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, BELL),
        ({"TERM": "xterm-256color"}, BELL),
    ],
)
def test_a_terminal_is_told_in_its_own_way_once(environment: dict[str, str], begins: str) -> None:
    told = notification("passed", environment)
    assert told.startswith(begins)
    assert told.endswith(BELL)


def test_nothing_hostile_gets_into_title_or_notification() -> None:
    hostile = "x\x07\x1b]52;c;aGk=\x07\x9d;y"
    assert title(hostile, running=True).count("\x1b") == 1
    assert notification(hostile, {"WT_SESSION": "1"}).count("\x1b") == 1


@pytest.mark.parametrize("file", sorted(data_folder("themes").glob("*.toml")), ids=lambda file: file.stem)
def test_text_can_be_read_in_every_theme(file: Path) -> None:
    """Contrast as WCAG counts it: 4.5 for what is read, on the ground and on the grounds of a diff."""
    theme = load_theme(file)
    if theme.ansi:
        return
    inks = [theme.foreground, theme.success, theme.warning, theme.error, theme.accent, theme.variables["ink-muted"]]
    assert [ink for ink in inks if contrast(ink, theme.background) < 4.5] == []
    grounds = [theme.variables[f"{side}-background"] for side in ("added", "removed", "added-word", "removed-word")]
    assert [ground for ground in grounds if contrast(theme.foreground, ground) < 4.5] == []


def contrast(ink: str | None, ground: str | None) -> float:
    light, dark = sorted((luminance(Color.parse(ink or "")), luminance(Color.parse(ground or ""))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Color) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_added_and_removed_can_be_told_apart_by_colour_blind_eyes() -> None:
    """Blue against orange: they differ in blue, which the common kinds of colour blindness leave."""
    for name in ("clear", "clear-day"):
        theme = load_theme(data_folder("themes") / f"{name}.toml")
        for pair in (("added-background", "removed-background"), ("added-word-background", "removed-word-background")):
            added, removed = (Color.parse(theme.variables[key]) for key in pair)
            assert added.b - removed.b > 20, (name, pair)


async def test_the_time_line_goes_back_to_a_round() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        kept = (Kept("round", 1, 0.0, "turn 1, round 1: 2 failed"), Kept("round", 2, 1.0, "turn 1, round 2: passed", 1))
        app.workbench.show_timeline = True
        app.workbench.show(HistoryListed(kept))
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen) and "round 1: 2 failed" in on_screen(app))
        story = app.workbench.transcript
        assert "round 1: 2 failed" not in text_of(story), "looking at it does not add it to the story"
        await pilot.press("down", "enter")
        await until(pilot, lambda: "no round 1: this is a recording" in on_screen(app))
        assert "✗ workspace" not in text_of(story)
        assert "✗ no round 1: this is a recording" in text_of(story)


async def test_a_time_line_that_cannot_be_shown_is_asked_for_no_more(tmp_path: Path) -> None:
    """The word that a turn runs goes when it ends, and /log then tells the story."""
    session = ReplaySession(RECORDING, speed=0, paused_at=60)
    app = OciApp(lambda: session, tmp_path, "night", prompt="go")
    async with app.run_test(size=(120, 40)) as pilot:
        await session.reached.wait()
        await pilot.press("f7")
        await until(pilot, lambda: "A turn is running; stop it with Esc, then look back." in on_screen(app))
        assert not app.workbench.show_timeline
        app.workbench.stop()
        await until(pilot, lambda: not app.workbench.conversation.running)
        assert "A turn is running" not in on_screen(app)
        await app.close_session()


WATCHED = """
import os, signal, subprocess, sys
app = subprocess.Popen([sys.executable, "-c", {code!r}], process_group=0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, app.pid)
_, status = os.waitpid(app.pid, os.WUNTRACED)
assert os.WIFSTOPPED(status)
os.tcsetpgrp(0, os.getpgrp())
print("IN THE SHELL", flush=True)
sys.stdin.readline()
os.tcsetpgrp(0, app.pid)
os.kill(app.pid, signal.SIGCONT)
sys.exit(app.wait())
"""


def test_ctrl_z_gives_the_terminal_to_the_shell_and_comes_back(tmp_path: Path) -> None:
    code = RUN.format(first="", make=f"return Told(Path({str(RECORDING)!r}))", root="/src", prompt="")
    screen = Terminal(WATCHED.format(code=code), tmp_path, {})
    try:
        screen.until(lambda: "Ask for a change" in screen.text)
        assert b"\x1b]2;src \xe2\x80\x93 oci-tui\x07" in screen.raw
        screen.press(b"\x1a")
        screen.until(lambda: "IN THE SHELL" in screen.text)
        left = len(screen.raw)
        screen.press(b"\n")
        panes = (b"Ask for a change", b"Story", b"Code", b"Console", b"Changes")
        screen.until(lambda: all(pane in screen.raw[left:] for pane in panes))
        screen.press(b"\x11")
        code_of_exit, _ = screen.ended()
        assert code_of_exit == 0
        assert b"\x1b[23;2t" in screen.raw
    finally:
        screen.close()


TOLD = b"\x1b]9;passed after 2 rounds\x07"
QUIET = "from oci_tui.ui.attentive import AttentiveApp; AttentiveApp.QUIET_S = {}"


@pytest.mark.parametrize(
    ("focus", "quiet_s", "told"),
    [
        (b"\x1b[O", 1000.0, True),
        (b"\x1b[O\x1b[I", 0.0, False),
        (b"", 0.01, True),
        (b"", 1000.0, False),
    ],
)
def test_a_turn_that_ends_unseen_is_told(tmp_path: Path, focus: bytes, quiet_s: float, told: bool) -> None:
    """By the focus, where the terminal tells of it; else by how long it took with nothing pressed."""
    make = f"return Told(Path({str(RECORDING)!r}), 20)"
    code = RUN.format(first=QUIET.format(quiet_s), make=make, root="/src", prompt="")
    screen = Terminal(code, tmp_path, {"WT_SESSION": "1"})
    try:
        screen.until(lambda: "Ask for a change" in screen.text)
        screen.press(focus + b"go\r")
        screen.until(lambda: "passed · 2 rounds" in screen.text and (TOLD in screen.raw or not told))
        screen.process.send_signal(signal.SIGTERM)
        screen.ended()
        assert (TOLD in screen.raw) is told
    finally:
        screen.close()


def test_who_has_just_pressed_a_key_is_not_told(tmp_path: Path) -> None:
    quiet_s = 2.0
    make = f"return Told(Path({str(RECORDING)!r}), 0, 60)"
    code = RUN.format(first=QUIET.format(quiet_s), make=make, root="/src", prompt="go")
    screen = Terminal(code, tmp_path, {"WT_SESSION": "1"})
    try:
        screen.until(lambda: "● writing" in screen.text)
        began = time.monotonic()
        screen.until(lambda: time.monotonic() > began + quiet_s)
        screen.press(b"\x1b")
        screen.until(lambda: "■ stopped" in screen.text)
        screen.press(b"\x11\x11")
        screen.ended()
        assert b"\x1b]9;" not in screen.raw
    finally:
        screen.close()


async def test_the_keys_of_the_prompt_box_can_be_others() -> None:
    own = {
        "prompt.send": "alt+enter",
        "prompt.newline": "enter",
        "prompt.earlier": "alt+up",
        "prompt.queued": "alt+q, leader y",
    }
    async with opened(keymap=own, paused_at=12) as (app, pilot, session):
        box = app.workbench.query_one(PromptBox)
        await until(pilot, lambda: "alt+enter send   enter new line" in on_screen(app))
        await pilot.press(*"one", "enter", *"more", "alt+enter")
        await session.reached.wait()
        assert box.text == ""
        await pilot.press("up", "alt+up")
        assert box.text == "one\nmore"
        await pilot.press("alt+enter")
        await until(pilot, lambda: "1 queued (alt+q edits)" in on_screen(app))
        await pilot.press("alt+q")
        await until(pilot, lambda: box.text == "one\nmore" and "1 queued" not in on_screen(app))
        await pilot.press("alt+enter")
        await until(pilot, lambda: "1 queued" in on_screen(app))
        await pilot.press("ctrl+x", "y")
        await until(pilot, lambda: box.text == "one\nmore")
        await pilot.press("escape")


async def first_group(app: OciApp, pilot: Pilot[None]) -> tuple[str, list[str]]:
    """The group that F1 shows first, and the keys in it."""
    await pilot.press("f1")
    await until(pilot, lambda: isinstance(app.screen, HelpScreen))
    assert isinstance(app.screen, HelpScreen)
    rows = app.screen._text(96).plain.splitlines()
    await pilot.press("escape")
    await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
    return rows[0], [row.split()[0] for row in rows[1 : rows.index("")] if row[2] != " "]


async def test_help_begins_with_the_keys_that_hold_where_the_person_is() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        assert (await first_group(app, pilot))[0] == "Prompt"
        await pilot.press("f3", "e")
        await until(pilot, lambda: isinstance(app.focused, CodeEditor))
        assert await first_group(app, pilot) == ("Code, edited", ["Esc", "Alt+C", "Alt+R"])
        await pilot.press("escape", "f12")
        await until(pilot, lambda: isinstance(app.screen, DetailsScreen))
        assert await first_group(app, pilot) == ("Page", ["Esc", "?"])
        await pilot.press("q")
        app.push_screen(EvaluateScreen(lambda: (), "/runs"))
        await until(pilot, lambda: isinstance(app.screen, EvaluateScreen))
        assert (await first_group(app, pilot))[0] == "Page"
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.workbench)
        app.workbench.show(conflict())
        await until(pilot, lambda: isinstance(app.screen, ConflictScreen))
        assert await first_group(app, pilot) == ("Conflict", ["c", "m", "n", "N", "Esc"])


async def test_help_on_a_list_begins_with_the_keys_of_the_list_and_ends_with_the_key_that_began_it() -> None:
    async with opened(prompt="one") as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(app.screen, ThemeScreen))
        assert await first_group(app, pilot) == ("Themes", ["Enter", "Esc"])
        await pilot.press("escape")
        app.push_screen(TimelineScreen([Kept("round", 1, 0.0, "")]))
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        assert await first_group(app, pilot) == ("Time line", ["Enter", "v", "Esc"])
        await pilot.press("escape")
        app.push_screen(QueueScreen(["one"], str))
        await until(pilot, lambda: isinstance(app.screen, QueueScreen))
        assert await first_group(app, pilot) == ("Queue", ["Enter", "d", "Esc"])
        await pilot.press("escape", "f4", "slash")
        await until(pilot, lambda: isinstance(app.focused, AskLine))
        assert await first_group(app, pilot) == ("Line", ["Enter", "Esc"])
        await pilot.press("escape", "f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        scroll = app.screen.query_one(HelpText)
        await pilot.press("j")
        await until(pilot, lambda: scroll.scroll_y == 1)
        await pilot.press("f1")
        await until(pilot, lambda: app.screen is app.workbench)


async def test_the_keys_of_lists_lines_and_suggestions_can_be_others_and_are_told() -> None:
    own = {
        "every-pane.up": "v",
        "themes.choose": "c",
        "themes.leave": "x",
        "time-line.leave": "l",
        "help.leave": "m",
        "line.take": "ctrl+t",
        "line.leave": "ctrl+l",
        "suggestions.take": "ctrl+t",
        "outside-the-prompt.zoom": "w",
    }
    async with opened(prompt="one", keymap=own) as (app, pilot, _):
        await finished(app, pilot)
        await pilot.press("f8")
        await until(pilot, lambda: "c takes it · x leaves" in on_screen(app))
        await pilot.press("up", "k", "enter", "escape", "q")
        assert app.theme == "night"
        assert isinstance(app.screen, ThemeScreen)
        await pilot.press("v")
        await until(pilot, lambda: app.theme == "frost")
        await pilot.press("x")
        await until(pilot, lambda: app.theme == "night" and app.screen is app.workbench)
        await pilot.press("f8", "v", "c")
        await until(pilot, lambda: app.theme == "frost" and app.screen is app.workbench)
        app.push_screen(TimelineScreen([Kept("round", 1, 0.0, "")]))
        await until(pilot, lambda: "l stays" in on_screen(app))
        await pilot.press("escape", "l", "f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape", "q")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("m")
        await until(pilot, lambda: app.screen is app.workbench)
        await pilot.press("f4")
        await until(pilot, lambda: "w zoom" in on_screen(app))
        await pilot.press("slash")
        await until(pilot, lambda: "ctrl+t find   ctrl+l leave" in on_screen(app))
        assert "(ctrl+t finds, n and N go on, ctrl+l leaves)" in on_screen(app)
        await pilot.press(*"error", "enter")
        assert isinstance(app.focused, AskLine)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.focused is app.workbench.query_one(ConsolePane))
        await pilot.press("f6", *"/re")
        await until(pilot, lambda: "/restore" in on_screen(app))
        box = app.workbench.query_one(PromptBox)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: box.text == "/reject ")


@pytest.mark.parametrize("pressed", [("enter", "enter"), ("escape", "escape"), ("enter", "escape", "up")])
async def test_a_list_that_has_ended_takes_no_more_keys(pressed: tuple[str, ...]) -> None:
    """Of several keys that come at once the first to end it counts."""
    async with opened() as (app, pilot, _):
        for name in ("themes", "time line"):
            ends: list[object] = []
            if name == "themes":
                app.push_screen(ThemeScreen(["clear", "night"], "night"), ends.append)
            else:
                app.push_screen(TimelineScreen([Kept("round", 1, 0.0, "")]), ends.append)
            await until(pilot, lambda: isinstance(app.screen, ChoosingScreen) and isinstance(app.focused, ChoosingList))
            for key in pressed:
                app.simulate_key(key)
            await until(pilot, lambda: app.screen is app.workbench)
            await pilot.pause()
            assert len(ends) == 1
            assert app.theme == "night"


@pytest.mark.parametrize(("keymap", "key"), [({}, "f7"), ({"timeline": "ctrl+t"}, "ctrl+t"), ({"timeline": "leader t"}, "f7")])
async def test_the_key_that_opens_the_time_line_closes_it(keymap: dict[str, str], key: str) -> None:
    async with opened(keymap=keymap) as (app, pilot, _):
        app.push_screen(TimelineScreen([Kept("round", 1, 0.0, "")]))
        await until(pilot, lambda: "Esc stays" in on_screen(app))
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.workbench)


async def test_the_key_that_opens_the_themes_closes_them() -> None:
    async with opened(keymap={"theme": "ctrl+t"}) as (app, pilot, _):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, ThemeScreen))
        await pilot.press("up", "ctrl+t")
        await until(pilot, lambda: app.screen is app.workbench and app.theme == "night")


def test_a_name_of_no_action_is_told_in_a_line_with_those_that_may_be_meant() -> None:
    named = {"every-pane.dwn": "x", "moving.down": "x", "xyzzy": "x", "every-pane.down": "v", "help": "f9"}
    assert keys.unknown(named) == [
        "ui.keys.every-pane.dwn: no such action; do you mean every-pane.down?",
        "ui.keys.moving.down: no such action; do you mean every-pane.down?",
        "ui.keys.xyzzy: no such action; f9 names them all",
    ]
    names = ("down", "up", "first", "last", "page_down", "page_up")
    assert keys.unknown({f"every-pane.{name}": "x" for name in names}) == []


async def test_the_keys_of_a_conflict_can_be_others_and_are_told() -> None:
    async with opened(prompt="one", keymap={"conflict.leave": "x", "conflict.next": "f"}) as (app, pilot, _):
        await finished(app, pilot)
        app.workbench.show(conflict())
        await until(pilot, lambda: "f N next file · x leave it pending" in on_screen(app))
        await pilot.press("x")
        await until(pilot, lambda: app.screen is app.workbench)
