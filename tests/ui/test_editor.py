"""The person's editor in the app's terminal: the session goes on meanwhile, and afterwards the app has its terminal again."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oci_tui.core.diff import parse_patch
from oci_tui.core.events import (
    CommandFinished,
    CommandStarted,
    ContextBuilt,
    DiffChanged,
    Event,
    OutputArrived,
    ReplyFinished,
    ReplyGrew,
    RoundStarted,
    TurnFinished,
    TurnStarted,
    encode,
)
from oci_tui.core.generation import Usage
from oci_tui.core.ports import Command, Exit
from oci_tui.core.verdict import Verdict
from oci_tui.ui.places import FileLine, own_file, own_line
from tests.calculator import FILES, RIGHT, MakeRepository
from tests.ui.terminal import Terminal
from tests.ui.test_serve import RECORDING, RUN

# It stays until the test writes to a pipe.
SLOW = 'printf "IN THE EDITOR"; cat "$HOME/leave" > "$HOME/left"'
GIVEN = 'echo "$@" > "$HOME/given.part"; mv "$HOME/given.part" "$HOME/given"'
SCRIPTED = """
from oci_tui.assemble import open_session
from oci_tui.settings import EngineSettings, Settings
"""
# A session that tells of 40 turns once the test says so, and then has a command to be approved.
BUSY = """
    class Busy(Told):
        async def ask(self, prompt, begun=None):
            yield TurnStarted(1, prompt)
            await asyncio.to_thread(Path.home().joinpath("go").read_text)
            for turn in range(1, 41):
                yield TurnFinished(turn, Verdict.FAILED, 1, 1.0)
                yield TurnStarted(turn + 1, "more")
                await asyncio.sleep(0)
            asking = asyncio.ensure_future(self.approval.person.ask(Command("rm -r build"), "rm"))
            await asyncio.sleep(1)
            Path.home().joinpath("asked").touch()
            Path.home().joinpath("answer").write_text(await asking)
            yield TurnFinished(41, Verdict.PASSED, 1, 1.0)
    return Busy(Path({recording!r}))
"""
LOST = """
    class Lost(Told):
        async def ask(self, prompt, begun=None):
            yield TurnStarted(1, prompt)
            await asyncio.to_thread(Path.home().joinpath("go").read_text)
            yield HostLost("the host is gone")
            Path.home().joinpath("lost").touch()
    return Lost(Path({recording!r}))
"""
EVENTS = "from oci_tui.core.events import TurnFinished, TurnStarted\nfrom oci_tui.core.ports import Command\n"


@contextmanager
def editing(
    home: Path, editor: str, *, make: str = "", root: str = "/src", first: str = "", prompt: str = "go"
) -> Iterator[Terminal]:
    """The app, with a program as the person's editor; "" for one that is not there."""
    program = home / "editor"
    if editor:
        program.write_text(f"#!/bin/sh\n{editor}\n", encoding="utf-8")
        program.chmod(0o755)
    for name in ("leave", "go"):
        os.mkfifo(home / name)
    code = RUN.format(first=first, make=make or f"return Told(Path({str(RECORDING)!r}), 0)", root=root, prompt=prompt)
    screen = Terminal(
        code, home, {"VISUAL": os.fspath(program) if editor else "no-such-editor", "DOCKER_HOST": f"unix://{home}/none.sock"}
    )
    try:
        yield screen
    finally:
        screen.close()


def in_editor(screen: Terminal, key: bytes = b"\x07") -> int:
    """Open the slow editor; how much was written to the terminal until then."""
    screen.press(key)
    screen.until(lambda: screen.raw.endswith(b"IN THE EDITOR"))
    return len(screen.raw)


def go_to(screen: Terminal, key: bytes, hint: str) -> None:
    """Have a pane focused, which its hint shows."""
    screen.press(key)
    screen.until(lambda: hint in screen.text)


def leave(screen: Terminal) -> None:
    """End the app, by a key, as a person does."""
    assert screen.quit() == 0
    assert screen.after == screen.before


def test_a_turn_goes_on_while_the_editor_is_open(make_repository: MakeRepository, tmp_path: Path) -> None:
    replies = tmp_path / "replies.jsonl"
    replies.write_text(json.dumps({"reply": RIGHT, "delay_s": 1.5}), encoding="utf-8")
    settings = f'Settings(engine=EngineSettings(kind="scripted", replies={str(replies)!r}))'
    root = str(make_repository(FILES))
    session = f"return open_session({settings}, Path({root!r}))"
    with editing(tmp_path, SLOW, make=session, root=root, first=SCRIPTED) as screen:

        def journal() -> str:
            return "".join(file.read_text("utf-8") for file in tmp_path.glob(".local/state/oci-tui/sessions/*.jsonl"))

        screen.until(lambda: "round 1" in screen.text)
        before = in_editor(screen)
        assert '"TurnFinished"' not in journal()
        screen.until(lambda: '"TurnFinished"' in journal())
        assert len(screen.raw) == before
        (tmp_path / "leave").write_text("")
        screen.until(lambda: "calc.py +1 −1" in screen.text or "1 file +1 −1" in screen.text)
        leave(screen)


