"""The user's tree as the mirror sees it: which files belong to it, what they hold, and what stays out. Only ever reads."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from oci_tui.core.errors import WorkspaceError
from oci_tui.core.secret_names import included, secret_name
from oci_tui.core.secrets import secret_in
from oci_tui.core.workspace_info import Ignored
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace import listing, names
from oci_tui.workspace.descent import BlockedError, Descent
from oci_tui.workspace.progress import Steps
from oci_tui.workspace.safe_git import SafeGit
from oci_tui.workspace.shadow import BlobWriter, Shadow
from oci_tui.workspace.tree import Entry, Tree

LARGEST = 100 << 20
_CLOCK_STEP_NS = 100_000_000
_TELL_EVERY = 256


class Snapshot(NamedTuple):
    """The user's tree at one moment. Nothing comes back from the `closed` places; `inputs` are the files there that go in."""

    tree: Tree
    left_out: dict[bytes, str]
    closed: dict[bytes, str]
    inputs: frozenset[bytes]


class _Seen(NamedTuple):
    signature: tuple[int, ...]
    settled: bool
    entry: Entry | None
    why: str
    size: int = 0


class UserTree:
    """The working tree at `root`. Contents go into the shadow as they are read."""

    def __init__(self, root: Path, shadow: Shadow, settings: WorkspaceSettings) -> None:
        self.root = root
        self._git = SafeGit(root)
        self._shadow = shadow
        self._settings = settings
        self._let_in = settings.include
        self._seen: dict[bytes, _Seen] = {}

    def include(self, path: str) -> bool:
        """Let a file in that stayed out at the last snapshot; whether there is one."""
        found = next((place for place, seen in self._seen.items() if not seen.entry and names.shown(place) == path), None)
        if found is not None:
            self._let_in = (*self._let_in, path)
            del self._seen[found]
        return found is not None

    def ignored(self) -> tuple[Ignored, ...]:
        """The folders that git ignores and that stay out."""
        return listing.ignored(self.root, self._settings)

    def unmatched(self) -> tuple[str, ...]:
        """What the settings let in and the last snapshot has nothing of, a line each."""
        paths = [names.shown(path) for path in self._seen]
        folders = [name for name in self._settings.ignored if name.strip("/")]
        return (
            *(
                f"include {pattern}: the repository has no such file (what git ignores goes in with --ignored)"
                for pattern in self._settings.include
                if not any(included(path, (pattern,)) for path in paths)
            ),
            *(
                f"ignored {folder}: there is nothing that git ignores"
                for folder in folders
                if not any(included(path, (folder.strip("/"),)) for path in paths)
            ),
        )

    def snapshot(self, steps: Steps | None = None) -> Snapshot:
        """Everything that belongs into the mirror. Only files that changed since the last snapshot are read again."""
        listed = listing.listed(self.root, self._settings)
        now = time.time_ns()
        seen: dict[bytes, _Seen] = {}
        with Descent(self.root) as descent, self._shadow.writing() as writer:
            read = 0
            for number, path in enumerate(sorted(listed.files)):
                if steps and not number % _TELL_EVERY:
                    steps.counted("read", number, len(listed.files), read)
                if found := self._look(descent, writer, path, tracked=listed.files[path], now=now):
                    seen[path] = found
                    read += found.size
        self._seen = seen
        tree = {path: found.entry for path, found in seen.items() if found.entry}
        left_out = {path: found.why for path, found in seen.items() if not found.entry}
        stays_out = {place: why for place, why in listed.closed.items() if why in (listing.SUBMODULE, listing.NESTED)}
        read_only = tuple(place + b"/" for place in listed.closed.keys() - stays_out.keys())
        inputs = frozenset(path for path in tree if path.startswith(read_only)) if read_only else frozenset[bytes]()
        return Snapshot(tree, left_out | stays_out, listed.closed, inputs)

    def known(self, path: bytes) -> Entry | None:
        """A file as the last snapshot has it."""
        found = self._seen.get(path)
        return found.entry if found else None

    def at(self, paths: Iterable[bytes]) -> tuple[Tree, list[bytes]]:
        """These paths as they are now, read afresh, and those where no file could be put: something else is in the way."""
        wanted = set(paths)
        tree: Tree = {}
        blocked: list[bytes] = []
        with Descent(self.root) as descent, self._shadow.writing() as writer:
            for path in sorted(wanted):
                try:
                    found = descent.read(path)
                    facts = None if found else descent.facts(path)
                    if facts and not (stat.S_ISDIR(facts.st_mode) and wanted.issuperset(descent.beneath(path))):
                        blocked.append(path)
                except BlockedError as error:
                    if error.at not in wanted:
                        blocked.append(path)
                    continue
                except OSError as error:
                    raise WorkspaceError(f"{names.shown(path)} in your tree cannot be read: {error.strerror}") from error
                if found:
                    tree[path] = found[0]
                    writer.add(found[1], found[0].blob)
        return tree, blocked

    def keeps_out(self, path: bytes, data: bytes) -> str:
        """Why a file with this content would stay out of the mirror for a secret, in one phrase; "" when it would not."""
        return "" if included(names.shown(path), self._let_in) else secret_name(path) or secret_in(data)

    def hidden(self, paths: Iterable[bytes]) -> set[bytes]:
        """Those of the paths that the user's ignore rules hide. A path behind a symlink counts as the symlink does."""
        asked: dict[bytes, list[bytes]] = {}
        with Descent(self.root) as descent:
            for path in sorted(paths):
                asked.setdefault(_reachable(descent, path), []).append(path)
        if not asked:
            return set()
        given = b"".join(b"./%s\0" % path for path in asked)
        answer = self._git.run("check-ignore", "-z", "--stdin", "--no-index", given=given, expected=(0, 1))
        ignored = (path.removeprefix(b"./") for path in answer.out.split(b"\0") if path)
        return {path for place in ignored for path in asked.get(place, ())}

    def _look(self, descent: Descent, writer: BlobWriter, path: bytes, *, tracked: bool, now: int) -> _Seen | None:
        """What is at one listed path; None when nothing is (a tracked file that was deleted)."""
        try:
            facts = descent.facts(path)
            if facts is None or stat.S_ISDIR(facts.st_mode):
                return None
            signature = (
                facts.st_mode,
                facts.st_size,
                facts.st_mtime_ns,
                facts.st_ctime_ns,
                facts.st_ino,
                facts.st_dev,
                tracked,
            )
            before = self._seen.get(path)
            if before and before.settled and before.signature == signature:
                return before
            settled = facts.st_ctime_ns + _CLOCK_STEP_NS < now
            let_in = included(names.shown(path), self._let_in)
            why = self._unwanted(path, facts, tracked=tracked, let_in=let_in)
            if why:
                return _Seen(signature, settled, None, why)
            found = descent.read(path, LARGEST, facts)
        except BlockedError:
            return None
        except OSError as error:
            return _Seen((), False, None, f"cannot be read: {error.strerror}")
        if found is None:
            return _Seen((), False, None, "changed while it was read")
        entry, data = found
        why = "" if let_in else secret_in(data)
        if why:
            return _Seen(signature, settled, None, why)
        if not before or before.entry != entry:
            writer.add(data, entry.blob)
        return _Seen(signature, settled, entry, "", facts.st_size)

    def _unwanted(self, path: bytes, facts: os.stat_result, *, tracked: bool, let_in: bool) -> str:
        """Why a file stays out before it is read, in one phrase; "" when it goes in."""
        if not stat.S_ISREG(facts.st_mode) and not stat.S_ISLNK(facts.st_mode):
            return "not a file"
        if why := names.refusal(path):
            return why
        if facts.st_size > LARGEST:
            return f"larger than {LARGEST >> 20} MiB"
        if let_in:
            return ""
        if why := secret_name(path):
            return why
        if not tracked and facts.st_size > self._settings.max_untracked_mb << 20:
            return f"not tracked and larger than {self._settings.max_untracked_mb} MiB"
        return ""


def _reachable(descent: Descent, path: bytes) -> bytes:
    """The path, or what is in the way to it: git answers for nothing behind a symlink."""
    try:
        descent.facts(path)
    except BlockedError as error:
        return error.at
    except OSError:
        return path
    return path
