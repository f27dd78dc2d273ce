"""The pending change of one session, accepted into the user's tree or dropped: the core's `Changes` for a git repository."""

from __future__ import annotations

from collections.abc import Sequence

from oci_tui.core.changes import Commit, Level, Written
from oci_tui.core.selection import Selection
from oci_tui.workspace.accept import Acceptance, Outcome, Replayed
from oci_tui.workspace.commit import paths_of
from oci_tui.workspace.history import History
from oci_tui.workspace.mirror import Mirror
from oci_tui.workspace.names import shown
from oci_tui.workspace.thread import OneAtATime
from oci_tui.workspace.tree import Tree, differing
from oci_tui.workspace.user_tree import UserTree


class GitChanges:
    """What each method does is said in `core.changes.Changes`."""

    def __init__(self, user: UserTree, mirror: Mirror, acceptance: Acceptance, history: History, thread: OneAtATime) -> None:
        self._user = user
        self._mirror = mirror
        self._acceptance = acceptance
        self._history = history
        self._thread = thread

    async def accept(self, selection: Selection | None = None, *, clean_only: bool = False) -> Written:
        return await self._thread.run(self._accepted, selection, clean_only)

    async def reject(self, selection: Selection | None = None) -> Level:
        return await self._thread.run(self._rejected, selection)

    async def patch(self) -> bytes:
        return await self._thread.run(self._mirror.pending.patch)

    async def commit(self, message: str) -> Commit:
        made, paths = await self._thread.run(self._acceptance.commit, message)
        return Commit(made, tuple(map(shown, paths)))

    async def uncommitted(self) -> tuple[str, ...]:
        changes = await self._thread.run(self._acceptance.uncommitted)
        return tuple(map(shown, paths_of(changes.values())))

    async def give_way(self, paths: Sequence[str]) -> Level:
        return await self._thread.run(self._gave_way, paths)

    async def undo(self) -> Written:
        return await self._thread.run(lambda: self._replayed(self._acceptance.undo()))

    async def redo(self) -> Written:
        return await self._thread.run(lambda: self._replayed(self._acceptance.redo()))

    def _accepted(self, selection: Selection | None, clean_only: bool) -> Written:
        old, base = self._mirror.pending.tree, self._mirror.pending.base
        chosen = self._mirror.pending.only(selection) if selection else old
        outcome = self._acceptance.accept(base, chosen, self._mirror.pending.renamed() if clean_only else None)
        self._mirror.pending.accepted(outcome.touched, chosen, outcome.tree)
        left = [path for path in differing(base, chosen) if path not in set(outcome.touched)]
        return self._written(outcome, old, left)

    def _gave_way(self, paths: Sequence[str]) -> Level:
        old = self._mirror.pending.tree
        self._mirror.give_way(self._user.snapshot(), paths)
        self._history.remember_user(self._mirror.pending.base)
        self._hold()
        return self._mirror.level(old)

    def _rejected(self, selection: Selection | None) -> Level:
        pending = self._mirror.pending
        level = self._mirror.become(pending.without(selection) if selection else dict(pending.base))
        self._hold()
        return level

    def _replayed(self, replayed: Replayed | None) -> Written:
        if replayed is None:
            return Written()
        old = self._mirror.pending.tree
        self._mirror.pending.replayed(replayed.old, replayed.new, replayed.outcome.tree)
        return self._written(replayed.outcome, old)

    def _written(self, outcome: Outcome, old: Tree, left: Sequence[bytes] = ()) -> Written:
        if outcome.touched:
            self._mirror.leave_out_secrets(outcome.tree)
            self._history.remember_user(self._mirror.pending.base)
            self._hold()
        written = tuple(map(shown, sorted(outcome.written)))
        held = tuple(map(shown, sorted({*outcome.touched} - {*outcome.written})))
        return Written(written, self._mirror.level(old), tuple(map(shown, left)), held)

    def _hold(self) -> None:
        self._history.hold(self._mirror.pending.base, self._mirror.pending.tree)
