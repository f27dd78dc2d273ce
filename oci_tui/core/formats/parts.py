"""Whether a block is much less than the file whose path it has, where nothing tells if the rest is to go: that is refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from oci_tui.core.formats.search_replace import MismatchError

GOING = re.compile(r"\b(?:renam|remov|mov(?:e|es|ed|ing)\b|delet|drop|replac|get rid)", re.IGNORECASE)
"""Words of a prompt that wants something to go."""

_LEAST = 0.5
"""A block of less than this share of the file's lines may be a part of it."""

_MUCH = 8
"""So many lines of the file may be lost at a guess."""

_ALIKE = 2
"""A block that begins with so many lines as the file does, and ends as it does, is the whole of it."""

_ADVICE = "write the whole file, from its first line to its last, or change only some lines with SEARCH/REPLACE"

CROWDED = f"a part cannot be put into the file where two statements share a line; {_ADVICE}"


def refuse_part(text: str, code: str) -> None:
    """Raises MismatchError where it cannot be told whether the rest of the file is to go, and much would."""
    held, told = _lines(text), _lines(code)
    lost = sum((Counter(held) - Counter(told)).values())
    ends = told[:_ALIKE] == held[:_ALIKE] and told[-_ALIKE:] == held[-_ALIKE:]
    if len(told) < _LEAST * len(held) and lost >= _MUCH and not ends:
        raise MismatchError(
            f"the block has {len(told)} lines and the file {len(held)}, of which {lost} would be lost; {_ADVICE}"
        )


def left_out(names: Collection[str]) -> MismatchError:
    """What the model is told where it cannot be told what is to become of these definitions."""
    some = sorted(names)
    more = f" and {len(some) - 3} more" if len(some) > 3 else ""
    return MismatchError(f"the block leaves out {', '.join(some[:3])}{more}, which the file has; {_ADVICE}")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
