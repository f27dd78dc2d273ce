"""A file that two sides changed in the same lines: its three versions, line by line, as a merge sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

Side = Literal["both", "yours", "base", "theirs", "gap"]
State = Literal["unchanged", "changed", "new", "deleted", "blocked"]
CONTEXT = 3
_MARKERS = {"yours": "<<<<<<< yours", "base": "||||||| before", "theirs": "======="}


class VersionLine(msgspec.Struct, frozen=True, array_like=True):
    """A line that both sides have, or that only yours, the one before or theirs has; a gap stands for lines not shown."""

    side: Side
    text: str


class Versions(msgspec.Struct, frozen=True):
    """What each side made of the file at `path`, in the user's tree ("yours") and in the change ("theirs").

    "blocked": something that is no file is in its place. `lines` is the merge with all three versions where the sides
    disagree; there are none where a content is not shown as text.
    """

    path: str
    yours: State
    theirs: State
    lines: tuple[VersionLine, ...] = ()

    def heading(self) -> str:
        """One line about the file, for example "calc.py: changed by you, deleted by the model"."""
        return f"{self.path}: {_by(self.yours, 'you')}, {_by(self.theirs, 'the model')}"


def shortened(lines: Iterable[VersionLine]) -> Iterator[VersionLine]:
    """Of what both sides have only the lines around a disagreement, and a gap for the others."""
    kept = list(lines)
    near = {
        index + step
        for index, line in enumerate(kept)
        if line.side != "both"
        for step in range(-CONTEXT, CONTEXT + 1)
        if 0 <= index + step < len(kept)
    }
    hidden = 0
    for index, line in enumerate(kept):
        if index in near:
            if hidden:
                yield VersionLine("gap", f"{hidden} lines")
            hidden = 0
            yield line
        else:
            hidden += 1
    if hidden:
        yield VersionLine("gap", f"{hidden} lines")


def marked(versions: Versions) -> str:
    """The three versions as text, with the markers git writes."""
    out = [versions.heading()]
    side: Side = "both"
    for line in versions.lines:
        if line.side != side:
            out += _turn(side, line.side)
            side = line.side
        out.append(f"⋯ {line.text}" if side == "gap" else line.text)
    return "\n".join([*out, *_turn(side, "both")])


def _turn(old: Side, new: Side) -> list[str]:
    """The markers between a line of one side and a line of another; a region has all of its sides, empty or not."""
    order: list[Side] = ["yours", "base", "theirs"]
    start = order.index(old) + 1 if old in order else 0
    if new not in order:
        return [*(_MARKERS[side] for side in order[start:]), ">>>>>>> the model's"] if old in order else []
    if old in order and order.index(new) < start:
        return [*_turn(old, "both"), *_turn("both", new)]
    return [_MARKERS[side] for side in order[start : order.index(new) + 1]]


def _by(state: State, whom: str) -> str:
    return "in its place is something that is no file" if state == "blocked" else f"{state} by {whom}"
