"""A program's own colours as styles: colours and weight only, never hidden, never its text in the colour of the ground."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.color import Color as RichColour
from rich.style import Style
from rich.terminal_theme import MONOKAI
from textual.color import Color

_WEIGHTS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}
_CLOSE = 0.12
"""How much brighter or darker than the ground text must be (0 to 1) to be shown in its own colour."""


def program_style(codes: str, ground: Color) -> Style:
    """The style of SGR parameters, on this ground. Blinking and hidden text is shown plain; unknown parameters do nothing."""
    weights: dict[str, Any] = {}
    ink = paper = None
    numbers = iter([int(part) if part.isdigit() and len(part) < 6 else 0 for part in codes.replace(":", ";").split(";")])
    for code in numbers:
        if code == 0:
            weights, ink, paper = {}, None, None
        elif code in _WEIGHTS:
            weights[_WEIGHTS[code]] = True
        elif code in _OFF:
            for name in _OFF[code]:
                weights.pop(name, None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            ink = RichColour.from_ansi(code - 30 if code < 40 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            paper = RichColour.from_ansi(code - 40 if code < 50 else code - 92)
        elif code == 38:
            ink = _extended(numbers) or ink
        elif code == 48:
            paper = _extended(numbers) or paper
        elif code == 39:
            ink = None
        elif code == 49:
            paper = None
    behind = _seen(paper) if paper else ground
    if ink and abs(_seen(ink).brightness - behind.brightness) < _CLOSE:
        ink = None
    if paper and not ink:
        ink = RichColour.parse("white" if behind.brightness < 0.5 else "black")
    return Style(color=ink, bgcolor=paper, **weights)


def _extended(numbers: Iterator[int]) -> RichColour | None:
    """The colour after 38 or 48: 5;N of the palette or 2;R;G;B."""
    kind = next(numbers, 0)
    if kind == 5:
        return RichColour.from_ansi(min(255, next(numbers, 0)))
    if kind == 2:
        return RichColour.from_rgb(*(min(255, next(numbers, 0)) for _ in range(3)))
    return None


def _seen(colour: RichColour) -> Color:
    """About what a terminal shows for it."""
    return Color(*colour.get_truecolor(MONOKAI))
