"""What the line printer makes of events that have no line of their own in the other tests."""

from __future__ import annotations

import io

from oci_tui.cli.printer import Printer
from oci_tui.core import events
from oci_tui.core.approval import CommandRefused
from oci_tui.core.events import CommandFinished, OutputArrived, PlotDrawn
from oci_tui.core.own_code import left_to_check
from oci_tui.core.ports import Command, Exit, Plot
from oci_tui.core.reply import Code


def test_a_figure_and_a_lost_state_are_said() -> None:
    out = io.StringIO()
    printer = Printer(out)
    printer.show(OutputArrived("stdout", "drawing"))
    printer.show(PlotDrawn(Plot("/state/\x1b[2Jplot-1.png", 640, 480)))
    printer.show(CommandFinished(Command("python"), Exit(137, "timeout", forgotten=True)))
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["drawing", "  ▣ figure, 640 × 480 pixels: /state/␛[2Jplot-1.png"]
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
