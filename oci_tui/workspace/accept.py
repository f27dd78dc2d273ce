"""Accept, undo and redo: three-way in the shadow first, then written into the user's tree, under the repository's lock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.errors import ConflictError, WorkspaceError
from oci_tui.core.terminal import visible_line
from oci_tui.workspace.apply import Writer, locked
from oci_tui.workspace.commit import Change, Committer, paths_of
from oci_tui.workspace.descent import Descent
from oci_tui.workspace.names import shown
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.three_way import Merged, three_way
from oci_tui.workspace.tree import Tree, differing, part
from oci_tui.workspace.user_tree import UserTree
from oci_tui.workspace.versions import compared

Together = tuple[bytes, ...]
"""Paths that are written together or not at all: the two names of a renamed file."""

_MOST_COMPARED = 20


class Outcome(NamedTuple):
    """What was done: the paths it was about, how they are in the user's tree now, and which of them were written."""

    touched: list[bytes]
    tree: Tree
    written: list[bytes]


class Replayed(NamedTuple):
    """An accepted change that was taken back or done again, as a change from `old` to `new`."""

    old: Tree
    new: Tree
    outcome: Outcome


class Acceptance:
    """The changes accepted in one session, of which the last can be undone, and then done again.

    `refs` is where the session's references are: `/accepted/<n>`, and `/undone/<n>` until something else is accepted.
    """

    def __init__(self, user: UserTree, shadow: Shadow, folder: Path, refs: str) -> None:
        self._user = user
        self._shadow = shadow
        self._folder = folder
        self._session = refs
        self._refs = f"{refs}/accepted"
        self._undone = f"{refs}/undone"
        self._writer = Writer(user.root, folder, shadow)
        self._identity = (0, 0)

    def begin(self) -> dict[bytes, str]:
        """Mend what a crash interrupted, and remember which folder the tree is; paths that could not be mended, with why."""
        with Descent(self._user.root) as descent:
            self._identity = descent.identity
        with locked(self._folder):
            return self._writer.recover()

    def accept(self, base: Tree, chosen: Tree, clean_only: Sequence[Together] | None = None) -> Outcome:
        """Write the change from `base` to `chosen`. Raises ConflictError, WorkspaceError; then nothing was written.

        With `clean_only` files in conflict are left out, together with those that it says go with them.
        """
        touched = differing(base, chosen)
        if not touched:
            return Outcome([], {}, [])
        with locked(self._folder):
            now, merged = self._merged(base, chosen, touched, clean_only=clean_only)
            now = part(now, merged.clean)
            if not differing(now, merged.tree):
                # Nothing to take back: an undo is of the accept before.
                return Outcome(merged.clean, merged.tree, [])
            ref = f"{self._refs}/{self._next()}"
            self._shadow.point(ref, self._shadow.commit(merged.tree, self._shadow.commit(now), said=_said(merged.clean)))
            try:
                written = self._writer.write(now, merged.tree, self._identity)
            except WorkspaceError:
                self._shadow.point(ref, "")
                raise
            self._forget_undone()
        return Outcome(merged.clean, merged.tree, written)

    def undo(self) -> Replayed | None:
        """Take back the last accepted change. Raises ConflictError, WorkspaceError; then nothing was written."""
        accepted = self._shadow.refs(self._refs)
        return self._replay(*accepted[-1], self._undone, back=True) if accepted else None

    def redo(self) -> Replayed | None:
        """Do again what was undone last. Raises ConflictError, WorkspaceError; then nothing was written."""
        undone = self._shadow.refs(self._undone)
        return self._replay(*undone[0], self._refs, back=False) if undone else None

    def uncommitted(self) -> dict[int, Change]:
        """The accepted changes that no commit holds yet, the oldest first, by number."""
        committed = {_number(ref) for ref, _ in self._shadow.refs(f"{self._session}/committed")}
        return {
            _number(ref): Change(self._shadow.entries(self._shadow.resolve(f"{commit}^")), self._shadow.entries(commit))
            for ref, commit in self._shadow.refs(self._refs)
            if _number(ref) not in committed
        }

    def commit(self, message: str) -> tuple[str, list[bytes]]:
        """Commit what is not committed yet in the user's repository; the commit's id ("" for nothing to commit) and the files.

        Raises WorkspaceError; then there is no commit.
        """
        with locked(self._folder):
            changes = self.uncommitted()
            committer = Committer(self._user.root, self._shadow)
            made = committer.commit(list(changes.values()), message) if changes else ""
            said = f"{made[:10]} {message.splitlines()[0]}" if made else "was in the history already"
            for number, change in changes.items():
                kept = self._shadow.commit(change.after, said=visible_line(said))
                self._shadow.point(f"{self._session}/committed/{number}", kept)
        return made, paths_of(changes.values()) if made else []

    def _replay(self, ref: str, commit: str, target: str, *, back: bool) -> Replayed:
        after = self._shadow.entries(commit)
        before = self._shadow.entries(self._shadow.resolve(f"{commit}^"))
        old, new = (after, before) if back else (before, after)
        touched = sorted(before.keys() | after.keys())
        with locked(self._folder):
            now, merged = self._merged(old, new, touched, "undone" if back else "done again")
            written = self._writer.write(now, merged.tree, self._identity)
            again = self._shadow.commit(after, self._shadow.commit(before), said=_said(touched))
            self._shadow.point(f"{target}/{_number(ref)}", again)
            self._shadow.point(ref, "")
        return Replayed(old, new, Outcome(touched, merged.tree, written))

    def _merged(
        self,
        base: Tree,
        theirs: Tree,
        touched: list[bytes],
        doing: str = "accepted",
        clean_only: Sequence[Together] | None = None,
    ) -> tuple[Tree, Merged]:
        """The user's tree at these paths as it is now, and with the change from `base` to `theirs`."""
        self._writer.recover()
        now, in_the_way = self._user.at(touched)
        # Where the change has no file either, whatever is in its place may stay.
        blocked = {path for path in in_the_way if path in theirs}
        merged = three_way(self._shadow, base, now, theirs, [path for path in touched if path not in blocked])
        clean = set(merged.clean)
        if clean_only is not None:
            clean -= {path for group in clean_only if not clean.issuperset(group) for path in group}
            merged = three_way(self._shadow, base, now, theirs, sorted(clean))
        if len(clean) < len(touched) and (clean_only is None or not clean):
            left = [path for path in touched if path not in clean]
            sides = (compared(self._shadow, path, base, now, theirs, blocked=path in blocked) for path in left[:_MOST_COMPARED])
            raise ConflictError(tuple(map(shown, left)), tuple(map(shown, merged.clean)), tuple(sides), doing)
        return now, merged

    def _next(self) -> int:
        kinds = (self._refs, self._undone, f"{self._session}/dropped")
        return 1 + max((_number(name) for kind in kinds for name, _ in self._shadow.refs(kind)), default=0)

    def _forget_undone(self) -> None:
        """What was undone cannot be done again once something else was accepted; it is kept for the log."""
        for ref, commit in self._shadow.refs(self._undone):
            self._shadow.point(f"{self._session}/dropped/{_number(ref)}", commit)
            self._shadow.point(ref, "")


def _said(paths: list[bytes]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(visible_line(shown(path)) for path in paths[:3]) + more


def _number(ref: str) -> int:
    return int(ref.rpartition("/")[2])
