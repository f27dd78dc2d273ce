"""A chosen part of the pending change as states of the files: the base with only it, or the mirror without it."""

from __future__ import annotations

from oci_tui.core.diff import Diff
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.selection import Pick, Selection
from oci_tui.workspace.names import shown
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.three_way import impossible
from oci_tui.workspace.tree import Entry, Tree, differing

_STALE = "the change is not as it was shown any more; look at it again, then choose"


class Choosing:
    """Takes selections of `diff`, which leads from `base` to `mirror`. Raises WorkspaceError for one that it cannot be."""

    def __init__(self, shadow: Shadow, diff: Diff, base: Tree, mirror: Tree) -> None:
        self._shadow = shadow
        self._diff = diff
        self._base = base
        self._mirror = mirror
        self._touched = differing(base, mirror)

    def only(self, selection: Selection) -> Tree:
        """The base with only the selection changed."""
        tree = dict(self._base)
        for pick in self._checked(selection):
            old, new = self._names(pick)
            if old and old != new:
                tree.pop(old, None)
            if new:
                tree[new] = self._mirror[new] if pick.whole else self._mixed(pick, old, new)
            elif old and not pick.whole:
                tree[old] = self._mixed(pick, old, new)
        return self._possible(tree)

    def without(self, selection: Selection) -> Tree:
        """The mirror with all but the selection changed."""
        tree = dict(self._mirror)
        for pick in self._checked(selection):
            old, new = self._names(pick)
            if not pick.whole:
                tree[new or old] = self._mixed(pick, old, new, without=True)
                continue
            if new:
                tree.pop(new)
            if old:
                tree[old] = self._base[old]
        return self._possible(tree)

    def _checked(self, selection: Selection) -> list[Pick]:
        """The picks, deletions first, so that a file of another kind can take a deleted one's place."""
        if any(pick.file not in self._diff.files for pick in selection.picks):
            raise WorkspaceError(_STALE)
        picks = [pick for pick in selection.picks if pick.whole or pick.lines]
        return sorted(picks, key=lambda pick: pick.file.status != "deleted")

    def _names(self, pick: Pick) -> tuple[bytes, bytes]:
        """The file's name before and after; b"" where it is none."""
        old = b"" if pick.file.status == "added" else self._name(pick.file.old_path, self._base)
        new = b"" if pick.file.status == "deleted" else self._name(pick.file.path, self._mirror)
        return old, new

    def _name(self, path: str, tree: Tree) -> bytes:
        found = [name for name in self._touched if name in tree and shown(name) == path]
        if len(found) != 1:
            raise WorkspaceError(f"{path}: two files are shown by this name; accept or reject the whole change")
        return found[0]

    def _mixed(self, pick: Pick, old: bytes, new: bytes, *, without: bool = False) -> Entry:
        """The file with a part of its lines changed. Its mode is the old one but in a new file, or where only lines go back."""
        before, after = self._base.get(old), self._mirror.get(new)
        content = pick.content(
            self._shadow.read(before.blob) if before else b"", self._shadow.read(after.blob) if after else b"", without=without
        )
        sides = (after, before) if without else (before, after)
        mode = next(side.mode for side in sides if side)
        return Entry(mode, self._shadow.store(content))

    def _possible(self, tree: Tree) -> Tree:
        if stuck := impossible(tree, self._touched):
            raise WorkspaceError(
                f"{shown(stuck[0])} cannot go alone: a file and a folder share its name; choose both, or the whole change"
            )
        return tree
