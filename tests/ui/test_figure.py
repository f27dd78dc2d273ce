"""A figure on the whole terminal: only where it is known to show pictures, and only when asked for."""

from __future__ import annotations

import base64
import re
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from oci_tui.core.events import CommandFinished, CommandStarted, Event, PlotDrawn, TurnStarted, encode
from oci_tui.core.ports import Command, Exit, Plot
from oci_tui.ui import pixels
from oci_tui.ui.device import takes_sixels
from oci_tui.ui.figure import drawn, protocol
from oci_tui.ui.pixels import Colour
from oci_tui.ui.sixel import MOST_COLOURS, sixels
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


def program(folder: Path) -> str:
    """The app on a turn that drew figure.png in this folder."""
    command = Command("block", language="python", code="plot()")
    told: tuple[Event, ...] = (
        TurnStarted(1, "go"),
        CommandStarted(command),
        PlotDrawn(Plot(str(folder / "figure.png"), 64, 64)),
        CommandFinished(command, Exit(0)),
    )
    recording = folder / "told.jsonl"
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in told))
    return RUN.format(first="", make=f"return Told(Path({str(recording)!r}), 0)", root="/src", prompt="go")


@pytest.mark.parametrize(
    ("kitty", "answer", "sixels"), [(True, b"", False), (False, b"\x1b[?62;4;22c", True), (False, b"\x1b[?1;2c", False)]
)
def test_v_shows_the_figure_where_the_terminal_can(tmp_path: Path, kitty: bool, answer: bytes, sixels: bool) -> None:
    data = png(tmp_path / "figure.png")
    screen = Terminal(program(tmp_path), tmp_path, {"KITTY_WINDOW_ID": "1"} if kitty else {})
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
            screen.until(lambda: b"\x1b[c" in bytes(screen.raw))
            screen.press(answer)
            if sixels:
                screen.until(lambda: b"Enter: back" in bytes(screen.raw))
                assert drawn(data, "sixel").encode() in bytes(screen.raw)
                screen.press(b"\r")
                screen.until(lambda: "figure, 64 × 64 pixels" in screen.text)
            else:
                screen.until(lambda: "says nothing of pictures" in screen.text)
                assert b"\x1bPq" not in bytes(screen.raw)
            assert b"\x1b_G" not in bytes(screen.raw)
        assert screen.quit() == 0
    finally:
        screen.close()


def test_v_shows_the_figure_of_its_line_and_ctrl_c_goes_back(tmp_path: Path) -> None:
    pictures = [drawn(png(tmp_path / f"{side}.png", side), "kitty").encode() for side in (64, 32)]
    command = Command("block", language="python", code="plot()")
    told: tuple[Event, ...] = (
        TurnStarted(1, "go"),
        CommandStarted(command),
        *(PlotDrawn(Plot(str(tmp_path / f"{side}.png"), side, side)) for side in (64, 32)),
        CommandFinished(command, Exit(0)),
    )
    recording = tmp_path / "told.jsonl"
    recording.write_bytes(b"".join(encode(event) + b"\n" for event in told))
    code = RUN.format(first="", make=f"return Told(Path({str(recording)!r}), 0)", root="/src", prompt="go")
    screen = Terminal(code, tmp_path, {"KITTY_WINDOW_ID": "1"})
    try:
        screen.until(lambda: "figure, 32 × 32 pixels" in screen.text)
        screen.press(b"\x1bOS")
        for keys, shown in ((b"gj", [1, 0]), (b"j", [1, 1]), (b"g", [1, 2])):
            screen.until(lambda: "v figure" in screen.text)
            before = len(screen.raw)
            screen.press(keys + b"v")
            screen.until(lambda before=before: b"Enter: back" in screen.raw[before:])  # type: ignore[misc]
            assert [screen.raw.count(picture) for picture in pictures] == shown
            screen.press(b"\x03")
            screen.until(lambda before=before: b"v" in screen.raw[before:].partition(b"\x1b[?1049h")[2])  # type: ignore[misc]
        assert screen.quit() == 0
    finally:
        screen.close()


def test_after_a_figure_that_cannot_be_drawn_the_app_goes_on(tmp_path: Path) -> None:
    (tmp_path / "figure.png").write_bytes(png(tmp_path / "whole.png")[:60])
    screen = Terminal(program(tmp_path), tmp_path, {})
    try:
        screen.until(lambda: "figure, 64 × 64 pixels" in screen.text)
        screen.press(b"\x1bOS")
        screen.until(lambda: "v figure" in screen.text)
        screen.press(b"v")
        screen.until(lambda: b"\x1b[c" in screen.raw)
        screen.press(b"\x1b[?62;4;22c")
        screen.until(lambda: b"cannot be drawn" in screen.raw)
        assert screen.quit() == 0
    finally:
        screen.close()


@pytest.mark.parametrize(
    ("answer", "takes"),
    [
        (b"\x1b[?62;4;22c", True),
        (b"x\x1b[?1;2;4c", True),
        (b"\x1b[?65;1;9;4c", True),
        (b"\x1b[?4;6c", False),
        (b"\x1b[?64;14;40c", False),
        (b"\x1b[?6c", False),
        (b"", False),
    ],
)
def test_a_terminal_says_that_it_takes_sixels(answer: bytes, takes: bool) -> None:
    assert takes_sixels(answer) is takes


