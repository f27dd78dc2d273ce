"""What each round wrote and left pending, kept so that it can be shown again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from oci_tui.core.diff import Diff
from oci_tui.core.events import (
    ContextBuilt,
    DiffChanged,
    Event,
    ReplyFinished,
    ReplyGrew,
    RoundFinished,
    RoundStarted,
    SandboxReady,
    TurnFinished,
)
from oci_tui.core.generation import Token, Usage

_ROUND, _TOKEN, _ALTERNATIVE, _LINE = 1000, 200, 150, 150
"""About so many bytes a round takes by itself, a token, what could have stood in its place, and a line of a diff."""


@dataclass(eq=False)
class Round:
    """`number` counts in its turn, `in_session` in the session (0: not told); `diff` is what was pending at its end."""

    turn: int
    number: int
    diff: Diff
    replies: list[ReplyGrew] = field(default_factory=list)
    in_session: int = 0
    bytes: int = _ROUND

    @property
    def named(self) -> str:
        return f"round {self.number} of turn {self.turn}"


class Rounds:
    """Beyond `MOST` bytes the oldest rounds are forgotten. `pending` is what is now."""

    MOST: ClassVar[int] = 16_000_000

    def __init__(self) -> None:
        self._rounds: dict[tuple[int, int], Round] = {}
        self._open: Round | None = None
        self._pieces: list[ReplyGrew] = []
        self.pending = Diff()
        self._ready: SandboxReady | None = None
        self.newest: Round | None = None

    def show(self, event: Event) -> None:
        match event:
            case SandboxReady():
                self._ready = event
            case DiffChanged(diff=diff):
                self.pending = diff
                if self._open is not None:
                    self._open.diff = diff
            case RoundStarted():
                self._end_round()
                self._open = self.newest = Round(event.turn, event.round, self.pending)
                self._rounds[event.turn, event.round] = self._open
            case ReplyGrew() if self._open is not None:
                self._pieces.append(event)
            case ReplyFinished():
                self._end_reply()
            case RoundFinished() if self._open is not None:
                self._open.in_session = event.number
                self._end_round()  # files may be taken back after it
            case TurnFinished():
                self._end_round()

    def of(self, turn: int, number: int) -> Round | None:
        """The round of this number in this turn; None when it is not known here, or no longer."""
        return self._rounds.get((turn, number))

    def numbered(self, number: int) -> Round | None:
        """The round of this number in the session; None as `of`."""
        return next((kept for kept in reversed(self._rounds.values()) if kept.in_session == number), None)

    def told(self, kept: Round) -> Iterator[Event]:
        """The replies of a round, as the code pane was told them."""
        if self._ready is not None:
            yield self._ready
        for reply in kept.replies:
            yield ContextBuilt((), (), 0, 0)
            yield reply
            yield ReplyFinished("", Usage())

    def _end_reply(self) -> None:
        """Keep what came of a reply as one piece."""
        pieces, self._pieces = self._pieces, []
        if self._open is None or not pieces:
            return
        tokens: tuple[Token, ...] = ()
        if any(piece.tokens for piece in pieces):
            tokens = tuple(token for piece in pieces for token in piece.tokens or (Token(piece.text, 1.0),))
        text = "".join(piece.text for piece in pieces)
        self._open.replies.append(ReplyGrew(text, tokens))
        self._open.bytes += len(text) + sum(_TOKEN + _ALTERNATIVE * len(token.alternatives) for token in tokens)

    def _end_round(self) -> None:
        self._end_reply()
        ended, self._open = self._open, None
        if ended is None:
            return
        ended.bytes += _LINE * sum(len(hunk.lines) for file in ended.diff.files for hunk in file.hunks)
        kept = sum(known.bytes for known in self._rounds.values())
        while kept > self.MOST and len(self._rounds) > 1:
            kept -= self._rounds.pop(next(iter(self._rounds))).bytes
