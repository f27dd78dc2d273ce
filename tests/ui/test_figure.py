"""A figure on the whole terminal: only where it is known to show pictures, and only when asked for."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path

import pytest

from oci_tui.core.events import CommandFinished, CommandStarted, Event, PlotDrawn, TurnStarted, encode
from oci_tui.core.ports import Command, Exit, Plot
from oci_tui.ui.figure import drawn, protocol
from tests.ui.terminal import Terminal
from tests.ui.test_serve import RUN


def png(path: Path, side: int = 64) -> bytes:
    """A picture whose compressed pixels need several chunks."""
    rows = b"".join(b"\0" + bytes((x * y * 7919 + x) % 256 for x in range(3 * side)) for y in range(side))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(data)
    return data


@pytest.mark.parametrize(
    ("environment", "how"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, None),
        ({"TERM": "screen", "TERM_PROGRAM": "iTerm.app"}, None),
    ],
)
def test_how_a_terminal_takes_pictures(environment: dict[str, str], how: str | None) -> None:
    assert protocol(environment) == how


def test_a_picture_arrives_whole(tmp_path: Path) -> None:
    data = png(tmp_path / "a.png")
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", drawn(data, "kitty"))
    assert len(chunks) > 1
    assert [keys[-1] for keys, _ in chunks] == ["1"] * (len(chunks) - 1) + ["0"]
    assert max(len(chunk) for _, chunk in chunks) <= 4096
    assert base64.b64decode("".join(chunk for _, chunk in chunks)) == data
    assert base64.b64decode(drawn(data, "iterm2").partition(":")[2].rstrip("\x07")) == data


@pytest.mark.parametrize("kitty", [True, False])
def test_v_shows_the_figure_where_the_terminal_can(tmp_path: Path, kitty: bool) -> None:
    data = png(tmp_path / "figure.png")
    command = Command("block", language="python", code="plot()")
    told: tuple[Event, ...] = (
        TurnStarted(1, "go"),
        CommandStarted(command),
        PlotDrawn(Plot(str(tmp_path / "figure.png"), 64, 64)),
        CommandFinished(command, Exit(0)),
    )
    recording = tmp_path / "told.jsonl"
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in told))
    code = RUN.format(first="", make=f"return Told(Path({str(recording)!r}), 0)", root="/src", prompt="go")
    screen = Terminal(code, tmp_path, {"KITTY_WINDOW_ID": "1"} if kitty else {})
    try:
        screen.until(lambda: "figure, 64 × 64 pixels" in screen.text)
        screen.press(b"\x1bOS")
        screen.until(lambda: "v figure" in screen.text)
        screen.press(b"v")
        if kitty:
            screen.until(lambda: b"Enter: back" in bytes(screen.raw))
            assert drawn(data, "kitty").encode() in bytes(screen.raw)
            screen.press(b"\r")
            screen.until(lambda: "figure, 64 × 64 pixels" in screen.text)
        else:
            screen.until(lambda: "none that shows pictures" in screen.text)
            assert b"\x1b_G" not in bytes(screen.raw)
        screen.press(b"\x11\x11")
        assert screen.ended()[0] == 0
    finally:
        screen.close()
