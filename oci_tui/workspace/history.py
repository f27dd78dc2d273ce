"""What a session remembers: a state of the mirror for every round, and every change that was accepted.

The commits of rounds grow from each other, so that going back to one and on from there makes a new line beside the old.
"""

from __future__ import annotations

from typing import get_args

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import Kept, KeptKind
from oci_tui.core.terminal import visible_line
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tree import Tree

_SESSIONS = "refs/oci"
_NEXT = "refs/oci-next"


class History:
    """The rounds and accepts of the session whose references are below `refs`."""

    def __init__(self, shadow: Shadow, refs: str) -> None:
        self._shadow = shadow
        self._refs = refs
        self._line = ""

    @property
    def session(self) -> str:
        return self._refs.removeprefix(f"{_SESSIONS}/")

    def keep(self, tree: Tree, label: str) -> int:
        """Remember a round's end under the next number; 0 when nothing differs from the one it grew from."""
        if self._line and self._shadow.tree(tree) == self._shadow.tree_of(self._line):
            return 0
        number = 1 + max((number for number, _ in self._rounds()), default=0)
        self._line = self._shadow.commit(tree, self._line, said=visible_line(label))
        self._shadow.point(f"{self._refs}/round/{number}", self._line)
        return number

    def listed(self) -> tuple[Kept, ...]:
        """Everything, the oldest first."""
        rounds = {commit: number for number, commit in self._rounds()}
        kept = []
        for noted in self._shadow.notes(self._refs):
            kind, _, number = noted.name.removeprefix(f"{self._refs}/").partition("/")
            if found := next((word for word in get_args(KeptKind) if word == kind), None):
                grew_from = rounds.get(noted.parent, 0) if kind == "round" else 0
                kept.append(Kept(found, int(number), noted.at, noted.said, grew_from))
        return tuple(sorted(kept, key=lambda entry: (entry.at, entry.number)))

    def back_to(self, number: int) -> Tree:
        """The state at the end of a round; what comes next grows from it. Raises WorkspaceError when there is none."""
        self._line = self._commit(number)
        return self._shadow.entries(self._line)

    def begin_next_at(self, number: int) -> None:
        """Let the next session on this repository begin with the state of this round."""
        self._shadow.point(_NEXT, self._commit(number))

    def begun_at(self) -> Tree | None:
        """The state that this session is to begin with, if one was chosen; asked once."""
        chosen = self._shadow.refs(_NEXT)
        if not chosen:
            return None
        self._line = chosen[0][1]
        self._shadow.point(_NEXT, "")
        return self._shadow.entries(self._line)

    def _rounds(self) -> list[tuple[int, str]]:
        return [(int(name.rpartition("/")[2]), commit) for name, commit in self._shadow.refs(f"{self._refs}/round")]

    def _commit(self, number: int) -> str:
        rounds = dict(self._rounds())
        if number not in rounds:
            there = f"there are 1 to {max(rounds)}" if rounds else "there is none yet"
            raise WorkspaceError(f"no round {number}; {there}, see `oci-tui log` (in the app /log)")
        return rounds[number]


def last_session(shadow: Shadow) -> History | None:
    """The newest session that has rounds or accepts to show."""
    noted = [note for note in shadow.notes(_SESSIONS) if note.name.split("/")[3:4] != ["user"] and note.name.count("/") == 4]
    newest = max(noted, key=lambda note: note.at, default=None)
    return History(shadow, "/".join(newest.name.split("/")[:3])) if newest else None
