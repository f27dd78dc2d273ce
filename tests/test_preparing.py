"""Getting ready is told file by file to every front end, and can be stopped and begun again."""

from __future__ import annotations

import io
from contextlib import aclosing

import pytest

from oci_tui.cli.printer import Printer
from oci_tui.core import events
from oci_tui.core.events import Event
from oci_tui.core.verdict import Verdict
from tests.calculator import FILES, RIGHT, MakeRepository
from tests.test_session import only, session_on, turn, verdict


def test_counting_is_a_line_each_tenth() -> None:
    out = io.StringIO()
    printer = Printer(out)
    for done in range(0, 1000, 7):
        printer.show(events.PartProgressed("sandbox", f"copied {done:,} of 1,000 files, {done} kB", done / 1000))
    printer.show(events.PartProgressed("sandbox", "unpacking them", None))
    lines = out.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "◌ sandbox: copied 0 of 1,000 files, 0 kB 0 %"
    assert lines[-1] == "◌ sandbox: unpacking them"


@pytest.mark.docker
async def test_the_copying_is_told_and_can_be_stopped(make_repository: MakeRepository) -> None:
    many = {f"many/{number}.txt": "x" * 3000 for number in range(3000)}
    root = make_repository(FILES | many)
    async with session_on(root, [RIGHT]) as session:
        happened: list[Event] = []
        async with aclosing(session.prepare()) as preparing:
            async for event in preparing:
                happened.append(event)
                if isinstance(event, events.PartProgressed) and event.doing.startswith("copied"):
                    session.stop()
        steps = [(event.part, event.doing) for event in happened if isinstance(event, events.PartProgressed)]
        assert ("workspace", "read 0 of 3,002 files, 0 B") in steps
        assert not only(happened, events.SandboxReady)
        (failed,) = [event for event in happened if isinstance(event, events.PartFailed)]
        assert (failed.part, failed.message) == ("sandbox", "the sandbox was stopped; the next prompt makes it ready")

        happened = await turn(session)
        assert verdict(happened) is Verdict.PASSED
        assert only(happened, events.SandboxReady), "the control: it can be had"
        steps = [(event.part, event.doing) for event in happened if isinstance(event, events.PartProgressed)]
        assert any(part == "sandbox" and "container's own git" in doing for part, doing in steps)
