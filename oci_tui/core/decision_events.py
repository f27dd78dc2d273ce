"""What the person decided and could not have: a part of the stream in `core.events`."""

from __future__ import annotations

from oci_tui.core.happened import Happened


class DecisionFailed(Happened, frozen=True):
    """What was decided could not be done, or told; `message` says why. The workspace is as it was."""

    message: str
