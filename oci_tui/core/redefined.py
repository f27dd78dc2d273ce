"""Which definitions of Python a change takes away and which it adds, read from its lines."""

from __future__ import annotations

import re

from oci_tui.core.diff import FileDiff

_DEFINES = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)")


def gone_and_new(file: FileDiff) -> tuple[frozenset[str], frozenset[str]]:
    """The names that lines which went defined and none that came does, and the other way round."""
    names: dict[str, set[str]] = {"-": set(), "+": set(), " ": set()}
    for line in (line for hunk in file.hunks for line in hunk.lines):
        if defined := _DEFINES.match(line.text):
            names[line.kind].add(defined[1])
    return frozenset(names["-"] - names["+"]), frozenset(names["+"] - names["-"])
