"""A figure on the whole terminal, where the terminal shows pictures: as a PNG (kitty, iTerm2), or as sixels if it says so."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from textual.app import App, SuspendNotSupported

from oci_tui.ui import pixels
from oci_tui.ui.device import asked, room, takes_sixels
from oci_tui.ui.sixel import sixels

Protocol = Literal["kitty", "iterm2", "sixel"]

_CHUNK = 4096
_PROGRAMS: Mapping[str, Protocol] = {"iTerm.app": "iterm2", "WezTerm": "iterm2", "ghostty": "kitty"}


def protocol(environment: Mapping[str, str]) -> Protocol | None:
    """How the terminal takes a PNG, by what it says of itself; None where it does not, and within tmux or screen."""
    kind = environment.get("TERM", "")
    if "TMUX" in environment or kind.startswith(("tmux", "screen")):
        return None
    if "KITTY_WINDOW_ID" in environment or kind in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    return _PROGRAMS.get(environment.get("TERM_PROGRAM", ""))


def drawn(png: bytes, how: Protocol, within: tuple[int, int] = (800, 480)) -> str:
    """The escape sequence that draws a PNG where the cursor is; sixels `within` so many pixels. Raises UnreadableError."""
    if how == "sixel":
        return sixels(pixels.read(png), within)
    data = base64.b64encode(png).decode("ascii")
    if how == "iterm2":
        return f"\x1b]1337;File=inline=1;size={len(png)}:{data}\x07"
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    return "".join(
        f"\x1b_G{'' if number else 'a=T,f=100,q=2,'}m={int(number + 1 < len(chunks))};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )


def shown(app: App[None], path: str) -> str:
    """Show a PNG until the person presses Enter; why it cannot be shown, "" when it was."""
    try:
        png = Path(path).read_bytes()
        with app.suspend():
            how = protocol(os.environ) or ("sixel" if takes_sixels(asked()) else None)
            if how is None:
                return f"this terminal says nothing of pictures (kitty's, iTerm2's, sixels); the figure is {path}"
            try:
                picture = drawn(png, how, room())
            except pixels.UnreadableError as error:  # let out of here, it would leave the app suspended
                return f"{path} cannot be drawn: {error}"
            sys.stdout.write(f"\x1b[2J\x1b[H{picture}\r\n\r\nEnter: back ")
            sys.stdout.flush()
            sys.stdin.readline()
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except SuspendNotSupported:
        return f"the figure needs a terminal of its own; it is {path}"
    return ""
