"""Who is at a session, what navigators propose to its driver, and the events about both."""

from __future__ import annotations

from typing import Literal

import msgspec

from oci_tui.core.happened import Happened

Role = Literal["driver", "navigator", "observer"]
"""A driver asks, decides and stops; a navigator proposes prompts to the driver; an observer looks."""


class Participant(msgspec.Struct, frozen=True):
    """A person at a terminal. `number` is theirs alone in a session; a `guest` is not the person whose machine it is."""

    number: int
    name: str
    role: Role
    guest: bool = False


class Suggestion(msgspec.Struct, frozen=True):
    """A prompt that a navigator proposes; it waits until the driver takes or drops it."""

    number: int
    by: str
    prompt: str


class ParticipantJoined(Happened, frozen=True):
    participant: Participant


class ParticipantLeft(Happened, frozen=True):
    participant: Participant


class RoleChanged(Happened, frozen=True):
    """The participant has another role now."""

    participant: Participant


class PromptSuggested(Happened, frozen=True):
    suggestion: Suggestion


class SuggestionSettled(Happened, frozen=True):
    """The driver took a suggestion, or dropped it."""

    suggestion: Suggestion
    taken: bool


class HostLost(Happened, frozen=True):
    """The session's host is gone; `message` says what to do. A client tells it, so it is in no journal."""

    message: str


class CompanyChanged(Happened, frozen=True):
    """Who is at the session now, and which suggestions wait. It is about this moment and in no journal.

    `you` is the number of who is told, which their own client knows.
    """

    participants: tuple[Participant, ...]
    suggestions: tuple[Suggestion, ...] = ()
    you: int = 0


CompanyEvent = (
    ParticipantJoined | ParticipantLeft | RoleChanged | PromptSuggested | SuggestionSettled | CompanyChanged | HostLost
)
"""What happens between the people at a session."""
