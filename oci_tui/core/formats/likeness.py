"""Lines that are nearly those of a file: the one place that can be meant, or the closest to show when none is sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from oci_tui.core.formats.indentation import reindent
from oci_tui.core.matching import Matcher, Work

LEAST, MARGIN = 0.9, 0.05
"""How like (0 to 1) the lines of a place must be, and by how much more than those of any other place."""

_LEAST_LINES, _LEAST_OF_A_LINE = 3, 0.6
_MOST_LINES, _MOST_WANTED = 5_000, 200
_NEAREST_WITHIN = 3_000


class Near(NamedTuple):
    """The lines from `start` to `stop` of a file become `lines`; `likeness` is from 0 to 1."""

    start: int
    stop: int
    lines: list[str]
    likeness: float

    @property
    def how(self) -> str:
        return f"at the one place that is {self.likeness:.0%} the same (at least {LEAST:.0%})"


def nearly(lines: Sequence[str], wanted: Sequence[str], new: Sequence[str]) -> Near | str:
    """Where `wanted` becomes `new` in a file that holds it nearly, blank lines aside; else why not ("": nothing is near).

    Lines that `wanted` and `new` share stay as the file has them: the model remembered them wrongly and did not mean to change
    them. At least half of the lines must be there exactly.
    """
    asked = [index for index, line in enumerate(wanted) if line.strip()]
    held = [index for index, line in enumerate(lines) if line.strip()]
    if (
        not _LEAST_LINES <= len(asked) <= _MOST_WANTED
        or not len(asked) <= len(held) <= _MOST_LINES
        or len(wanted) > _MOST_LINES
    ):
        return ""
    want, have = [wanted[index].strip() for index in asked], [lines[index].strip() for index in held]
    ranked = sorted(_windows(want, have), reverse=True)
    apart = [(score, at) for score, at in ranked if abs(at - ranked[0][1]) >= len(want)]
    if not ranked or ranked[0][0] < LEAST:
        return f"; the closest place is {ranked[0][0]:.0%} the same, {LEAST:.0%} would do" if ranked else ""
    score, at = ranked[0]
    if apart and score - apart[0][0] < MARGIN:
        return "; two places are nearly the same"
    places = held[at : at + len(want)]
    put = reindent([lines[place] for place in places], [wanted[index] for index in asked])
    if put is None:
        return "; its closest lines are indented otherwise"
    stop = places[-1] + 1
    merged = _merged(
        lines[: places[-1] + 1], dict(zip(asked, places, strict=True)), stop, wanted, [(line, put(line)) for line in new]
    )
    return Near(places[0], stop, merged, score)


def nearest(lines: Sequence[str], wanted: Sequence[str]) -> str:
    """The real lines most like the wanted ones, for the model to copy; "" when nothing is near.

    Looked for by the first wanted line that is not blank, within the first lines of the file: a mismatch must not take seconds.
    """
    first = next((number for number, line in enumerate(wanted) if line.strip()), 0)
    bare = [line.strip() for line in lines[:_NEAREST_WITHIN]]
    near = max(_close(wanted[first].strip()[:200], bare), default=None)
    if near is None:
        return ""
    start = max(bare.index(near[1]) - first, 0)
    return "\n".join(lines[start : start + len(wanted)]).rstrip()


def _close(wanted: str, lines: Sequence[str]) -> Iterator[tuple[float, str]]:
    """The lines that are like the wanted one, each with how much, as far as there is work left."""
    matcher = Matcher("", wanted, work := Work())
    for line in lines:
        matcher.set_seq1(line)
        if matcher.real_quick_ratio() >= _LEAST_OF_A_LINE and matcher.quick_ratio() >= _LEAST_OF_A_LINE:
            score = matcher.ratio()
            if work.over:
                return
            if score >= _LEAST_OF_A_LINE:
                yield score, line


def _windows(want: Sequence[str], have: Sequence[str]) -> list[tuple[float, int]]:
    """How like each run of lines is, where at least half of them are the same and no line is strange.

    None where it is too much work to tell.
    """
    known, work = dict[tuple[str, str], float](), Work()

    def likeness(one: str, other: str) -> float:
        if one == other:
            return 1.0
        if (one, other) not in known:
            known[one, other] = Matcher(one[:400], other[:400], work, autojunk=False).ratio()
        return known[one, other]

    found = []
    for at in range(len(have) - len(want) + 1):
        window = have[at : at + len(want)]
        if 2 * sum(map(str.__eq__, want, window)) < len(want):
            continue
        scores = list(map(likeness, want, window))
        if work.over:
            return []
        if min(scores) >= _LEAST_OF_A_LINE:
            found.append((sum(scores) / len(scores), at))
    return found


def _merged(
    lines: Sequence[str], place: dict[int, int], stop: int, wanted: Sequence[str], new: Sequence[tuple[str, str]]
) -> list[str]:
    """The window with what differs between `wanted` and `new` changed; `new` are pairs of a line as written and as put."""

    def at(index: int) -> int:
        return next((place[later] for later in range(index, len(wanted)) if later in place), stop)

    merged: list[str] = []
    cursor = at(0)
    matcher = Matcher([w.rstrip() for w in wanted], [n.rstrip() for n, _ in new], autojunk=False)
    for kind, begin, end, new_begin, new_end in matcher.get_opcodes():
        changed = [place[index] for index in range(begin, end) if index in place]
        # an insertion stands right after the line before it, unless a blank line was between them
        follows = kind == "insert" and not (begin and not wanted[begin - 1].strip())
        past = changed[-1] + 1 if changed else cursor
        upto = past if kind == "equal" else cursor if follows else at(begin)
        merged += lines[cursor:upto]
        cursor = max(upto, past)
        if kind != "equal":
            merged += [put for _, put in new[new_begin:new_end]]
    return merged + list(lines[cursor:stop])
