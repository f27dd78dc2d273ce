"""GitWorkspace: a git repository as the core's Workspace; it puts the parts of this room together."""

from __future__ import annotations

import os
from pathlib import Path

from oci_tui.core.changes import Level
from oci_tui.core.errors import WorkspaceError
from oci_tui.core.ports import Snapshot, UserEdits, untold
from oci_tui.core.workspace_info import FORGOTTEN, WorkspaceInfo
from oci_tui.settings import WorkspaceSettings
from oci_tui.workspace.accept import Acceptance
from oci_tui.workspace.apply import locked
from oci_tui.workspace.changes import GitChanges
from oci_tui.workspace.discovery import Head, examine, find_root, head, moved
from oci_tui.workspace.history import GitHistory, History
from oci_tui.workspace.mirror import Mirror
from oci_tui.workspace.names import shown
from oci_tui.workspace.past import folder_of, references_of
from oci_tui.workspace.progress import Steps, Tell
from oci_tui.workspace.shadow import Shadow
from oci_tui.workspace.snapshot import GitSnapshot
from oci_tui.workspace.thread import OneAtATime
from oci_tui.workspace.tree import Entry
from oci_tui.workspace.user_tree import UserTree

__all__ = ["GitWorkspace", "examine", "find_root"]


class GitWorkspace(GitSnapshot):
    """The repository at `root` (see `find_root`) for one session. What each method does is said in `core.ports.Workspace`.

    `state` is the number of the files' state that a session is resumed at, 0 for a new one.
    """

    def __init__(self, root: Path, settings: WorkspaceSettings, session: str, state: int = 0) -> None:
        self._root = root
        self._state = state
        self._folder = folder_of(root)
        self._refs = references_of(session)
        self._shadow = Shadow(self._folder / "shadow.git")
        self._user = UserTree(root, self._shadow, settings)
        super().__init__(Mirror(self._user, self._shadow), OneAtATime(self._folder))
        self._remembered = History(self._shadow, self._refs)
        self._head = Head("", "")
        self._told: dict[bytes, Entry | None] = {}
        self._acceptance = Acceptance(self._user, self._shadow, self._folder, self._refs)
        self._changes = GitChanges(self._user, self._mirror, self._acceptance, self._remembered, self._thread)
        self._history = GitHistory(self._remembered, self._mirror, self._thread)

    async def open(self, tell: Tell = untold) -> WorkspaceInfo:
        steps = Steps(tell)
        try:
            return await self._thread.run(self._opened, steps)
        finally:
            steps.stop()

    def include(self, path: str) -> bool:
        return self._user.include(path)

    async def refresh(self) -> UserEdits:
        return await self._thread.run(self._refreshed)

    async def adopt(self, fork: Snapshot) -> Level:
        if not isinstance(fork, GitSnapshot):
            raise WorkspaceError("only a fork of these files can take their place")
        return await self.take_over(fork)

    @property
    def changes(self) -> GitChanges:
        return self._changes

    @property
    def history(self) -> GitHistory:
        return self._history

    def close(self) -> None:
        self._thread.close()
        self._shadow.close()

    def _opened(self, steps: Steps) -> WorkspaceInfo:
        steps.reached("listing the repository's files")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self._folder):
            self._shadow.make()
        unmended = self._acceptance.begin()
        snapshot = self._user.snapshot(steps)
        steps.reached("remembering them")
        if held := self._remembered.resumed(self._state):
            self._mirror.resume(held.base, held.tree, snapshot)
        else:
            self._mirror.rebase(snapshot)
        self._remembered.remember_user(self._mirror.pending.base)
        with locked(self._folder):
            self._shadow.prune()  # what is resumed is as of today by now
        self._head = head(self._root)
        if not held and (begun := self._remembered.begun_at()) is not None:
            self._mirror.restore(begun)
        left_out = sorted((snapshot.left_out | unmended).items())
        pairs = tuple((shown(path), why) for path, why in left_out)
        root = shown(os.fsencode(self._root))
        lost = FORGOTTEN if self._state and not held else ""
        return WorkspaceInfo(
            root, self._head.branch, len(snapshot.tree), pairs, self._user.ignored(), lost, self._user.unmatched()
        )

    def _refreshed(self) -> UserEdits:
        old, before = self._mirror.pending.tree, self._head
        self._head = head(self._root)
        absorbed = self._mirror.rebase(self._user.snapshot())
        if absorbed.paths:
            self._remembered.remember_user(self._mirror.pending.base)
        now = {path: self._user.known(path) for path in absorbed.conflicts}
        news = [path for path in absorbed.conflicts if path not in self._told or self._told[path] != now[path]]
        self._told = now
        return UserEdits(
            tuple(map(shown, absorbed.paths)),
            tuple(map(shown, news)),
            moved(self._root, before, self._head),
            self._mirror.level(old),
        )
