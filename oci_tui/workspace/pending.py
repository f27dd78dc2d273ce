"""The pending change: two states of the files, the user's as it is known and the mirror's, and what lies between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from oci_tui.core.diff import Diff, parse_patch
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.secrets import secret_in
from oci_tui.core.selection import Selection
from oci_tui.workspace import names
from oci_tui.workspace.choosing import Choosing
from oci_tui.workspace.flags import flags
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.three_way import impossible, three_way
from oci_tui.workspace.tree import SYMLINK, Tree, differing, part, put
from oci_tui.workspace.versions import mine_first


class Absorbed(NamedTuple):
    """What of the user's edits is in the mirror now, and what cannot be: the pending change is about the same lines."""

    paths: tuple[bytes, ...] = ()
    conflicts: tuple[bytes, ...] = ()


class Pending:
    """`base` is the user's tree as it is known, `tree` the mirror: the base with the change. Contents are in the shadow."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self.base: Tree = {}
        self.tree: Tree = {}

    def only(self, selection: Selection) -> Tree:
        """The base with only this part of the pending change."""
        return Choosing(self._shadow, self.diff(), self.base, self.tree).only(selection)

    def without(self, selection: Selection) -> Tree:
        """The mirror without this part of the pending change."""
        return Choosing(self._shadow, self.diff(), self.base, self.tree).without(selection)

    def absorb(self, now: Tree, paths: Iterable[bytes]) -> Absorbed:
        """Take what the user made of these paths into the base, and into the mirror under the pending change.

        Where both changed the same lines, base and mirror stay as they are: then an accept sees the conflict too.
        """
        theirs = [path for path in paths if now.get(path) != self.base.get(path)]
        merged = three_way(self._shadow, self.base, now, self.tree, theirs)
        clean = merged.clean
        while clean:
            base, tree = put(self.base, clean, now), put(self.tree, clean, merged.tree)
            stuck = {*impossible(base, clean), *impossible(tree, clean)}
            if not stuck:
                self.base, self.tree = base, tree
                break
            clean = [path for path in clean if path not in stuck]
        return Absorbed(tuple(clean), tuple(sorted({*theirs} - {*clean})))

    def renamed(self) -> list[tuple[bytes, bytes]]:
        """The old and the new names of the files that the pending change renames."""
        touched = {names.shown(path): path for path in differing(self.base, self.tree)}
        files = self.diff().files if touched else ()
        return [(touched[file.old_path], touched[file.path]) for file in files if file.status == "renamed"]

    def give_way(self, paths: Iterable[str], user: Tree) -> None:
        """Let the base have these files as the user has them, and the mirror too where both changed the same lines.

        What else is pending in them stays so, where both have the file as text.
        """
        given = [path for path in differing(self.base, self.tree) if names.shown(path) in set(paths)]
        mixed = {path: entry for path in given if (entry := mine_first(self._shadow, path, self.base, user, self.tree))}
        base, tree = put(self.base, given, user), put(self.tree, given, mixed)
        if stuck := {*impossible(base, given), *impossible(tree, given)}:
            raise WorkspaceError(
                f"{names.shown(min(stuck))} cannot go alone: a file and a folder share its name; reject the change"
            )
        self.base, self.tree = base, tree

    def accepted(self, paths: Iterable[bytes], chosen: Tree, now: Tree) -> None:
        """These paths of `chosen` were written, and the user's tree is `now` there; what was not chosen stays pending."""
        self.base = put(self.base, paths, chosen)
        self.absorb(now, paths)

    def replayed(self, old: Tree, new: Tree, now: Tree) -> None:
        """A change from `old` to `new` went into the user's tree, which is `now` there: it goes into base and mirror too.

        Where the pending change is about the same lines the mirror stays as it is.
        """
        paths = sorted(old.keys() | new.keys())
        settled = [path for path in paths if self.base.get(path) == self.tree.get(path)]
        merged = three_way(self._shadow, old, self.base, new, paths)
        base = put(put(self.base, paths, now), merged.clean, merged.tree)
        merged = three_way(self._shadow, old, self.tree, new, paths)
        tree = put(put(self.tree, merged.clean, merged.tree), settled, base)
        if not impossible(base, paths):
            self.base = base
        if not impossible(tree, paths):
            self.tree = tree
        self.absorb(now, paths)

    def diff(self) -> Diff:
        """From the base to the mirror, with what a reviewer should look at twice."""
        touched = differing(self.base, self.tree)
        if not touched:
            return Diff()
        old, new = part(self.base, touched), part(self.tree, touched)
        by_name = {names.shown(path): path for path in touched}
        files = []
        for change in parse_patch(self._shadow.patch(old, new)).files:
            before = None if change.status == "added" else old.get(by_name.get(change.old_path, b""))
            after = None if change.status == "deleted" else new.get(by_name.get(change.path, b""))
            data = self._shadow.read(after.blob) if after else b""
            target = names.shown(data) if after and after.mode == SYMLINK else ""
            whole = msgspec.structs.replace(
                change, old_mode=before.mode if before else "", new_mode=after.mode if after else ""
            )
            told = flags(whole, size=len(data), target=target)
            if (secret := secret_in(data)) and not (before and secret_in(self._shadow.read(before.blob))):
                told += (secret,)
            files.append(msgspec.structs.replace(whole, flags=told))
        return Diff(tuple(files))

    def patch(self) -> bytes:
        """From the base to the mirror, as `git apply` takes it."""
        touched = differing(self.base, self.tree)
        return self._shadow.exact_patch(part(self.base, touched), part(self.tree, touched)) if touched else b""