def test_what_is_told_and_asked_meanwhile_is_there_afterwards(tmp_path: Path) -> None:
    """More than Textual's queue to the terminal holds; and the question can be answered, once it could be read."""
    first = f"{EVENTS}from oci_tui.core.verdict import Verdict"
    with editing(tmp_path, SLOW, make=BUSY.format(recording=str(RECORDING)), first=first) as screen:
        screen.until(lambda: "❯ go" in screen.text)
        before = in_editor(screen)
        (tmp_path / "go").write_text("")
        screen.until(lambda: (tmp_path / "asked").exists())
        assert len(screen.raw) == before
        (tmp_path / "leave").write_text("")
        screen.until(lambda: "May the model run this command" in screen.text)
        assert "\x1b]2;● src – oci-tui\x07".encode() in screen.raw[before:]
        screen.press(b"n")
        screen.until(lambda: not screen.read(0.2))
        assert not (tmp_path / "answer").exists()
        while not (tmp_path / "answer").exists():
            screen.press(b"y")
            screen.read()
        assert (tmp_path / "answer").read_text() == "yes"
        screen.until(lambda: "passed · 1 round" in screen.text)
        leave(screen)


def test_prompts_that_come_back_meanwhile_stay_before_what_was_written(tmp_path: Path) -> None:
    editor = f"{SLOW}; echo ', please' >> \"$1\""
    first = "from oci_tui.core.company import HostLost\nfrom oci_tui.core.events import TurnStarted"
    with editing(tmp_path, editor, make=LOST.format(recording=str(RECORDING)), first=first) as screen:
        screen.until(lambda: "❯ go" in screen.text)
        screen.press(b"later\r")
        screen.until(lambda: "1 queued" in screen.text)
        screen.press(b"now")
        screen.until(lambda: "❯ now" in screen.text)
        in_editor(screen)
        (tmp_path / "go").write_text("")
        screen.until(lambda: (tmp_path / "lost").exists())
        (tmp_path / "leave").write_text("")
        screen.until(lambda: "❯ later" in screen.text and "  now, please" in screen.text)
        leave(screen)


def test_an_editor_that_is_not_there_leaves_the_app_as_it_was(tmp_path: Path) -> None:
    with editing(tmp_path, "") as screen:
        screen.until(lambda: "passed · 2 rounds" in screen.text)
        screen.press(b"\x07")
        screen.until(lambda: "no-such-editor cannot be started (No such file or directory); set $EDITOR" in screen.text)
        screen.press(b"on")
        screen.until(lambda: "❯ on" in screen.text)
        leave(screen)


@pytest.mark.parametrize(
    ("editor", "left"),
    [
        ("trap 'printf INTERRUPTED' INT; printf EDITING; read line; read line; echo more >> \"$1\"", "❯ more"),
        ("printf EDITING; read line", "ended with -2; nothing was taken over"),
    ],
    ids=["editor goes on", "editor ends"],
)
def test_ctrl_c_is_the_editors(tmp_path: Path, editor: str, left: str) -> None:
    """Of an editor that leaves the terminal's lines as they are, such as ed: both get the signal."""
    with editing(tmp_path, editor) as screen:
        screen.until(lambda: "passed · 2 rounds" in screen.text)
        screen.press(b"\x07")
        screen.until(lambda: b"EDITING" in screen.raw)
        screen.press(b"\x03")
        if "trap" in editor:
            screen.until(lambda: b"INTERRUPTED" in screen.raw)
            screen.press(b"\r\r")
        screen.until(lambda: left in screen.text)
        leave(screen)


def test_a_signal_ends_the_app_and_its_editor_whose_file_stays(tmp_path: Path) -> None:
    saves = 'echo kept > "$1"; echo "$1" > "$HOME/rescued"; exit'
    editor = f"trap '{saves}' TERM; printf 'IN THE EDITOR'; while :; do read line; done"
    with editing(tmp_path, editor) as screen:
        screen.until(lambda: "passed · 2 rounds" in screen.text)
        in_editor(screen)
        screen.process.send_signal(signal.SIGTERM)
        code, _ = screen.ended()
        assert code == 128 + signal.SIGTERM
        assert screen.after == screen.before
    rescued = Path((tmp_path / "rescued").read_text().strip())
    assert rescued.read_text() == "kept\n"
    rescued.unlink()
    rescued.parent.rmdir()


