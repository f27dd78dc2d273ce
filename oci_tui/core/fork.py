"""The rounds of a session, and the events of another that goes on after one of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from oci_tui.core import events
from oci_tui.core.archive import RoundSummary
from oci_tui.core.errors import StoreError
from oci_tui.core.events import Event
from oci_tui.core.recall import unfinished


class Fork(NamedTuple):
    """What a fork begins with; `number` is the round that it goes on after, 0 where there was none, `state` of the files."""

    happened: tuple[Event, ...]
    number: int
    state: int


def rounds(happened: Iterable[Event]) -> tuple[RoundSummary, ...]:
    """The rounds that ended, in order."""
    found: list[RoundSummary] = []
    prompt = ""
    for event in happened:
        if isinstance(event, events.TurnStarted):
            prompt = event.prompt
        elif isinstance(event, events.RoundFinished):
            number = event.number or (found[-1].number if found else 0) + 1
            found.append(RoundSummary(number, event.turn, event.round, prompt, event.passed, event.outcome, event.at))
    return tuple(found)


def forked(happened: Sequence[Event], number: int, name: str, version: str) -> Fork:
    """The events of a session `name` that goes on after this round (0: the last, with all that came after it).

    What follows a round belongs to it up to the next: what the model was told, and the end of its turn. Raises StoreError.
    """
    started = next((event for event in happened if isinstance(event, events.SessionStarted)), None)
    if started is None:
        raise StoreError("its journal does not say which repository it is about; it cannot be forked")
    there = [entry.number for entry in rounds(happened)]
    number_at = number or (there[-1] if there else 0)
    kept = list(happened) if number == 0 else _up_to(happened, there, number)
    kept = [event for event in kept if not isinstance(event, events.SessionStarted | events.SessionRenamed)]
    kept += unfinished(kept)
    state = next((event.state for event in reversed(kept) if isinstance(event, events.Checkpointed)), 0)
    at = time.time()
    beginning = events.SessionStarted(name, started.root, version, forked_from=started.session, forked_at=number_at, at=at)
    return Fork((beginning, *kept), number_at, state)


def _up_to(happened: Sequence[Event], there: Sequence[int], number: int) -> list[Event]:
    if number not in there:
        which = f"there are {there[0]} to {there[-1]}" if there else "there is none yet"
        raise StoreError(f"no round {number} in this session; {which}, see `oci-tui sessions show`")
    left = there.index(number) + 1
    kept: list[Event] = []
    for event in happened:
        if left == 0 and isinstance(event, events.RoundStarted | events.TurnStarted):
            break
        kept.append(event)
        if isinstance(event, events.RoundFinished):
            left -= 1
        if left == 0 and isinstance(event, events.TurnFinished):
            break
    return kept
