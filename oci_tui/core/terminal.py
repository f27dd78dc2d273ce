"""Text not written by us, made harmless before a terminal sees it.

Every control character, bidi or invisible code point is *replaced* by a visible form, never parsed and dropped: a truncated
or nested escape sequence cannot re-form, and what a person reviews is all that is there.
"""

from __future__ import annotations

import re


def _table() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    table[0x7F] = "␡"
    hidden = [
        *range(0x80, 0xA0),
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFFF0, 0xFFFC),
        *range(0xD800, 0xE000),
        *range(0xE0000, 0xE1000),
    ]
    table.update({code: f"\\u{{{code:x}}}" for code in hidden})
    return table


_TABLE = _table()
_PLAIN = re.compile(r"[\n\t\x20-\x7e]*")
_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_PARAMETER = re.compile(r"([34]8)[;:](?:5[;:]\d*|2(?:[;:]\d*){3})|(?<!\d)\d{1,3}(?!\d)")
_TOO_LARGE = re.compile(r"\d{4,}")
_INK, _PAPER = (*range(30, 40), *range(90, 98)), (*range(40, 50), *range(100, 108))
_LONGEST_CODES = 200


def visible(text: str) -> str:
    """`text` with everything but newlines, tabs and printable characters replaced by a visible form."""
    return text if _PLAIN.fullmatch(text) else text.translate(_TABLE)


def visible_line(text: str) -> str:
    """`visible`, for one line: newlines and tabs are replaced too (file names, titles, messages)."""
    return visible(text).replace("\n", "␊").replace("\t", "␉")


def printed(text: str) -> str:
    """What a program printed, as a terminal would leave it, then made `visible`.

    Colours are left out, and a line that was repainted with a carriage return keeps its last state.
    """
    if _PLAIN.fullmatch(text):
        return text
    text = _SGR.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return text.translate(_TABLE)


def painted(line: str) -> list[tuple[str, str]]:
    """`printed`, of one line, in parts: each with the SGR parameters in force, as "1;31"; their texts joined are `printed`."""
    if "\x1b" not in line:
        return [(printed(line), "")]
    parts: list[tuple[str, str]] = []
    codes, last = "", 0
    for found in [*_SGR.finditer(line), None]:
        text = line[last : found.start() if found else len(line)]
        if text:
            parts.append((text, codes))
        if found:
            last = found.end()
            codes = "" if found[1] in ("", "0", "00") else f"{codes};{found[1]}".lstrip(";")
            codes = codes if len(codes) <= _LONGEST_CODES else _in_force(codes)
    while parts and not (tail := parts[-1][0].rstrip("\r")):
        parts.pop()
    if parts:
        parts[-1] = (tail, parts[-1][1])
    for index in range(len(parts) - 1, -1, -1):
        _, repainted, after = parts[index][0].rpartition("\r")
        if repainted:
            parts[: index + 1] = [(after, parts[index][1])]
            break
    return [(text.translate(_TABLE), codes) for text, codes in parts if text]


def _in_force(codes: str) -> str:
    """The SGR parameters without those that later ones undo."""
    held: dict[str, str] = {}
    for found in _PARAMETER.finditer(_TOO_LARGE.sub("999", codes)):
        number = 0 if found[1] else int(found[0])
        if not number and not found[1]:
            held.clear()
        elif number <= 29 or number in _INK or number in _PAPER:
            place = found[1] or ("38" if number in _INK else "48" if number in _PAPER else found[0])
            held.pop(place, None)
            held[place] = found[0]
    return ";".join(held.values())