OLD = "import os\n\n\ndef f(x):\n    return x\n"
NEW = "import os\n\n\ndef helper():\n    return 1\n\n\ndef f(x):\n    return x + helper()\n"
PATCH = """\
diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,5 +1,9 @@
 import os
␠
␠
+def helper():
+    return 1
+
+
 def f(x):
-    return x
+    return x + helper()
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1 @@
+x = 1
"""
PENDING = parse_patch(PATCH.replace("␠", " "))
MAKE = Command("make")
TOLD: tuple[Event, ...] = (
    TurnStarted(1, "go"),
    RoundStarted(1, 1),
    ContextBuilt((), (), 1, 2),
    ReplyGrew(f"`a.py`\n```python\n{NEW}```\n\n`new.py`\n```python\nx = 1\n```\n"),
    ReplyFinished("", Usage()),
    DiffChanged(PENDING),
    CommandStarted(MAKE),
    OutputArrived("stdout", 'File "/workspace/a.py", line 8, in f\nMakefile:2: *** missing separator.  Stop.\n'),
    CommandFinished(MAKE, Exit(2)),
    TurnFinished(1, Verdict.FAILED, 1, 1.0),
)
CODE, CONSOLE, CHANGES = (b"\x1bOR", "] blocks"), (b"\x1bOS", "only stderr"), (b"\x1b[15~", "side by side")


@pytest.mark.parametrize(
    ("pane", "steps"),
    [
        (CODE, {b"g": "a.py", b"g" + 8 * b"j": "+4 a.py", b"g" + 9 * b"j": "+4 a.py", b"g" + 5 * b"j": "+3 a.py"}),
        (CONSOLE, {b"gj": "+4 a.py", b"gjj": "+2 Makefile"}),
        (CHANGES, {b"g": "a.py", b"g" + 5 * b"j": "+3 a.py", b"g" + 10 * b"j": "+5 a.py"}),
    ],
    ids=["code", "console", "changes"],
)
def test_o_opens_the_persons_file_where_the_line_is(tmp_path: Path, pane: tuple[bytes, str], steps: dict[bytes, str]) -> None:
    """The mirror's a.py has four lines more before `f`: what is opened is the file as the person has it."""
    root, recording, given = tmp_path / "src", tmp_path / "told.jsonl", tmp_path / "given"
    root.mkdir()
    (root / "a.py").write_text(OLD)
    (root / "Makefile").write_text("all:\n    cc\n")
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in TOLD))
    with editing(tmp_path, GIVEN, make=f"return Told(Path({str(recording)!r}), 0)", root=str(root)) as screen:
        screen.until(lambda: "failed · 1 round" in screen.text)
        go_to(screen, *pane)
        for moves, opened in steps.items():
            before = len(screen.raw)
            screen.press(moves + b"o")
            screen.until(given.exists)
            assert given.read_text().replace(f"{root}/", "") == f"{opened}\n"
            given.unlink()
            screen.until(lambda before=before: b"\x1b[?1049h" in screen.raw[before:])  # type: ignore[misc]
            if "a.py" in opened:
                screen.until(lambda: "a.py was opened without its pending change; Ctrl+Y accepts that" in screen.text)
        go_to(screen, *CODE)
        screen.press(b"g]o")
        screen.until(lambda: "new.py is new and pending: Ctrl+Y accepts it, then it can be opened" in screen.text)
        leave(screen)


@pytest.mark.parametrize(
    ("written", "line", "own"),
    [
        ("<<<<<<< SEARCH\n    return x\n=======\n    return y\n>>>>>>> REPLACE", 2, 5),
        ("<<<<<<< SEARCH\n    return x\n=======\n    return y\n>>>>>>> REPLACE", 4, 5),
        ("nothing\nof\nit", 3, 1),
    ],
)
def test_what_the_model_wrote_is_found_in_the_file(tmp_path: Path, written: str, line: int, own: int) -> None:
    (tmp_path / "a.py").write_text(OLD)
    place = FileLine("a.py", line, written=tuple(written.split("\n")))
    assert own_line(place, PENDING.files[0], tmp_path / "a.py") == own


@pytest.mark.parametrize("path", ["../outside.py", "/etc/hostname", "link.py", "folder", "x" * 5000, "no.py"])
def test_only_files_of_the_repository_are_opened(tmp_path: Path, path: str) -> None:
    root = tmp_path / "src"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "outside.py").touch()
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "in.py").touch()
    assert own_file(root, path) is None
    assert own_file(root, "folder/../in.py") == root / "in.py"
