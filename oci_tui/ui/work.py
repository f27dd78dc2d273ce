"""The long work that is under way, by name: how far it has come, in words and as a fraction, and since when."""

from __future__ import annotations

import time
from dataclasses import dataclass

from oci_tui.core.events import (
    EngineReady,
    Event,
    PartFailed,
    PartProgressed,
    SandboxReady,
    TurnFinished,
    WorkspaceReady,
)

SHOWN_AFTER_S = 0.3


@dataclass(frozen=True)
class Step:
    """`doing` has not been through `core.terminal`; `fraction` is from 0 to 1, None where it cannot be told."""

    name: str
    doing: str
    fraction: float | None
    since: float


class Work:
    """Who does something long says `at`, then `over`; a session's parts say it by their events."""

    def __init__(self) -> None:
        self._steps: dict[str, Step] = {}

    def show(self, event: Event) -> None:
        match event:
            case PartProgressed():
                self.at(event.part, event.doing, event.fraction)
            case PartFailed():
                self.over(event.part)
            case EngineReady():
                self.over("engine")
            case SandboxReady():
                self.over("sandbox")
            case WorkspaceReady():
                self.over("workspace")
            case TurnFinished():
                for part in ("engine", "sandbox", "workspace"):
                    self.over(part)

    def at(self, name: str, doing: str, fraction: float | None = None) -> None:
        """It has come this far."""
        before = self._steps.get(name)
        self._steps[name] = Step(name, doing, fraction, before.since if before else time.monotonic())

    def over(self, name: str) -> None:
        """It is done, or has failed."""
        self._steps.pop(name, None)

    def under_way(self) -> tuple[Step, ...]:
        """What takes long enough to be told, the oldest first."""
        now = time.monotonic()
        return tuple(step for step in self._steps.values() if now - step.since >= SHOWN_AFTER_S)
