"""A picture as sixels: bands of six rows, drawn once for each colour; up to 255 colours."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from oci_tui.ui.pixels import Colour, Pixels, colour

MOST_COLOURS = 255
_RUN = re.compile(rb"(.)\1{3,}", re.DOTALL)


class _Box(NamedTuple):
    """Colours that may become one. `spread` is how far apart they are in their `part` (red, green, blue), below zero."""

    spread: int
    part: int
    shades: list[Colour]


def sixels(picture: Pixels, room: tuple[int, int]) -> str:
    """The escape sequence that draws it where the cursor is; every n-th pixel where it has more than `room` (wide, high)."""
    step = max(1, -(-picture.width // max(1, room[0])), -(-picture.height // max(1, room[1])))
    rows = [row[::step].tolist() for row in picture.rows[::step]]
    counted = Counter(pixel for row in rows for pixel in row)
    palette, numbers = _palette(counted)
    defined = "".join(
        f"#{number};2;{';'.join(str(round(part / 2.55)) for part in shade)}" for number, shade in enumerate(palette)
    )
    bands = (_band([bytes([numbers[pixel] for pixel in row]) for row in rows[top : top + 6]]) for top in range(0, len(rows), 6))
    return f'\x1bPq"1;1;{len(rows[0])};{len(rows)}{defined}{"-".join(bands)}\x1b\\'


def _palette(counted: Counter[int]) -> tuple[list[Colour], Mapping[int, int]]:
    """The colours, and which of them stands for each pixel: the box that spreads most is cut in two until there are enough."""
    shades = {pixel: colour(pixel) for pixel in counted}
    weight: Counter[Colour] = Counter()
    for pixel, shade in shades.items():
        weight[shade] += counted[pixel]
    boxes = [_box(list(weight))]
    while len(boxes) < MOST_COLOURS and -boxes[0].spread:
        box = heapq.heappop(boxes)
        box.shades.sort(key=lambda shade: shade[box.part])
        middle = len(box.shades) // 2
        for half in (box.shades[:middle], box.shades[middle:]):
            heapq.heappush(boxes, _box(half))
    numbers = {shade: number for number, box in enumerate(boxes) for shade in box.shades}
    palette = [max(box.shades, key=lambda shade: weight[shade]) for box in boxes]
    return palette, {pixel: numbers[shade] for pixel, shade in shades.items()}


def _box(shades: list[Colour]) -> _Box:
    spreads = [max(parts) - min(parts) for parts in zip(*shades, strict=True)]
    return _Box(-max(spreads), spreads.index(max(spreads)), shades)


def _band(rows: list[bytes]) -> str:
    """Up to six rows: for each colour the columns, in each a bit for each row that has it."""
    columns: dict[int, bytearray] = {}
    for number, row in enumerate(rows):
        bit = 1 << number
        for found in set(row):
            columns.setdefault(found, bytearray(len(row)))
        for place, found in enumerate(row):
            columns[found][place] |= bit
    return "$".join(f"#{number}{text}" for number, text in _drawn(columns))


def _drawn(columns: Mapping[int, bytearray]) -> Iterator[tuple[int, str]]:
    for number, bits in columns.items():
        signs = bytes(bit + 63 for bit in bits).rstrip(b"?")
        yield number, _RUN.sub(lambda run: b"!%d%s" % (len(run[0]), run[1]), signs).decode("ascii")
