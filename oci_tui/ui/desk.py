"""What the app can do beside talking to its session; a recording has none of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oci_tui.core.measured import Measured
from oci_tui.core.policy import Policy
from oci_tui.settings import Settings
from oci_tui.settings_edit import EditedSettings

Row = tuple[str, str]
"""What something is called, and what it is."""


@dataclass(frozen=True)
class Desk:
    """`settings` are in force and can be changed; `policy` is how turns are run under them.

    `machine` tells of the machine, versions and places; it may take seconds. `measured` are the evaluations.
    """

    settings: EditedSettings
    policy: Callable[[Settings], Policy]
    machine: Callable[[Settings], Sequence[Row]]
    measured: Callable[[], tuple[Measured, ...]] = tuple
