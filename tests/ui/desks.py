"""The desk that the app's tests are given: the command line's, with a settings file of the test's own."""

from __future__ import annotations

from pathlib import Path

from oci_tui.cli import app
from oci_tui.settings import loaded
from oci_tui.ui.desk import Desk


def desk_of(file: Path) -> Desk:
    """As the command line makes it."""
    return app.desk_of(loaded(file=file))
