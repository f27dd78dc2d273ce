"""T10, T11: hostile text in every screen, in the lines that are typed in, in what waits and what is under way, is not sent."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial
from pathlib import Path

import tomlkit

from oci_tui.core.changes import Kept
from oci_tui.core.company import CompanyChanged, Participant, ParticipantJoined, PromptSuggested, Suggestion, SuggestionSettled
from oci_tui.core.conflict import VersionLine, Versions
from oci_tui.core.events import (
    ChangeAccepted,
    ChangeCommitted,
    ChangeConflicted,
    ChangeRejected,
    ChangeUndone,
    CheckFound,
    CommitFailed,
    Event,
    HistoryListed,
    PlotDrawn,
    PreparationOffered,
    TurnStarted,
    encode,
)
from oci_tui.core.ports import Command, Plot
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted
from oci_tui.core.verdict import Verdict
from tests.store.test_archive import a_turn, recorded
from tests.ui.terminal import Terminal
from tests.ui.test_serve import HOSTILE, hostile_events, reached

NAME = HOSTILE.replace("\0", "").replace("/", "|")[:120]
RUN = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
{first}
from oci_tui.cli.app import desk_of
from oci_tui.core.events import ContextBuilt, PartProgressed, ReplyFinished, ReplyGrew, RoundStarted, decode
from oci_tui.core.generation import Token, Usage
from oci_tui.core.measured import Measured, MeasuredTask
from oci_tui.core.models import Listed
from oci_tui.core.ports import Command
from oci_tui.settings import loaded
from oci_tui.ui.app import OciApp
from oci_tui.ui.replay import ReplaySession
from oci_tui.ui.screens.approval import ApprovalScreen
from oci_tui.ui.serve import serve

HOSTILE = {hostile!r}

async def told(settings):
    return [HOSTILE, "format    " + HOSTILE, "  4  Q8  1.0 ✓ " + HOSTILE]

desk = desk_of(loaded(file=Path({file!r})))
shelf = replace(desk.shelf, listed=lambda: (Listed(HOSTILE, HOSTILE, True, 1, HOSTILE),), info=told)
run = Measured(HOSTILE, HOSTILE, HOSTILE, 2, (MeasuredTask(HOSTILE, (True,), True, 1.0, HOSTILE),), running=True)
desk = replace(desk, shelf=shelf, machine=lambda settings: [(HOSTILE, HOSTILE)], measured=lambda: (run,), measured_in=HOSTILE)
session = ReplaySession(Path({recording!r}), speed=0, paused_at={paused})
app = OciApp(lambda: session, Path("/src"), "night", "go", desk=desk)

def remembered():
    app.workbench.show_timeline = True
    app.workbench.show(decode({history!r}))

def busy():
    app.workbench.show(PartProgressed("engine", HOSTILE, 0.5))
    app.workbench.work.at(HOSTILE, HOSTILE, 0.25)
    app.workbench.conversation.send(HOSTILE)

def told():
    for event in {told!r}:
        app.workbench.show(decode(event))

def asked():
    ApprovalScreen.READ_S = 0.01
    app.question = asyncio.create_task(app.ask(Command(HOSTILE, language=HOSTILE, code=HOSTILE), HOSTILE))

def streamed(said):
    app.workbench.code.show(RoundStarted(1, 2))
    app.workbench.code.show(ContextBuilt((), (), 1, 2))
    reply = "`a.py`\\n```python\\nx = " + said + "\\n```\\n"
    unsure = Token(reply[21:], 0.1, ((said, 0.1), (HOSTILE[:16], 0.09)))
    app.workbench.code.show(ReplyGrew(reply, (Token(reply[:21], 0.9), unsure)))
    app.workbench.code.show(ReplyFinished(reply, Usage()))

app.action_told, app.action_asked = told, asked
app.action_unsure, app.action_plain = lambda: streamed("\\u202e" + HOSTILE[:16]), lambda: streamed("plain")
for number, action in enumerate(("told", "asked", "evaluations", "unsure", "plain"), 16):
    app.bind(f"f{{number}}", action)
app.action_conflicted = lambda: app.workbench.show(decode({conflict!r}))
app.action_remembered, app.action_busy = remembered, busy
for key, action in (("f13", "conflicted"), ("f14", "remembered"), ("f15", "busy")):
    app.bind(key, action)
sys.exit(serve(app))
"""


def seldom() -> list[Event]:
    """What is told of people, candidates, checks, figures and decisions."""
    person, suggestion = Participant(1, HOSTILE, "navigator", guest=True), Suggestion(1, HOSTILE, HOSTILE)
    return [
        ParticipantJoined(person),
        PromptSuggested(suggestion),
        SuggestionSettled(suggestion, True),
        CompanyChanged((person, Participant(2, HOSTILE, "driver")), (suggestion,), 2),
        CandidateStarted(1, 2),
        CandidateFinished(1, False, HOSTILE),
        CandidateChosen(1, HOSTILE),
        CheckFound(Command(HOSTILE), HOSTILE),
        PreparationOffered(HOSTILE, HOSTILE),
        PlotDrawn(Plot(HOSTILE, 1, 1)),
        ChangeAccepted((HOSTILE,), (HOSTILE,), HOSTILE, (HOSTILE,)),
        ChangeCommitted(HOSTILE, HOSTILE, (HOSTILE,)),
        CommitFailed(HOSTILE),
        ChangeRejected((HOSTILE,)),
        ChangeUndone((HOSTILE,)),
    ]


