"""A selection of the pending change as it travels: by path and digest, so that nothing is taken that nobody saw."""

from __future__ import annotations

import hashlib

from oci_tui.core import events
from oci_tui.core.diff import Diff, FileDiff
from oci_tui.core.errors import SelectionError
from oci_tui.core.selection import Pick, Selection
from oci_tui.share.protocol import Picked, Picks


def picked(selection: Selection | None) -> Picks:
    """A selection as it travels."""
    if selection is None:
        return None
    return tuple(
        Picked(pick.file.path, _digest(pick.file), None if pick.lines is None else tuple(sorted(pick.lines)))
        for pick in selection.picks
    )


def chosen(picks: Picks, pending: Diff) -> Selection | None:
    """The selection that was meant, of what is pending here. Raises SelectionError when that is another change by now."""
    if picks is None:
        return None
    files = {file.path: file for file in pending.files}
    found = []
    for pick in picks:
        file = files.get(pick.path)
        if file is None or _digest(file) != pick.seen:
            raise SelectionError(f"{pick.path}: the pending change is another now; look at it again")
        found.append(Pick(file, None if pick.lines is None else frozenset(pick.lines)))
    return Selection(tuple(found))


def _digest(file: FileDiff) -> str:
    return hashlib.sha256(events.encode(events.DiffChanged(Diff((file,)), at=0.0))).hexdigest()
