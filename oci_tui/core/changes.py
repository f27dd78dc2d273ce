"""What becomes of the pending change: accepted, rejected, undone, done again, remembered. A part of the port `Workspace`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from oci_tui.core.selection import Selection


class Level(msgspec.Struct, frozen=True):
    """What brings the sandbox level with the mirror: an uncompressed tar to unpack, and files to remove."""

    tar: bytes = b""
    removed: tuple[bytes, ...] = ()


class Written(msgspec.Struct, frozen=True):
    """What was written into the user's tree, what was not for a conflict, and what brings the sandbox level with it.

    `held` are the files of the change that the tree had so already.
    """

    paths: tuple[str, ...] = ()
    level: Level = Level()
    conflicts: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


class Commit(msgspec.Struct, frozen=True):
    """A commit of accepted changes; `id` is "" when there was nothing to commit."""

    id: str
    paths: tuple[str, ...] = ()


class Changes(Protocol):
    """The pending change and those that were accepted. Raises WorkspaceError."""

    async def accept(self, selection: Selection | None = None, *, clean_only: bool = False) -> Written:
        """Write the change, or only the selection, into the user's tree, three-way; the rest stays pending.

        Raises ConflictError when the user's tree changed in the same lines; then nothing was written. With `clean_only` the
        files in conflict stay pending and the others are written; it raises only when there is no other.
        """
        ...

    async def reject(self, selection: Selection | None = None) -> Level:
        """Drop the change: the mirror is the base again. With a selection only that is dropped."""
        ...

    async def patch(self) -> bytes:
        """The pending change as a patch that `git apply` takes: exact for every byte, name, mode, symlink and binary file."""
        ...

    async def commit(self, message: str) -> Commit:
        """Commit what was accepted and is in no commit yet in the user's repository, by the user's own git with its hooks.

        The commit holds exactly that; what the user has staged stays staged. Raises WorkspaceError when there is no commit.
        """
        ...

    async def uncommitted(self) -> tuple[str, ...]:
        """The files of the accepted changes that are in no commit yet."""
        ...

    async def give_way(self, paths: Sequence[str]) -> Level:
        """Take the user's version of these files into base and mirror: what was pending in the same lines is dropped."""
        ...

    async def undo(self) -> Written:
        """Take back the last accepted change, three-way; no paths when there is none. What is pending stays so."""
        ...

    async def redo(self) -> Written:
        """Do again what was undone last, unless something was accepted since; no paths when there is nothing."""
        ...


KeptKind = Literal["round", "accepted", "undone", "dropped", "committed"]
CommitPolicy = Literal["ask", "never", "always"]


class Kept(msgspec.Struct, frozen=True):
    """One thing a session remembers: the end of a round, or a change that was accepted (undone, dropped, committed).

    Numbers count from 1 in each session, rounds and accepts apart; `at` is in seconds since 1970; `grew_from` is the number
    of the round that a round grew from, 0 when it began the session.
    """

    kind: KeptKind
    number: int
    at: float
    said: str
    grew_from: int = 0

    def line(self) -> str:
        """A row of a list."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.at))
        return f"{when}  {self.kind:9} {self.number:>3}  {self.rest()}"

    def rest(self) -> str:
        """What it was about; a round that did not grow from the one before it says from which."""
        branched = self.kind == "round" and self.grew_from != self.number - 1
        origin = f"  (from {f'round {self.grew_from}' if self.grew_from else 'an earlier session'})" if branched else ""
        return f"{self.said}{origin}"


class History(Protocol):
    """What a session remembers: the mirror at the end of every round, and every change that was accepted."""

    async def keep(self, said: str) -> int:
        """Remember the mirror as it is at the end of a round, with a line about it; its number. It is held too."""
        ...

    async def hold(self) -> None:
        """Remember the mirror and the user's tree as it is known, so that the session can be resumed with both.

        Whatever is decided about the change, and going back, does so too.
        """
        ...

    @property
    def held(self) -> int:
        """The number of what was held last, 0 for nothing."""
        ...

    async def log(self) -> tuple[Kept, ...]:
        """What is remembered of this session, the oldest first."""
        ...

    async def restore(self, number: int) -> Level:
        """Bring the mirror, not the user's tree, to where it was at the end of a round. Rounds after it are not lost."""
        ...
