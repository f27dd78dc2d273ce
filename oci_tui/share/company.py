"""Who is at a session and what each may do: one driver at most, navigators who propose, observers who look.

The owner is the user whom the host belongs to, at however many terminals; the others are guests. Nobody takes the wheel from
a driver who is there, but the owner who comes as driver: a terminal that hangs may hold it. A guest drives only when a driver
hands over, and loses it with the connection.
"""

from __future__ import annotations

from itertools import count

import msgspec

from oci_tui.core.company import (
    CompanyChanged,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    PromptSuggested,
    Role,
    RoleChanged,
    Suggestion,
    SuggestionSettled,
)
from oci_tui.core.errors import ShareError
from oci_tui.core.events import Event
from oci_tui.core.terminal import visible_line
from oci_tui.share import protocol

LONGEST_NAME = 32
MOST_WAITING = 20
LONGEST_SUGGESTION = 64 << 10
_FOR_ALL = (protocol.Names, protocol.History, protocol.Appoint, protocol.Settle)
_FOR_NAVIGATORS = (protocol.Ask, protocol.Steer)


class Company:
    """What changes it returns events that say so, and raises ShareError when it may not be."""

    def __init__(self) -> None:
        self.participants: dict[int, Participant] = {}
        self._suggestions: dict[int, Suggestion] = {}
        self._numbers = count(1)
        self._suggested = count(1)

    @property
    def driver(self) -> Participant | None:
        return next((there for there in self.participants.values() if there.role == "driver"), None)

    def now(self) -> CompanyChanged:
        return CompanyChanged(tuple(self.participants.values()), tuple(self._suggestions.values()))

    def join(self, name: str, wanted: Role | None, *, guest: bool) -> tuple[Participant, list[Event]]:
        """Let somebody in, as what they want to be or what is free."""
        if guest and wanted == "driver":
            raise ShareError("a guest comes as navigator or observer; the driver can hand over to you then")
        free: Role = "navigator" if guest or self.driver else "driver"
        joined = Participant(next(self._numbers), self._free_name(name), wanted or free, guest)
        events = self._released() if joined.role == "driver" else []
        self.participants[joined.number] = joined
        return joined, [*events, ParticipantJoined(joined)]

    def leave(self, number: int) -> list[Event]:
        return [ParticipantLeft(self.participants.pop(number))]

    def appoint(self, by: int, number: int, role: Role) -> list[Event]:
        """Give a participant a role, for the driver, for the owner, or to step back oneself."""
        asking, meant = self.participants[by], self.participants.get(number)
        if meant is None:
            raise ShareError(f"nobody here has the number {number}")
        steps_back = by == number and (meant.role == "driver" or role == "observer")
        if not (asking.role == "driver" or not asking.guest or steps_back):
            raise ShareError(f"only the driver or the owner can make {meant.name} {role}")
        if meant.role == role:
            return []
        driver = self.driver
        if driver is not None and by != driver.number and (role == "driver" or meant is driver):
            raise ShareError(
                f"{driver.name} drives: ask for /hand {asking.name}; from a terminal that hangs "
                "the owner takes the wheel with `oci-tui attach --role driver`"
            )
        events = self._released() if role == "driver" else []
        self.participants[number] = changed = msgspec.structs.replace(meant, role=role)
        return [*events, RoleChanged(changed)]

    def suggest(self, by: int, prompt: str) -> list[Event]:
        if len(self._suggestions) >= MOST_WAITING:
            raise ShareError(f"{MOST_WAITING} suggestions wait already; the driver takes or drops them first")
        if len(prompt) > LONGEST_SUGGESTION:
            raise ShareError(f"a suggestion has at most {LONGEST_SUGGESTION} characters")
        made = Suggestion(next(self._suggested), self.participants[by].name, prompt)
        self._suggestions[made.number] = made
        return [PromptSuggested(made)]

    def settle(self, by: int, number: int, *, taken: bool) -> list[Event]:
        """Take a suggestion from the line, for the driver; for others their own."""
        asking, made = self.participants[by], self._suggestions.get(number)
        if made is None:
            raise ShareError(f"no suggestion {number} waits")
        if asking.role != "driver" and (taken or made.by != asking.name):
            raise ShareError("only the driver takes and drops suggestions")
        del self._suggestions[number]
        return [SuggestionSettled(made, taken)]

    def check(self, number: int, command: protocol.Command) -> None:
        """Raise ShareError when this participant may not say this now."""
        asking = self.participants[number]
        if isinstance(command, _FOR_ALL) or (isinstance(command, _FOR_NAVIGATORS) and asking.role == "navigator"):
            return
        if isinstance(command, protocol.Include) and asking.guest:
            raise ShareError("what stayed out of the mirror only the owner lets in: secrets are among it")
        if isinstance(command, protocol.Adopt) and asking.guest:
            raise ShareError("only the owner changes how turns are run")
        if asking.role != "driver":
            driver = self.driver
            who = f"{driver.name} drives" if driver else "nobody drives"
            raise ShareError(f"only the driver can do that; you are {asking.role}, and {who}")

    def _released(self) -> list[Event]:
        """The driver, if there is one, becomes navigator."""
        driver = self.driver
        if driver is None:
            return []
        self.participants[driver.number] = changed = msgspec.structs.replace(driver, role="navigator")
        return [RoleChanged(changed)]

    def _free_name(self, wanted: str) -> str:
        """The name made harmless, short, and different from those that are there."""
        name = visible_line(wanted).strip().replace(" ", "-")[:LONGEST_NAME] or "somebody"
        taken = {there.name for there in self.participants.values()}
        return name if name not in taken else next(found for at in count(2) if (found := f"{name}-{at}") not in taken)
