"""Accept and undo: three-way in the shadow first, then written into the user's tree, under the repository's lock."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from oci_tui.core.errors import ConflictError, WorkspaceError
from oci_tui.workspace.apply import Writer, locked
from oci_tui.workspace.descent import Descent
from oci_tui.workspace.names import shown
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tree import Tree, differing, part
from oci_tui.workspace.user_tree import UserTree


class Outcome(NamedTuple):
    """What an accept or undo did: the paths it was about, how they are in the user's tree now, and which of them it wrote."""

    touched: list[bytes]
    tree: Tree
    written: list[bytes]


class Acceptance:
    """The changes accepted in one session, the last of which can be undone. `refs` is where the session's references are."""

    def __init__(self, user: UserTree, shadow: Shadow, folder: Path, refs: str) -> None:
        self._user = user
        self._shadow = shadow
        self._folder = folder
        self._refs = f"{refs}/accepted"
        self._writer = Writer(user.root, folder, shadow)
        self._identity = (0, 0)

    def begin(self) -> dict[bytes, str]:
        """Mend what a crash interrupted, and remember which folder the tree is; paths that could not be mended, with why."""
        with Descent(self._user.root) as descent:
            self._identity = descent.identity
        with locked(self._folder):
            return self._writer.recover()

    def accept(self, base: Tree, mirror: Tree) -> Outcome:
        """Write the change from `base` to `mirror`. Raises ConflictError, WorkspaceError; then nothing was written."""
        touched = differing(base, mirror)
        if not touched:
            return Outcome([], {}, [])
        with locked(self._folder):
            now, merged = self._merged(part(base, touched), part(mirror, touched), touched)
            number = 1 + max((int(name.rpartition("/")[2]) for name, _ in self._shadow.refs(self._refs)), default=0)
            ref = f"{self._refs}/{number}"
            self._shadow.point(ref, self._shadow.commit(merged, self._shadow.commit(now)))
            try:
                written = self._writer.write(now, merged, self._identity)
            except WorkspaceError:
                self._shadow.point(ref, "")
                raise
        return Outcome(touched, merged, written)

    def undo(self) -> Outcome:
        """Take back the last accepted change. Raises ConflictError, WorkspaceError; then nothing was written."""
        accepted = self._shadow.refs(self._refs)
        if not accepted:
            return Outcome([], {}, [])
        ref, commit = accepted[-1]
        after = self._shadow.entries(commit)
        before = self._shadow.entries(self._shadow.parent(commit))
        touched = sorted(before.keys() | after.keys())
        with locked(self._folder):
            now, merged = self._merged(after, before, touched)
            written = self._writer.write(now, merged, self._identity)
            self._shadow.point(ref, "")
        return Outcome(touched, merged, written)

    def _merged(self, base: Tree, theirs: Tree, touched: list[bytes]) -> tuple[Tree, Tree]:
        """The user's tree at these paths as it is now, and with the change from `base` to `theirs`."""
        self._writer.recover()
        now, blocked = self._user.at(touched)
        if blocked:
            raise ConflictError(tuple(shown(path) for path in blocked))
        merged, conflicts = self._shadow.merge(base, now, theirs)
        strange = merged.keys() - set(touched)
        if conflicts or strange:
            places = dict.fromkeys(_place(path, touched) for path in (*conflicts, *sorted(strange)))
            raise ConflictError(tuple(shown(path) for path in places))
        return now, merged


def _place(path: bytes, touched: list[bytes]) -> bytes:
    """The file a conflict is about: where two sides cannot share a name, git calls one of them `name~side`."""
    if path in touched:
        return path
    return next((place for place in touched if path.startswith(place + b"~")), path)
