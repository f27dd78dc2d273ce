"""What the line printer makes of events that have no line of their own in the other tests."""

from __future__ import annotations

import io

from oci_tui.cli.printer import Printer
from oci_tui.core.events import CommandFinished, OutputArrived, PlotDrawn
from oci_tui.core.ports import Command, Exit, Plot


def test_a_figure_and_a_lost_state_are_said() -> None:
    out = io.StringIO()
    printer = Printer(out)
    printer.show(OutputArrived("stdout", "drawing"))
    printer.show(PlotDrawn(Plot("/state/\x1b[2Jplot-1.png", 640, 480)))
    printer.show(CommandFinished(Command("python"), Exit(137, "timeout", forgotten=True)))
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["drawing", "  ▣ figure, 640 × 480 pixels: /state/␛[2Jplot-1.png"]
    assert "earlier variables are gone" in lines[-1]
