"""What is told of a race between candidates: replies that are tried side by side, or one after another."""

from __future__ import annotations

from oci_tui.core.happened import Happened


class CandidateStarted(Happened, frozen=True):
    """The candidate of this number, from 1, of at most `of` is written and tried, in files and a container of its own.

    `at_once` of them are under way together, as many as the engine computes; 0 where it was not recorded.
    """

    number: int
    of: int
    at_once: int = 0

    @property
    def how(self) -> str:
        """Whether they are tried side by side, in words; "" where it was not recorded."""
        return {0: "", 1: "one after another"}.get(self.at_once, "side by side")


class CandidateFinished(Happened, frozen=True):
    """How it came out, as a round does. `lines` are added and removed by it; `log_probability` is a token's on average, None
    where the engine does not tell.
    """

    number: int
    passed: bool | None
    outcome: str
    lines: int = 0
    log_probability: float | None = None
    seconds: float = 0.0

    def line(self) -> str:
        """In words: how it came out, how large the change is, how sure the model was."""
        sure = f" · log-probability {self.log_probability:.2f}" if self.log_probability is not None else ""
        lines = f" · {self.lines} line{'s' if self.lines != 1 else ''} changed"
        return f"candidate {self.number}: {self.outcome}{lines}{sure} · {self.seconds:.1f} s"


class CandidateChosen(Happened, frozen=True):
    """This candidate is the round's, for the reason `why`; what happened in it follows, as if it had been alone."""

    number: int
    why: str
