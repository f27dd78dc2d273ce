"""Lets through to the person's terminal what a shell needs to paint with, and nothing that reads, reports or reaches further.

Titles, the clipboard, links, printing, window sizes and every question that the terminal would answer as if typed stay out.
"""

from __future__ import annotations

import codecs
import re

_LONGEST = 4096
_TOKEN = re.compile(
    r"""
      (?P<plain> [^\x00-\x06\x0e-\x1f\x7f-\x9f]+ )
    | \x1b\[ (?P<csi> [0-?]* [\ -/]* [@-~] )
    | (?P<short> \x1b (?: [()][0AB] | [78=>DEMH] ) )
    | \x1b [\]PX^_] [^\x07\x18\x1a\x1b\n]* (?: \x07 | \x1b\\ )?
    | \x1b [\ -~]?
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_PAINTS = re.compile(r"[0-9;:]*[@A-HJKLMPSTXZ`abdefgmr]|\?[0-9;]*[hlJK]|[0-9;]*[hl]|[su]|[0-9]? q")
_MODES = re.compile(r"\?([0-9;]*)([hl])")
_UNFINISHED = re.compile(r"\x1b (?: \[[0-?]*[\ -/]* | [()] | [\]PX^_][^\x07\x18\x1a\x1b\n]* )?", re.VERBOSE)
# Each of the C1 controls is an escape and a letter in one character.
_SEVEN_BITS = {code: f"\x1b{chr(code - 0x40)}" for code in range(0x80, 0xA0)}


class TtyFilter:
    """Takes a terminal's output as it comes. `reset` switches off what the programs have left switched on."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._on: set[str] = set()

    def feed(self, data: bytes) -> bytes:
        """The harmless part of what came; a sequence that has not ended yet waits for its end."""
        text = self._held + self._decoder.decode(data).translate(_SEVEN_BITS)
        last = text.rfind("\x1b")
        waits = last >= 0 and len(text) - last < _LONGEST and _UNFINISHED.fullmatch(text, last)
        text, self._held = (text[:last], text[last:]) if waits else (text, "")
        return "".join(map(self._harmless, _TOKEN.finditer(text))).encode()

    def reset(self) -> bytes:
        """What puts the terminal's modes back to how a shell expects them."""
        modes, self._on = sorted(self._on), set()
        return "".join(f"\x1b[?{mode}l" for mode in modes).encode() + b"\x1b[0m\x1b[?25h"

    def _harmless(self, token: re.Match[str]) -> str:
        csi = token["csi"]
        if csi is None:
            return token["plain"] or token["short"] or ""
        if not _PAINTS.fullmatch(csi):
            return ""
        if modes := _MODES.fullmatch(csi):
            (self._on.update if modes[2] == "h" else self._on.difference_update)(modes[1].split(";"))
        return f"\x1b[{csi}"
