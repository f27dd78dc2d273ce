"""What the line printer makes of events that have no line of their own in the other tests."""

from __future__ import annotations

import io
from pathlib import Path

from oci_tui.cli.printer import Printer
from oci_tui.core import events
from oci_tui.core.approval import CommandRefused
from oci_tui.core.events import CommandFinished, OutputArrived, PlotDrawn
from oci_tui.core.own_code import left_to_check
from oci_tui.core.ports import Command, Exit, Plot
from oci_tui.core.reply import Code

RECORDING = Path(__file__).parents[1] / "ui" / "recordings" / "lexer.jsonl"


def test_a_figure_and_a_lost_state_are_said() -> None:
    out = io.StringIO()
    printer = Printer(out)
    printer.show(OutputArrived("stdout", "drawing"))
    printer.show(PlotDrawn(Plot("/state/\x1b[2Jplot-1.png", 640, 480)))
    printer.show(CommandFinished(Command("python"), Exit(137, "timeout", forgotten=True)))
    lines = out.getvalue().splitlines()
    assert lines[:3] == ["output:", "drawing", "  ▣ figure, 640 × 480 pixels: /state/␛[2Jplot-1.png"]
    assert "earlier variables are gone" in lines[-1]


def test_what_the_user_did_meanwhile_and_what_follows_from_it() -> None:
    """F9: after a switch of branches that the change does not fit, the way on is said."""
    out = io.StringIO()
    printer = Printer(out)
    printer.show(events.UserEdited(("a.py",), ("b.py",), "switched from main to side"))
    printer.show(events.UserEdited((), ("b.py",)))
    printer.show(events.UserEdited((), (), "switched from side to main"))
    assert out.getvalue().splitlines() == [
        "  you edited a.py; switched from main to side",
        "  ! you and the model both changed b.py",
        f"  ! {events.OUTDATED}",
        "  ! you and the model both changed b.py",
        "  switched from side to main",
    ]


SIGNS = set("✓✗●◌◆▣│❯")


def test_spoken_no_line_of_ours_has_a_sign_and_each_says_the_same() -> None:
    told = list(map(events.decode, RECORDING.read_bytes().splitlines()))
    told = [event for event in told if not isinstance(event, events.ReplyGrew | OutputArrived | events.PartProgressed)]
    signed, spoken = io.StringIO(), io.StringIO()
    for printer in (Printer(signed), Printer(spoken, spoken=True)):
        for event in told:
            printer.show(event)
    assert SIGNS & set(signed.getvalue())
    assert not SIGNS & set(spoken.getvalue())
    for sign, word in zip(signed.getvalue().splitlines(), spoken.getvalue().splitlines(), strict=True):
        assert word.endswith(sign.lstrip(" ").lstrip("".join(SIGNS) + "·!?$").lstrip(" "))


def test_who_speaks_is_said_where_another_one_begins() -> None:
    out = io.StringIO()
    printer = Printer(out)
    for event in (
        events.ReplyGrew("It is "),
        events.ReplyGrew("done."),
        events.CommandStarted(Command("sh t.sh")),
        OutputArrived("stdout", ""),
        OutputArrived("stdout", "1\n2"),
        OutputArrived("stderr", "oh\n"),
        OutputArrived("stdout", "3\n"),
        events.RoundStarted(1, 2),
        OutputArrived("stdout", "4\n"),
    ):
        printer.show(event)
    assert out.getvalue().splitlines() == [
        *("model:", "It is done.", "  $ sh t.sh", "output:", "1", "2", "error output:", "oh", "output:", "3"),
        *("● round 2", "output:", "4"),
    ]


def test_spoken_failures_are_called_so() -> None:
    out = io.StringIO()
    printer = Printer(out, spoken=True)
    for event in (
        events.PartFailed("engine", "no model"),
        CommandFinished(Command("a"), Exit(0)),
        CommandFinished(Command("b"), Exit(137, "timeout")),
        events.RoundFinished(1, 1, None, "planned"),
        events.RoundFinished(1, 2, False, "exit code 1"),
        events.EditsRefused(("no such file",)),
        events.CommitFailed("the hook said no"),
        events.ChangeConflicted(("a.py",), "both changed a.py"),
        events.Steered("and tabs"),
    ):
        printer.show(event)
    assert out.getvalue().splitlines() == [
        "error: no model",
        "  passed, exited, exit code 0, 0.0 s",
        "  failed, timeout, exit code 137, 0.0 s",
        "round 1: planned",
        "failed, round 2: exit code 1",
        "  not applied: no such file",
        "error: the hook said no",
        "conflict: both changed a.py",
        "you: and tabs",
    ]


def test_spoken_a_part_on_its_way_is_told_now_and_then() -> None:
    steps = [events.PartProgressed("sandbox", "looking for the daemon"), events.PartProgressed("engine", "opening", 0.1)] * 2
    steps += [events.PartProgressed("sandbox", "starting"), events.PartProgressed("engine", "opening", 0.9)]
    seldom, always = io.StringIO(), io.StringIO()
    for printer in (Printer(seldom, spoken=True, every_s=3600), Printer(always, spoken=True, every_s=0)):
        for step in steps:
            printer.show(step)
    assert seldom.getvalue().splitlines() == ["sandbox: looking for the daemon", "engine: opening 10 %"]
    assert always.getvalue().splitlines()[-2:] == ["sandbox: starting", "engine: opening 90 %"]


def test_in_a_log_a_step_is_one_line() -> None:
    out = io.StringIO()
    printer = Printer(out, counting=False)
    for done in range(4):
        printer.show(events.PartProgressed("workspace", f"read {done} of 3 files", done / 3))
    printer.show(events.PartProgressed("engine", "opening the script", 1.0))
    assert out.getvalue().splitlines() == ["◌ workspace: read …", "◌ engine: opening the script …"]


def test_the_check_and_what_is_offered_are_said_without_what_would_act_on_a_terminal() -> None:
    out = io.StringIO()
    printer = Printer(out)
    printer.show(events.CheckFound(Command("sh \x1b[2Jt.sh"), "AGENTS.md names it"))
    printer.show(events.PreparationOffered('oci-tui sandbox prepare "pip install \x1b]0;x"', "x is not in the sandbox"))
    assert out.getvalue().splitlines() == [
        "  · check: sh ␛[2Jt.sh (AGENTS.md names it)",
        '  ! x is not in the sandbox: oci-tui sandbox prepare "pip install ␛]0;x"',
    ]


def test_what_a_person_or_a_rule_refused_stands_out_from_what_is_left_to_the_check() -> None:
    out = io.StringIO()
    printer = Printer(out)
    printer.show(left_to_check(Code("bash", "pytest -q \x1b[2J\necho done\n")))
    printer.show(CommandRefused(Command("rm x", ("rm", "x")), "a rule denies it"))
    assert out.getvalue().splitlines() == [
        "  · not run, since the check decides: pytest -q ␛[2J …",
        "  ✗ not run, since a rule denies it: rm x",
    ]
