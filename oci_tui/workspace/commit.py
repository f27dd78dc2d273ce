"""Accepted changes as a commit in the user's repository: exactly them, made by the user's own git with its hooks.

The commit is built in an index of its own, so that what the user has staged is not in it. Afterwards the user's index has the
committed files as the commit has them; what was staged in them besides stays staged on top.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.errors import WorkspaceError
from oci_tui.workspace.names import shown
from oci_tui.workspace.safe_git import OwnGit, SafeGit
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.three_way import three_way
from oci_tui.workspace.tree import SYMLINK, Entry, Tree, differing, part, put

_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply", "index.lock")
_HOOKS_S = 900.0


class Change(NamedTuple):
    """An accepted change: its paths as they were in the user's tree, and as they were after it."""

    before: Tree
    after: Tree


def paths_of(changes: Iterable[Change]) -> list[bytes]:
    """Every path of these changes, sorted."""
    return sorted({path for change in changes for side in change for path in side})


class Committer:
    """Commits in the repository at `root`. Raises WorkspaceError; then there is no commit and the index is as it was."""

    def __init__(self, root: Path, shadow: Shadow) -> None:
        self._shadow = shadow
        self._git = SafeGit(root)
        self._own = OwnGit(root)

    def commit(self, changes: list[Change], message: str) -> str:
        """Commit these changes, which followed one another, on top of what is checked out.

        The commit's id; "" when they are in what is checked out already.
        """
        self._check_nothing_under_way()
        paths = paths_of(changes)
        head = self._head()
        old = self._at(head, paths)
        new = self._changed(old, changes)
        if not differing(old, new):
            return ""
        staged = self._staged(paths)
        wanted = self._on_top(old, new, staged)
        with self._index_of(head, old, new) as index:
            if self._head() != head:
                raise WorkspaceError("not committed: something else was checked out just now; try again")
            arguments = ("commit", "--quiet", "--file=-")
            self._own.run(*arguments, given=message.encode(), extra={"GIT_INDEX_FILE": index}, timeout_s=_HOOKS_S)
        made = self._head()
        committed = self._at(made, paths)
        # A hook may have changed a file further: then the index has it so too, unless other edits of it are staged.
        clean = [path for path in paths if staged.get(path) == old.get(path)]
        self._stage(staged, put(wanted, clean, committed))
        return made

    def _check_nothing_under_way(self) -> None:
        for name in _UNDER_WAY:
            place = self._git.run("rev-parse", "--git-path", name).out.removesuffix(b"\n")
            if os.path.lexists(os.path.join(os.fsencode(self._git.folder), place)):  # noqa: PTH118
                raise WorkspaceError(f"not committed: git is in the middle of something here ({name}); finish that first")

    def _head(self) -> str:
        """The commit that is checked out, "" when there is none yet."""
        found = self._git.run("rev-parse", "--quiet", "--verify", "HEAD", expected=(0, 1))
        return found.out.decode("ascii").strip() if found.code == 0 else ""

    def _at(self, commit: str, paths: list[bytes]) -> Tree:
        """These paths in a commit; the blobs are the user's repository's."""
        if not commit:
            return {}
        records = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit).out.split(b"\0")
        wanted = set(paths)
        pairs = (record.partition(b"\t") for record in records if record)
        return {path: _entry(meta.split(b" ")[0], meta.split(b" ")[2]) for meta, _, path in pairs if path in wanted}

    def _staged(self, paths: list[bytes]) -> Tree:
        """These paths in the user's index."""
        wanted, found = set(paths), {}
        for record in self._git.run("ls-files", "-z", "--cached", "--stage").out.split(b"\0"):
            meta, _, path = record.partition(b"\t")
            if path in wanted:
                mode, blob, stage = meta.split(b" ")
                if stage != b"0":
                    raise WorkspaceError(f"not committed: {shown(path)} has a merge conflict in your index; resolve it first")
                found[path] = _entry(mode, blob)
        return found

    def _changed(self, old: Tree, changes: list[Change]) -> Tree:
        """The commit's files with the changes made in them, one after the other, as git stores them (filters applied)."""
        now = old
        for change in changes:
            before, after = (self._stored(side) for side in change)
            now = self._merged(before, now, after, "builds on edits of yours that are not committed; commit those first")
        return now

    def _on_top(self, old: Tree, new: Tree, staged: Tree) -> Tree:
        """What the index is to hold after the commit: the new files, with what was staged besides."""
        besides = [
            path for path in old.keys() | new.keys() | staged.keys() if staged.get(path) not in (old.get(path), new.get(path))
        ]
        why = "has other edits staged in the same lines; commit or unstage them first"
        return put(new, besides, self._merged(part(old, besides), part(staged, besides), part(new, besides), why))

    def _merged(self, base: Tree, ours: Tree, theirs: Tree, why: str) -> Tree:
        """Three-way, of states whose blobs are the user's repository's."""
        touched = differing(base, theirs)
        easy = [path for path in touched if ours.get(path) == base.get(path)]
        hard = [path for path in touched if path not in set(easy) and ours.get(path) != theirs.get(path)]
        result = put(ours, easy, theirs)
        if hard:
            before, mine, new = (self._copied(part(side, hard)) for side in (base, ours, theirs))
            merged = three_way(self._shadow, before, mine, new, hard)
            if merged.conflicts:
                raise WorkspaceError(f"not committed: {shown(merged.conflicts[0])} {why}")
            result = put(result, hard, {path: self._given(entry) for path, entry in merged.tree.items()})
        return result

    def _stored(self, tree: Tree) -> Tree:
        """A state of the working tree as git stores it, in the user's repository."""
        return {path: self._given(entry, path) for path, entry in tree.items()}

    def _given(self, entry: Entry, path: bytes = b"") -> Entry:
        """A content of the shadow in the user's repository; with `path` through the filters that are set for it there."""
        filters = [f"--path={os.fsdecode(path)}"] if path and entry.mode != SYMLINK else ["--no-filters"]
        stored = self._own.run("hash-object", "-w", "--stdin", *filters, given=self._shadow.read(entry.blob))
        return Entry(entry.mode, stored.out.decode("ascii").strip())

    def _copied(self, tree: Tree) -> Tree:
        """A state whose blobs are the user's repository's, with its contents in the shadow."""
        return {
            path: Entry(entry.mode, self._shadow.store(self._git.run("cat-file", "blob", entry.blob).out))
            for path, entry in tree.items()
        }

    @contextmanager
    def _index_of(self, head: str, old: Tree, new: Tree) -> Iterator[str]:
        """An index that holds the commit `head` with the new files; from the user's it knows which files are as committed."""
        place = self._git.run("rev-parse", "--git-path", "index").out.removesuffix(b"\n")
        users = os.path.join(os.fsencode(self._git.folder), place)  # noqa: PTH118
        with tempfile.TemporaryDirectory(prefix="oci-tui-") as folder:
            index = str(Path(folder) / "index")
            if os.path.exists(users):  # noqa: PTH110
                shutil.copyfile(users, index)
            extra = {"GIT_INDEX_FILE": index}
            self._own.run("read-tree", *(["-i", "-m", head] if head else ["--empty"]), extra=extra)
            self._own.run("update-index", "-z", "--index-info", given=_records(old, new), extra=extra)
            yield index

    def _stage(self, staged: Tree, wanted: Tree) -> None:
        try:
            self._own.run("update-index", "-z", "--index-info", given=_records(staged, wanted))
        except WorkspaceError as error:
            raise WorkspaceError(f"committed, but your index could not follow ({error}); run: git reset -q") from error


def _records(old: Tree, new: Tree) -> bytes:
    """What leads an index from the one to the other, removals first."""
    paths = differing(old, new)
    gone = [b"0 %s\t%s\0" % (b"0" * 40, path) for path in paths if path not in new]
    return b"".join([*gone, *_added(new, (path for path in paths if path in new))])


def _added(tree: Tree, paths: Iterable[bytes]) -> Iterator[bytes]:
    return (b"%s %s\t%s\0" % (tree[path].mode.encode(), tree[path].blob.encode(), path) for path in paths)


def _entry(mode: bytes, blob: bytes) -> Entry:
    return Entry(mode.decode("ascii"), blob.decode("ascii"))
