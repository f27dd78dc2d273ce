"""Another beginning: the prompt once more with what went wrong, drawn with another luck, and none of the replies.

A small model that reads its own wrong reply says it again; another beginning helps it more than a repair.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from oci_tui.core import failure, feedback
from oci_tui.core.generation import Sampling

# how a model that wrote the same again, or begins anew, gets another chance
RESAMPLED = Sampling(temperature=0.8, top_p=0.95)


def anew(sampling: Sampling, number: int) -> Sampling:
    """How the reply of another beginning is drawn, `number` counted from 1."""
    return replace(RESAMPLED, seed=sampling.seed + max(number - 1, 0))


class Beginnings:
    """How often a turn has begun anew, and the failures that made it, each once."""

    def __init__(self) -> None:
        self.number = 0
        self._failures: tuple[str, ...] = ()

    def message(self, said: Sequence[str], before: str, *, checked: bool) -> str:
        """What follows the prompt this time. `said` is what the model would have been told, `before` what it knows of the
        check already; `checked`: it was the check that failed.
        """
        self.number += 1
        told = [text for text in said if text not in feedback.NUDGES and (not checked or text.startswith(feedback.PREFIX))]
        failures = {failure.signature(text) or text: text.removeprefix(feedback.PREFIX) for text in (*self._failures, *told)}
        known = failure.signature(before)
        self._failures = tuple(text for mark, text in failures.items() if mark != known)
        return feedback.begin_anew(self._failures, checked=checked)
