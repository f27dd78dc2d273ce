"""Text not written by us, made harmless before a terminal sees it.

Every other control character, bidi or invisible code point is *replaced* by a visible form, never parsed and dropped:
so a truncated or nested escape sequence cannot re-form (sandbox threat T10).
"""

from __future__ import annotations

import re


def _table() -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    table[0x7F] = "␡"
    hidden = [
        *range(0x80, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFFF9, 0xFFFC),
        *range(0xD800, 0xE000),
        *range(0xE0000, 0xE0080),
    ]
    table.update({code: f"\\u{{{code:x}}}" for code in hidden})
    return table


_TABLE = _table()
_PLAIN = re.compile(r"[\n\t\x20-\x7e]*")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_REPAINT = re.compile(r"[^\n]*\r(?=[^\n\r])")


def visible(text: str) -> str:
    """`text` with everything but newlines, tabs and printable characters replaced by a visible form.

    Line ends of Windows become plain newlines, a line repainted with a carriage return keeps its last state, and colour
    sequences (SGR) are left out whole.
    """
    if _PLAIN.fullmatch(text):
        return text
    return _REPAINT.sub("", _SGR.sub("", text.replace("\r\n", "\n"))).translate(_TABLE)


def visible_line(text: str) -> str:
    """`visible`, for one line: newlines and tabs are replaced too (file names, titles, messages)."""
    return visible(text).replace("\n", "␊").replace("\t", "␉")
