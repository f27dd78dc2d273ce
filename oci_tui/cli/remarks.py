"""What of the settings names something that is not here: right in form, so that the app starts, but of no effect."""

from __future__ import annotations

from oci_tui.settings import Settings
from oci_tui.ui import keys, themes


def remarks(chosen: Settings) -> list[str]:
    """A line each."""
    loaded, problems = themes.load_all()
    return [*problems, *themes.unknown(chosen.ui.theme, loaded), *keys.unknown(chosen.ui.keys)]
