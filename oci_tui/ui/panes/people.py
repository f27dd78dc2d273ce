"""How those who are at a session are told of: a line of the story, and what stands in the status line."""

from __future__ import annotations

from oci_tui.core.company import (
    CompanyChanged,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    PromptSuggested,
    RoleChanged,
    SuggestionSettled,
)
from oci_tui.core.events import Event
from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui.panes.story import Said
from oci_tui.ui.wording import plural

_DOES = {"driver": "drives", "navigator": "navigates", "observer": "observes"}
_YOU = {"driver": "you drive", "navigator": "you navigate", "observer": "you observe"}
_NAMED = 2


def said(event: Event) -> Said | None:
    """The story's line about people; None when the event is about something else."""
    match event:
        case ParticipantJoined():
            return _about(event.participant, f"came and {_does(event.participant)}")
        case ParticipantLeft():
            return _about(event.participant, "left")
        case RoleChanged():
            return _about(event.participant, f"{_does(event.participant)} now")
        case PromptSuggested():
            number, by = event.suggestion.number, visible_line(event.suggestion.by)
            return Said(
                "?", "accent", f"{by} suggests (/take {number}): {visible(event.suggestion.prompt).expandtabs(4)}", "strong"
            )
        case SuggestionSettled():
            by = visible_line(event.suggestion.by)
            done = "taken" if event.taken else "dropped"
            return Said("·", "muted", f"suggestion {event.suggestion.number} of {by} {done}", "muted")
        case _:
            return None


def standing(now: CompanyChanged) -> tuple[str, bool]:
    """Who drives and who else is there, for the status line, and whether something waits for this person. "" when alone."""
    you = next((there for there in now.participants if there.number == now.you), None)
    others = sorted((there for there in now.participants if there is not you), key=lambda there: there.role != "driver")
    if you is None or (not others and you.role == "driver"):
        return "", False
    told = [_YOU[you.role]]
    told += [f"{visible_line(there.name)} {_does(there)}" for there in others[:_NAMED]]
    if len(others) > _NAMED:
        told.append(f"{len(others) - _NAMED} more")
    if not any(there.role == "driver" for there in now.participants):
        told.append("nobody drives")
    waits = you.role == "driver" and bool(now.suggestions)
    if waits:
        told.append(plural(len(now.suggestions), "suggestion"))
    return " · ".join(told), waits


def _about(participant: Participant, what: str) -> Said:
    guest = " (a guest)" if participant.guest else ""
    return Said("·", "accent", f"{visible_line(participant.name)}{guest} {what}")


def _does(participant: Participant) -> str:
    return _DOES[participant.role]
