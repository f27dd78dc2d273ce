"""What is shown of those who are at a session, and what the person can say about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci_tui.core.company import (
    CompanyChanged,
    HostLost,
    Participant,
    ParticipantJoined,
    PromptSuggested,
    Role,
    Suggestion,
    SuggestionSettled,
)
from oci_tui.core.events import ReplyGrew, TurnFailed, TurnStarted
from oci_tui.ui.app import OciApp
from oci_tui.ui.panes.people import said, standing
from oci_tui.ui.replay import ReplaySession
from tests.ui.test_workbench import RECORDING, on_screen, until

CROWD: tuple[Role, ...] = ("observer",) * 20
HOSTILE = "\x1b]0;owned\x07\u202e"


def company(*roles: Role, you: int = 1, suggestions: int = 0) -> CompanyChanged:
    there = tuple(Participant(number, f"p{number}", role) for number, role in enumerate(roles, 1))
    return CompanyChanged(there, tuple(Suggestion(n, "p2", "do") for n in range(1, suggestions + 1)), you)


@pytest.mark.parametrize(
    ("now", "text", "waits"),
    [
        (company("driver"), "", False),
        (company("navigator"), "you navigate · nobody drives", False),
        (company("driver", "navigator"), "you drive · p2 navigates", False),
        (company("observer", "navigator", "driver"), "you observe · p3 drives · p2 navigates", False),
        (company("driver", *CROWD), "you drive · p2 observes · p3 observes · 18 more", False),
        (company("driver", "navigator", suggestions=1), "you drive · p2 navigates · 1 suggestion", True),
        (company("driver", "navigator", you=2, suggestions=1), "you navigate · p1 drives", False),
        (company("driver", "navigator", you=9), "", False),
    ],
)
def test_who_drives_is_in_the_status_line(now: CompanyChanged, text: str, waits: bool) -> None:
    assert standing(now) == (text, waits)


def test_names_and_suggestions_are_harmless() -> None:
    person = Participant(1, HOSTILE, "navigator", guest=True)
    suggestion = Suggestion(1, HOSTILE, HOSTILE)
    for event in (ParticipantJoined(person), PromptSuggested(suggestion), SuggestionSettled(suggestion, True)):
        told = said(event)
        assert told is not None
        assert told.text.isprintable()
        assert "\u202e" not in told.text
    assert standing(CompanyChanged((person, Participant(2, "me", "driver")), you=2))[0].isprintable()
    assert said(TurnFailed("x")) is None


async def test_a_host_that_is_gone_writes_no_more() -> None:
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src/parser"), "night")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        app.workbench.show(TurnStarted(1, "go"))
        app.workbench.show(ReplyGrew("a"))
        await until(pilot, lambda: "● writing" in on_screen(app))
        app.workbench.show(HostLost("the host is gone; \x1b[31mred"))
        await until(pilot, lambda: "✗ the host is gone; ␛[31mred" in on_screen(app))
        assert "✗ the host is gone  " in on_screen(app)
        assert "writing" not in on_screen(app)
        await app.close_session()


async def test_alone_there_is_nobody_to_hand_over_to() -> None:
    app = OciApp(lambda: ReplaySession(RECORDING, speed=0), Path("/src/parser"), "night")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.workbench.conversation.ready)
        await pilot.press(*"/hand bo", "enter")
        await until(pilot, lambda: "`oci-tui --detachable` begins a session that others can come to" in on_screen(app))
        await app.close_session()
