"""What NO_COLOR leaves: greys, and in a theme of the terminal's own colours its two."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor


class Colourless(LineFilter):
    """Textual chooses by the theme of an app that has none yet; as greys the terminal's own colours are all black."""

    def __init__(self, app: App[None]) -> None:
        super().__init__()
        self._app = app
        self._greys, self._none = Monochrome(), NoColor()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return (self._none if self._app.native_ansi_color else self._greys).apply(segments, background)
