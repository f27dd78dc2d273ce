"""What of the model's may run: by the mode, by rules, and where these leave it open by the person's word."""

from __future__ import annotations

import asyncio

import msgspec

from oci_tui.core.happened import Happened
from oci_tui.core.ports import ApprovalMode, Approver, Command
from oci_tui.core.rules import Rules, pattern_for, text_of

MODES: tuple[ApprovalMode, ...] = ("ask", "auto", "plan")
MEANING: dict[ApprovalMode, str] = {
    "ask": "you are asked before each command of the model's",
    "auto": "everything runs, inside the sandbox; your files change only when you accept",
    "plan": "the model plans: no edit is made and nothing runs",
}


def named(text: str) -> ApprovalMode | None:
    """The mode of this name."""
    return next((mode for mode in MODES if mode == text), None)


_NOBODY = (
    "approval is ask, and nobody is here to be asked; name it in `allow` under [approval] of the settings, "
    "or take --approval auto"
)


SAID_NO = "the user said no"
"""Why a command is refused, as the model reads it."""

CHECK_DECIDES = "the check decides"
"""Why code beside edits is not run; only the person reads it."""


class ApprovalChosen(Happened, frozen=True):
    """How commands of the model's are approved from now on."""

    mode: ApprovalMode


class CommandAsked(Happened, frozen=True):
    """The turn waits until the person says whether this may run."""

    command: Command


class CommandRefused(Happened, frozen=True):
    """This is not run; `why` is a phrase."""

    command: Command
    why: str


class Permission(msgspec.Struct, frozen=True):
    """Whether a command may run, and why not. `final`: the turn ends with it; else the model may try another way."""

    allowed: bool
    why: str = ""
    final: bool = False


class Approval:
    """The approvals of one session. `mode` may change at any time; `person` is who is asked, None for nobody."""

    def __init__(self, mode: ApprovalMode = "auto", rules: Rules | None = None) -> None:
        self.mode: ApprovalMode = mode
        self.person: Approver | None = None
        self._rules = rules or Rules()
        self._same: set[str] = set()
        self._asking = asyncio.Lock()

    def following(self) -> ApprovalMode:
        """The mode that comes after the present one."""
        return MODES[(MODES.index(self.mode) + 1) % len(MODES)]

    def by_rule(self, command: Command) -> Permission | None:
        """What needs no question; None where the person has to be asked."""
        if pattern := self._rules.denied(command):
            return Permission(allowed=False, why=f"the rule `{pattern}` of the settings denies it")
        if self.mode == "plan":
            return Permission(allowed=False, why="approval is plan: nothing runs", final=True)
        if self.mode == "auto" or self._rules.allowed(command) or text_of(command) in self._same:
            return Permission(allowed=True)
        if self.person is None:
            return Permission(allowed=False, why=_NOBODY, final=True)
        return None

    async def ask(self, command: Command) -> Permission:
        """Put a command to the person, one at a time; what they always allow is not asked again in this session."""
        async with self._asking:
            if (known := self.by_rule(command)) or self.person is None:
                return known or Permission(allowed=False, why=_NOBODY, final=True)
            pattern = pattern_for(command)
            answer = await self.person.ask(command, pattern)
            if answer == "always" and pattern:
                self._rules = msgspec.structs.replace(self._rules, allow=(*self._rules.allow, pattern))
            elif answer == "always":
                self._same.add(text_of(command))
            return Permission(allowed=True) if answer != "no" else Permission(allowed=False, why=SAID_NO, final=True)
