"""What the app can do beside talking to its session; a recording has none of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass

from oci_tui.core.archive import Archive
from oci_tui.core.measured import Measured
from oci_tui.core.models import Listed
from oci_tui.core.policy import Policy
from oci_tui.core.ports import Engine, Progress, Setup
from oci_tui.settings import Settings
from oci_tui.settings_edit import EditedSettings

Row = tuple[str, str]
"""What something is called, and what it is."""


@dataclass(frozen=True)
class Shelf:
    """The models: listed, looked at (by name, in the settings), fetched by name, removed, and the engine for one.

    All but `info` may take long, and `pull` stops when it is closed. Each raises ModelError.
    """

    listed: Callable[[], Sequence[Listed]]
    info: Callable[[Settings], Awaitable[Sequence[str]]]
    pull: Callable[[str, Settings], Generator[Progress]]
    remove: Callable[[str], None]
    engine: Callable[[Settings], Engine]


@dataclass(frozen=True)
class Desk:
    """`settings` are in force and can be changed; `policy` is how turns are run under them.

    `machine` tells of the machine, versions and places; it may take seconds. `build` makes the image of their sandbox profile.
    `archive` holds the recorded sessions, `measured` reads the evaluations of the folder `measured_in`.
    """

    settings: EditedSettings
    policy: Callable[[Settings], Policy]
    machine: Callable[[Settings], Sequence[Row]]
    shelf: Shelf
    build: Callable[[Settings], Setup]
    archive: Callable[[], Archive]
    measured: Callable[[], tuple[Measured, ...]] = tuple
    measured_in: str = ""
