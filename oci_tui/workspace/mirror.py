"""The mirror: two states of the files (the base, and the base with the pending change) and what the sandbox holds of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from oci_tui.core.changes import Level
from oci_tui.core.diff import Diff, parse_patch
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import untold
from oci_tui.core.secrets import secret_in
from oci_tui.core.selection import Selection
from oci_tui.workspace import bring_back, names
from oci_tui.workspace.bring_back import Known, Listing, Record
from oci_tui.workspace.choosing import Choosing
from oci_tui.workspace.flags import flags
from oci_tui.workspace.progress import Steps, Tell
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tar import END, packed
from oci_tui.workspace.three_way import impossible, three_way
from oci_tui.workspace.tree import FILE, PROGRAM, SYMLINK, Entry, Tree, differing, part, put
from oci_tui.workspace.user_tree import Snapshot, UserTree


class Absorbed(NamedTuple):
    """What of the user's edits is in the mirror now, and what cannot be: the pending change is about the same lines."""

    paths: tuple[bytes, ...] = ()
    conflicts: tuple[bytes, ...] = ()


class Mirror:
    """The files of one session. Contents are in the shadow; the user's tree is only asked for its ignore rules."""

    def __init__(self, user: UserTree, shadow: Shadow) -> None:
        self._user = user
        self._shadow = shadow
        self._folds_case = names.folds_case(user.root)
        self._closed: dict[bytes, str] = {}
        self._inputs: frozenset[bytes] = frozenset()
        self._read_only: set[bytes] = set()
        self._synced: dict[bytes, Record] = {}
        self._clock = 0
        self.base: Tree = {}
        self.tree: Tree = {}

    @property
    def pending(self) -> bool:
        return self.tree != self.base

    def rebase(self, snapshot: Snapshot) -> Absorbed:
        """Take a snapshot of the user's tree into the base, and into the mirror under the pending change."""
        self._closed = snapshot.left_out | snapshot.closed
        self._inputs = snapshot.inputs
        self._read_only = snapshot.closed.keys() - snapshot.left_out.keys()
        theirs = differing(self.base, snapshot.tree)
        if self.pending and theirs:
            return self.absorb(snapshot.tree, theirs)
        if theirs:
            self.base, self.tree = snapshot.tree, dict(snapshot.tree)
        return Absorbed(tuple(theirs))

    def restore(self, tree: Tree) -> None:
        """Let the mirror be as it was once, but for files that stay out by now."""
        stays_out = {path for path in tree if any(place in self._closed for place in (*names.ancestors(path), path))}
        self.tree = part(tree, tree.keys() - stays_out) | part(self.base, self._inputs)

    def become(self, tree: Tree) -> Level:
        """Let the mirror be this; what brings the sandbox level."""
        old, self.tree = self.tree, tree
        return self.level(old)

    def level(self, old: Tree) -> Level:
        """What brings a sandbox level that holds `old`."""
        paths = differing(old, self.tree)
        changed = [path for path in paths if path in self.tree]
        tar = b"".join(self._packed(part(self.tree, changed))) if changed else b""
        return Level(tar, tuple(path for path in paths if path not in self.tree))

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

    def give_way(self, snapshot: Snapshot, paths: Iterable[str]) -> None:
        """Drop what is pending in these files: base and mirror have the user's version of them, or none."""
        self._closed = snapshot.left_out | snapshot.closed
        self._inputs = snapshot.inputs
        self._read_only = snapshot.closed.keys() - snapshot.left_out.keys()
        given = [path for path in differing(self.base, self.tree) if names.shown(path) in set(paths)]
        base, tree = (put(side, given, snapshot.tree) for side in (self.base, self.tree))
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

    def seed(self, tell: Tell = untold) -> Iterator[bytes]:
        """The whole mirror as a tar stream."""
        total, sent, steps = len(self.tree), 0, Steps(tell)
        for number, chunk in enumerate(self._packed(dict(self.tree))):
            yield chunk
            sent += len(chunk)
            steps.counted("copied", number, total, sent)
        steps.reached("unpacking them, and committing them to the container's own git")

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(names.shown(path) for path in self.tree.keys() - self._inputs))

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none or it is no UTF-8 text."""
        entry = self.tree.get(self._named(path))
        if entry is None or entry.mode == SYMLINK:
            return None
        data = self._shadow.read(entry.blob)
        try:
            return None if b"\0" in data else data.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def check(self, path: str) -> str:
        """Why a path may not be written, in one phrase; "" when it may."""
        name = self._named(path)
        if why := names.refusal(name):
            return why
        entry = self.tree.get(name)
        if entry is not None and name not in self._inputs:
            return "a symlink" if entry.mode == SYMLINK else ""
        for place in (*names.ancestors(name), name):
            if place in self._closed:
                kept = "" if place in self._read_only else "left out of the mirror: "
                return kept + self._closed[place]
            if above := self.tree.get(place):
                return "below a symlink" if above.mode == SYMLINK else "below a file"
        if name.endswith(b"/") or any(other.startswith(name + b"/") for other in self.tree):
            return "a folder"
        if self._folds_case and any(names.shown(other).casefold() == path.casefold() for other in self.tree):
            return "differs only by case from another file"
        if any(name.startswith(bare) for bare in names.bare_repositories(self.tree.keys() | {name})):
            return "part of what git would take for a repository"
        return "hidden by the repository's ignore rules" if self._user.hidden([name]) else ""

    def write(self, files: Mapping[str, str]) -> Level:
        """Take whole texts into the mirror. Raises WorkspaceError for a path that may not be written; then none is."""
        tree = dict(self.tree)
        for path, text in files.items():
            if why := self.check(path):
                raise WorkspaceError(f"{path} may not be written: {why}; name another file")
            name = self._named(path)
            tree[name] = Entry(tree[name].mode if name in tree else FILE, self._shadow.store(text.encode("utf-8", "replace")))
        self._shadow.tree(part(tree, map(self._named, files)))
        return self.become(tree)

    def synced(self, listing: bytes) -> None:
        self._synced = bring_back.parse_listing(listing).records

    def changed(self, listing: bytes) -> tuple[bytes, ...]:
        """The files to fetch."""
        return tuple(bring_back.wanted(bring_back.parse_listing(listing), self._synced, self._known()).paths)

    def bring_back(self, listing: bytes, archive: bytes) -> tuple[str, ...]:
        """Take the sandbox's changes; the refusals."""
        known = self._known()
        parsed = bring_back.parse_listing(listing)
        wish = bring_back.wanted(parsed, self._synced, known)
        taken = bring_back.take(archive, wish, known)
        tree = part(self.tree, self.tree.keys() - set(wish.gone))
        with self._shadow.writing() as writer:
            for path, member in taken.members.items():
                mode = SYMLINK if member.symlink else PROGRAM if member.executable else FILE
                tree[path] = Entry(mode, writer.add(member.data))
        self.tree = tree
        self._synced = _to_ask_again(parsed, taken.refused)
        return bring_back.told(wish.refused | taken.refused)

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

    def _known(self) -> Known:
        return Known(self.tree, self._closed, self._folds_case, self._user.hidden)

    def _packed(self, tree: Tree) -> Iterator[bytes]:
        """A tar whose times are later than those of every tar before: caches of byte code go by whole seconds."""
        self._clock = max(int(time.time()), self._clock + 1)
        mtime = self._clock
        paths = sorted(tree)
        for path, data in zip(paths, self._shadow.read_all(tree[path].blob for path in paths), strict=True):
            mode = tree[path].mode
            yield packed(path, data, symlink=mode == SYMLINK, executable=mode == PROGRAM, mtime=mtime)
        yield END

    def _named(self, path: str) -> bytes:
        """The file's name that a path of the port means."""
        try:
            name = path.encode("utf-8")
        except UnicodeEncodeError:
            return b""
        if name in self.tree or "\\x" not in path:
            return name
        return next((other for other in self.tree.keys() | self._closed.keys() if names.shown(other) == path), name)


def _to_ask_again(listing: Listing, refused: Mapping[bytes, str]) -> dict[bytes, Record]:
    """The listing as what the sandbox holds, but so that the refused files count as changed next time."""
    asked = {path: listing.records[path]._replace(ctime=b"") for path in refused if path in listing.records}
    return listing.records | asked
