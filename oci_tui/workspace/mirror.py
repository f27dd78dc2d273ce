"""The mirror of one session: what goes into the sandbox of it, what comes back, and what may be written in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from oci_tui.core.changes import Level
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import untold
from oci_tui.workspace import bring_back, names
from oci_tui.workspace.bring_back import Known, Listing, Record
from oci_tui.workspace.pending import Absorbed, Pending
from oci_tui.workspace.progress import Steps, Tell
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.tar import END, packed
from oci_tui.workspace.tree import FILE, PROGRAM, SYMLINK, Entry, Tree, differing, part
from oci_tui.workspace.user_tree import Snapshot, UserTree


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
        self.pending = Pending(shadow)

    def fork(self) -> Mirror:
        """Another mirror of the same files, which goes its own way; no sandbox holds it yet."""
        twin = Mirror(self._user, self._shadow)
        twin._closed, twin._inputs, twin._read_only = self._closed, self._inputs, self._read_only
        twin._clock = self._clock
        # trees are never changed, only replaced
        twin.pending.base, twin.pending.tree = self.pending.base, self.pending.tree
        return twin

    def take_over(self, fork: Mirror) -> Level:
        """Let this be as the fork is. Raises WorkspaceError where the user's files changed since it was made."""
        if fork.pending.base != self.pending.base:
            raise WorkspaceError("your files changed meanwhile: ask again, and the model begins from them as they are now")
        self._clock = max(self._clock, fork._clock)
        return self.become(fork.pending.tree)

    def rebase(self, snapshot: Snapshot) -> Absorbed:
        """Take a snapshot of the user's tree into the base, and into the mirror under the pending change."""
        self._look(snapshot)
        pending, theirs = self.pending, differing(self.pending.base, snapshot.tree)
        if theirs and pending.tree != pending.base:
            return pending.absorb(snapshot.tree, theirs)
        if theirs:
            pending.base, pending.tree = snapshot.tree, dict(snapshot.tree)
        return Absorbed(tuple(theirs))

    def resume(self, base: Tree, tree: Tree, snapshot: Snapshot) -> Absorbed:
        """Be as a session left it, and take in what the user edited since."""
        self.pending.base, self.pending.tree = base, tree
        absorbed = self.rebase(snapshot)
        both = base.keys() | tree.keys()
        out = {path for path in both if any(place in snapshot.left_out for place in (*names.ancestors(path), path))}
        sides = self.pending.base, self.pending.tree
        self.pending.base, self.pending.tree = (part(side, side.keys() - out) for side in sides)
        return absorbed

    def give_way(self, snapshot: Snapshot, paths: Iterable[str]) -> None:
        """Let the user's version of these files take the place of what is pending in the same lines."""
        self._look(snapshot)
        self.pending.give_way(paths, snapshot.tree)

    def leave_out_secrets(self, now: Tree) -> None:
        """Take out those of the user's files, as they are `now`, that hold a secret since they were last looked at."""
        reasons = {path: self._user.keeps_out(path, self._shadow.read(entry.blob)) for path, entry in now.items()}
        secret = {path: why for path, why in reasons.items() if why}
        if secret:
            pending, self._closed = self.pending, self._closed | secret
            pending.base, pending.tree = (part(side, side.keys() - secret.keys()) for side in (pending.base, pending.tree))

    def _look(self, snapshot: Snapshot) -> None:
        """Remember what of the user's tree is not in the mirror, or not to be changed there."""
        self._closed = snapshot.left_out | snapshot.closed
        self._inputs = snapshot.inputs
        self._read_only = snapshot.closed.keys() - snapshot.left_out.keys()

    def restore(self, tree: Tree) -> None:
        """Let the mirror be as it was once, but for files that stay out by now."""
        stays_out = {path for path in tree if any(place in self._closed for place in (*names.ancestors(path), path))}
        self.pending.tree = part(tree, tree.keys() - stays_out) | part(self.pending.base, self._inputs)

    def become(self, tree: Tree) -> Level:
        """Let the mirror be this; what brings the sandbox level."""
        old, self.pending.tree = self.pending.tree, tree
        return self.level(old)

    def level(self, old: Tree) -> Level:
        """What brings a sandbox level that holds `old`."""
        paths = differing(old, self.pending.tree)
        changed = [path for path in paths if path in self.pending.tree]
        tar = b"".join(self._packed(part(self.pending.tree, changed))) if changed else b""
        return Level(tar, tuple(path for path in paths if path not in self.pending.tree))

    def seed(self, tell: Tell = untold) -> Iterator[bytes]:
        """The whole mirror as a tar stream."""
        total, sent, steps = len(self.pending.tree), 0, Steps(tell)
        for number, chunk in enumerate(self._packed(dict(self.pending.tree))):
            yield chunk
            sent += len(chunk)
            steps.counted("copied", number, total, sent)
        steps.reached("unpacking them, and committing them to the container's own git")

    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(names.shown(path) for path in self.pending.tree.keys() - self._inputs))

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none or it is no UTF-8 text."""
        entry = self.pending.tree.get(self._named(path))
        return None if entry is None or entry.mode == SYMLINK else self._text(entry)

    def _text(self, entry: Entry) -> str | None:
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
        entry = self.pending.tree.get(name)
        if entry is not None and name not in self._inputs:
            if entry.mode == SYMLINK:
                return "a symlink"
            return "" if self._text(entry) is not None else "not UTF-8 text; leave it, or change it by a program that you run"
        for place in (*names.ancestors(name), name):
            if place in self._closed:
                kept = "" if place in self._read_only else "left out of the mirror: "
                return kept + self._closed[place]
            if above := self.pending.tree.get(place):
                return "below a symlink" if above.mode == SYMLINK else "below a file"
        if name.endswith(b"/") or any(other.startswith(name + b"/") for other in self.pending.tree):
            return "a folder"
        if self._folds_case and any(names.shown(other).casefold() == path.casefold() for other in self.pending.tree):
            return "differs only by case from another file"
        if any(name.startswith(bare) for bare in names.bare_repositories(self.pending.tree.keys() | {name})):
            return "part of what git would take for a repository"
        return "hidden by the repository's ignore rules" if self._user.hidden([name]) else ""

    def write(self, files: Mapping[str, str]) -> Level:
        """Take whole texts into the mirror. Raises WorkspaceError for a path that may not be written; then none is."""
        tree = dict(self.pending.tree)
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
        tree = part(self.pending.tree, self.pending.tree.keys() - set(wish.gone))
        with self._shadow.writing() as writer:
            for path, member in taken.members.items():
                mode = SYMLINK if member.symlink else PROGRAM if member.executable else FILE
                tree[path] = Entry(mode, writer.add(member.data))
        self.pending.tree = tree
        self._synced = _to_ask_again(parsed, taken.refused)
        return bring_back.told(wish.refused | taken.refused)

    def _known(self) -> Known:
        return Known(self.pending.tree, self._closed, self._folds_case, self._user.hidden)

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
        if name in self.pending.tree or "\\x" not in path:
            return name
        return next((other for other in self.pending.tree.keys() | self._closed.keys() if names.shown(other) == path), name)


def _to_ask_again(listing: Listing, refused: Mapping[bytes, str]) -> dict[bytes, Record]:
    """The listing as what the sandbox holds, but so that the refused files count as changed next time."""
    asked = {path: listing.records[path]._replace(ctime=b"") for path in refused if path in listing.records}
    return listing.records | asked
