"""How a turn is run: its bounds, and what the person has chosen for it."""

from __future__ import annotations

import msgspec

from oci_tui.core.changes import CommitPolicy
from oci_tui.core.generation import Sampling


class Policy(msgspec.Struct, frozen=True):
    """How a turn is run: at most `rounds` rounds, `check_command` "" to find one, seconds per command, tokens per reply.

    `stateful`: Python of a reply runs where earlier replies' ran. It is what the models were trained with: blocks of one reply
    and of later rounds build on each other, and a last expression is how they look at a value. It makes no answer seem right
    that is not: the check always runs in a process of its own.
    `must_run`: without a sandbox the turn gives up at once; else the model answers and edits, and nothing is run.
    `candidates`: how many replies of a round are tried, the best of them being the round's; 0 is one, and after a
    failed last round some more where the engine computes several at once. `containers`: in at most so many at a time.
    `corrections`: how often in a round the model replies again at once because an edit of it was refused.
    `commit`: whether what is accepted is committed too. `alternatives`: how many for each token, 0 without probabilities.
    """

    rounds: int = 3
    candidates: int = 0
    containers: int = 3
    corrections: int = 2
    check_command: str = ""
    timeout_s: float = 60.0
    max_new_tokens: int = 1024
    sampling: Sampling = Sampling()
    stateful: bool = True
    must_run: bool = True
    commit: CommitPolicy = "ask"
    alternatives: int = 0
