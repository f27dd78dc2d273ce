"""The desk that the app's tests are given: real settings in a file of their own."""

from __future__ import annotations

from pathlib import Path

from oci_tui import assemble
from oci_tui.settings import loaded
from oci_tui.settings_edit import EditedSettings
from oci_tui.ui.desk import Desk


def desk_of(file: Path) -> Desk:
    """As the command line makes it, with this settings file."""
    return Desk(EditedSettings(loaded(file=file)), assemble.policy, assemble.machine)