def program(folder: Path, first: str) -> str:
    """The app with hostile text wherever text can come from, its files in `folder`."""
    file = folder / f"{NAME}.toml"
    file.write_text(tomlkit.dumps({"check": {"command": HOSTILE}, "workspace": {"include": [HOSTILE]}}), encoding="utf-8")
    happened = hostile_events()
    recording = folder / "hostile.jsonl"
    recording.write_bytes(b"\n".join(encode(event) for event in happened))
    turn = [TurnStarted(1, HOSTILE, at=1.0), *a_turn(1, HOSTILE, 1.0, Verdict.FAILED)]
    sessions = folder / ".local" / "state" / "oci-tui" / "sessions"
    sessions.mkdir(parents=True)
    recorded(sessions, "hostile", *turn, root="/src")
    lines = tuple(VersionLine(side, HOSTILE) for side in ("both", "yours", "base", "theirs"))
    conflict = ChangeConflicted((HOSTILE,), HOSTILE, (HOSTILE,), (Versions(HOSTILE, "changed", "changed", lines),))
    history = HistoryListed((Kept("round", 1, 1.0, HOSTILE), Kept("accepted", 1, 1.0, HOSTILE)))
    return RUN.format(
        first=first,
        hostile=HOSTILE,
        conflict=encode(conflict),
        history=encode(history),
        told=[encode(event) for event in seldom()],
        file=str(file),
        recording=str(recording),
        paused=len(happened) - 1,
    )


PASTE = b"\x1b[200~" + "\x9b31m\u202e\u200b\x07".encode() + b"\x1b[201~"
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")
# the hints of the workbench, while a turn runs
CLOSE = (b"q", b"queue")
# what is on the screen: the keys that bring it there, each with what is seen when it has done so
STEPS: tuple[tuple[str, tuple[tuple[bytes, bytes], ...]], ...] = (
    ("what is under way and what waits", ((b"\x1b[57378u", b"queued"),)),
    ("settings", ((b"\x1b[20~", b"take back"), (b"/", b"search in"), (b"SEVM\r", b"files that go in although"))),
    ("search", ((b"/", b"search in"), (PASTE, b"31m"), (b"\r", b"nothing here has"))),
    ("status details", (CLOSE, (b"\x1b[24~", b"Status"))),
    ("models", (CLOSE, (b"\x1b[21~", b"stop fetching"))),
    ("a line to type in", ((b"p", b"Enter fetches"), (PASTE, b"31m"))),
    ("sessions", ((b"\x1b", b"switch to it"), CLOSE, (b"\x0f", b"here or all"))),
    ("conflict", (CLOSE, (b"\x1b[57376u", b"leave it pending"))),
    ("time line", (CLOSE, (b"\x1b[57377u", b"goes back to a round"))),
    ("people, candidates, checks, figures, decisions", (CLOSE, (b"\x1b[57379u", b"undone"))),
    ("evaluations", ((b"\x1b[57381u", b"About it"),)),
    ("a question", (CLOSE, (b"\x1b[57380u", b"run it"))),
    ("how sure the model was", ((b"n", b"Story"), (b"\x1b[57382u\x1bORl", b"10%"))),
    ("what waited, in the prompt", ((b"\x1b", b"stopped"),)),
    ("the code editor", ((b"\x1b[57383u\x1bORe", b"go on from the cursor"), (PASTE, b"31m"))),
    ("palette", ((b"\x1b\x1b", b"blocks"), (b"\x10", b"Approval: ask"), (PASTE, b"31m"))),
)


def sent(tmp_path: Path, first: str = "") -> dict[str, bytes]:
    """What the terminal gets, by what was on the screen."""
    found: dict[str, bytes] = {}
    with closing(Terminal(program(tmp_path, first), tmp_path, {})) as screen:
        screen.until(lambda: b"Enter" in screen.raw and b"exit 1" in screen.raw)
        screen.drawing = False
        found["workbench"] = bytes(screen.raw)
        for name, presses in STEPS:
            begin = len(screen.raw)
            for key, shown in presses:
                before = len(screen.raw)
                screen.press(key)
                screen.until(partial(_since, screen, before, shown))
            screen.until(partial(_hostile_since, screen, begin))
            found[name] = bytes(screen.raw[begin:])
        before = len(screen.raw)
        screen.press(b"\x1b")
        screen.until(partial(_since, screen, before, b"Story"))
        screen.press(b"\x11\x11")
        assert screen.ended()[0] == 0
    return found


def _since(screen: Terminal, begin: int, shown: bytes) -> bool:
    # without colours: those of code part what was pasted, once it is highlighted
    return shown in _COLOUR.sub(b"", screen.raw[begin:])


def _hostile_since(screen: Terminal, begin: int) -> bool:
    """Whether the hostile text came, in whatever form."""
    raw = bytes(screen.raw[begin:])
    return "␛".encode() in raw or b"\\u{202e}" in raw or bool(reached(_whole(raw)))


def test_no_screen_sends_what_it_shows(tmp_path: Path) -> None:
    """T10, T11: and each of them has shown it."""
    for name, raw in sent(tmp_path).items():
        assert reached(_whole(raw)) == [], name


def test_without_the_sanitiser_every_screen_sends_it(tmp_path: Path) -> None:
    """The control: whatever was on the screen, the check sees it."""
    through = sent(tmp_path, "import oci_tui.core.terminal as t; t._TABLE.clear()")
    assert [name for name, raw in through.items() if not reached(_whole(raw))] == []


def _whole(raw: bytes) -> bytes:
    """Without the half characters and sequences that a cut between two screens leaves."""
    return re.sub(rb"\A[^\x1b]*|\x1b[^\x1b]*\Z", b"", raw)