def guessed(how: int, left: int, up: int, corner: int) -> int:
    """What PNG's filters take a byte for."""
    paeth = min((left, up, corner), key=lambda guess: abs(left + up - corner - guess))
    return (0, left, up, (left + up) // 2, paeth)[how]


def filtered(rows: list[bytes], pixel: int) -> bytes:
    """PNG's lines, each told by another of its five filters."""
    told, above = bytearray(), bytes(len(rows[0]))
    for number, row in enumerate(rows):
        how = number % 5
        told.append(how)
        for at, byte in enumerate(row):
            left, corner = (row[at - pixel], above[at - pixel]) if at >= pixel else (0, 0)
            guess = guessed(how, left, above[at], corner)
            told.append((byte - guess) & 255)
        above = row
    return bytes(told)


def picture(kind: int, depth: int, rows: list[bytes], width: int, *more: tuple[bytes, bytes]) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    body = zlib.compress(filtered(rows, max(1, depth * channels // 8)))
    header = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *more, (b"IDAT", body), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    ("kind", "depth", "line", "expected"),
    [
        (2, 8, bytes([10, 20, 30, 250, 0, 128]), [(10, 20, 30), (250, 0, 128)]),
        (6, 8, bytes([10, 20, 30, 255, 0, 0, 0, 0]), [(10, 20, 30), (255, 255, 255)]),
        (6, 16, bytes([10, 9, 20, 9, 30, 9, 255, 255, 0, 0, 0, 0, 0, 0, 128, 0]), [(10, 20, 30), (127, 127, 127)]),
        (0, 8, bytes([7, 200]), [(7, 7, 7), (200, 200, 200)]),
        (4, 8, bytes([7, 255, 200, 0]), [(7, 7, 7), (255, 255, 255)]),
        (3, 8, bytes([1, 0]), [(4, 5, 6), (1, 2, 3)]),
        (3, 4, bytes([0x10]), [(4, 5, 6), (1, 2, 3)]),
        (0, 1, bytes([0b01000000]), [(0, 0, 0), (255, 255, 255)]),
        (0, 2, bytes([0b01100000]), [(85, 85, 85), (170, 170, 170)]),
    ],
)
def test_the_pixels_of_every_kind_of_png(kind: int, depth: int, line: bytes, expected: list[Colour]) -> None:
    data = picture(kind, depth, [line] * 10, 2, (b"PLTE", bytes([1, 2, 3, 4, 5, 6])))
    found = pixels.read(data)
    assert (found.width, found.height) == (2, 10)
    assert [[pixels.colour(pixel) for pixel in row] for row in found.rows] == [expected] * 10


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:40], lambda data: b"GIF" + data, lambda data: data.replace(b"IDAT", b"IDAX")]
)
def test_what_is_no_whole_picture_is_said(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(pixels.UnreadableError):
        pixels.read(spoil(png(tmp_path / "a.png")))


def seen(sixel: str) -> list[list[Colour]]:
    """What a terminal makes of sixels: rows of colours, in percent."""
    shape = re.fullmatch(r'\x1bPq"1;1;(\d+);(\d+)(.*)\x1b\\', sixel, re.DOTALL)
    assert shape is not None
    width, height = int(shape[1]), int(shape[2])
    screen: list[list[Colour]] = [[(-1, -1, -1)] * width for _ in range(height)]
    palette: dict[int, Colour] = {}
    top = column = now = 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])|([?-~])", shape[3]):
        if token[1]:
            palette[int(token[1])] = (int(token[2]), int(token[3]), int(token[4]))
        elif token[5]:
            now = int(token[5])
        elif token[8]:
            top, column = (top + 6, 0) if token[8] == "-" else (top, 0)
        else:
            for _ in range(int(token[6] or 1)):
                bits = ord(token[7] or token[9]) - 63
                for row in range(6):
                    if bits >> row & 1:
                        screen[top + row][column] = palette[now]
                column += 1
    return screen


def test_sixels_show_the_picture() -> None:
    rows = [bytes(part for x in range(40) for part in (x * 6, y * 10, 255 if x > y else 0)) for y in range(20)]
    shown = seen(sixels(pixels.read(picture(2, 8, rows, 40)), (100, 100)))
    wanted = [[tuple(row[at : at + 3]) for at in range(0, 120, 3)] for row in rows]
    assert len(shown) == 20
    assert len({shade for row in wanted for shade in row}) > MOST_COLOURS
    apart = [
        max(abs(one * 2.55 - other) for one, other in zip(*both, strict=True))
        for lines in zip(shown, wanted, strict=True)
        for both in zip(*lines, strict=True)
    ]
    assert max(apart) < 24
    assert sorted(apart)[len(apart) // 4] < 1.5


def test_a_picture_larger_than_the_terminal_is_made_to_fit_and_a_plot_is_drawn_soon() -> None:
    side = 480
    white = b"\xff" * (640 * 4)
    line = white[:400] + bytes([31, 119, 180, 255]) * 300 + white[1600:]
    data = picture(6, 8, [white if y % 7 else line for y in range(side)], 640)
    began = time.process_time()
    shown = seen(drawn(data, "sixel", (320, 300)))
    assert (len(shown[0]), len(shown)) == (320, 240)
    assert time.process_time() - began < 5
    assert shown[0][60] == (12, 47, 71)
    assert shown[1][60] == (100, 100, 100)
