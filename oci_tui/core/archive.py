"""What is kept of sessions, to be listed, resumed, forked, renamed and deleted: the port `Archive` and its values."""

from __future__ import annotations

from typing import Protocol

import msgspec

from oci_tui.core.verdict import Verdict


class SessionSummary(msgspec.Struct, frozen=True):
    """One session in a list. Times are in seconds since 1970, `bytes` is all that it takes on disk.

    `title` is the person's or else the first prompt, "" before there is any; `verdict` is the last turn's, None while there is
    none; `pending` is the last word on the change that was not accepted ("2 files +9 −3"), "" for none; `open`: in use now.
    `forked_from` names another session; `prompts` is all that was asked. `unreadable` says why nothing else is known of it than
    its name, size and last change.
    """

    name: str
    title: str
    root: str
    started: float
    at: float
    turns: int
    rounds: int
    verdict: Verdict | None
    pending: str
    bytes: int
    open: bool
    forked_from: str = ""
    unreadable: str = ""
    prompts: tuple[str, ...] = ()


class RoundSummary(msgspec.Struct, frozen=True):
    """One round of a session; `number` counts through the session, `round` within the turn. See `events.RoundFinished`."""

    number: int
    turn: int
    round: int
    prompt: str
    passed: bool | None
    outcome: str
    at: float


class Archive(Protocol):
    """Every session that was recorded. A name may be given by its beginning. Raises StoreError, WorkspaceError."""

    def listed(self, root: str = "") -> tuple[SessionSummary, ...]:
        """The newest first; with `root` only those about the repository there, else also those that cannot be read."""
        ...

    def find(self, name: str = "", root: str = "", *, unreadable: bool = False) -> SessionSummary:
        """One session; without a name the last one in which something was asked. `unreadable`: also one that cannot be read."""
        ...

    def lost(self, name: str) -> tuple[str, ...]:
        """The lines of its journal that cannot be read, and are passed over, each with its place and the reason."""
        ...

    def rounds(self, name: str) -> tuple[RoundSummary, ...]:
        """What can be forked from, in order."""
        ...

    def rename(self, name: str, title: str) -> None: ...

    def fork(self, name: str, number: int = 0) -> str:
        """A new session that goes on after this round (0: the last) of another, which stays as it is; its name."""
        ...

    def delete(self, name: str) -> None:
        """Remove all that is kept of it, the changes that it accepted excepted. One that is open cannot be."""
        ...
