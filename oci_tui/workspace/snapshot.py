"""GitSnapshot: a mirror as the core's Snapshot; what each method does is said in `core.ports.Snapshot`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from oci_tui.core.changes import Level
from oci_tui.core.diff import Diff
from oci_tui.core.ports import untold
from oci_tui.workspace.mirror import Mirror
from oci_tui.workspace.progress import Tell
from oci_tui.workspace.thread import OneAtATime


class GitSnapshot:
    """One mirror; `thread` does its work, as that of every other on the same shadow repository."""

    def __init__(self, mirror: Mirror, thread: OneAtATime) -> None:
        self._mirror = mirror
        self._thread = thread

    def fork(self) -> GitSnapshot:
        return GitSnapshot(self._mirror.fork(), self._thread)

    def seed(self, tell: Tell = untold) -> Iterable[bytes]:
        return self._mirror.seed(tell)

    def paths(self) -> tuple[str, ...]:
        return self._mirror.paths()

    def read(self, path: str) -> str | None:
        return self._mirror.read(path)

    def check(self, path: str) -> str:
        return self._mirror.check(path)

    async def apply(self, files: Mapping[str, str]) -> Level:
        return await self._thread.run(self._mirror.write, files)

    def synced(self, listing: bytes) -> None:
        self._mirror.synced(listing)

    async def changed(self, listing: bytes) -> tuple[bytes, ...]:
        return await self._thread.run(self._mirror.changed, listing)

    async def bring_back(self, listing: bytes, tar: bytes) -> tuple[str, ...]:
        return await self._thread.run(self._mirror.bring_back, listing, tar)

    async def diff(self) -> Diff:
        return await self._thread.run(self._mirror.pending.diff)

    async def take_over(self, other: GitSnapshot) -> Level:
        """Let the mirror be as that of `other`; what brings the sandbox level. Raises WorkspaceError."""
        return await self._thread.run(self._mirror.take_over, other._mirror)
