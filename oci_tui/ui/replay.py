"""A recorded session, played again: the same interface as a session, with the events and the timing of a journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import ClassVar

from oci_tui.core.approval import Approval, ApprovalChosen
from oci_tui.core.decision_events import DecisionFailed
from oci_tui.core.diff import Diff
from oci_tui.core.errors import StoreError
from oci_tui.core.events import (
    ChangeAccepted,
    ChangeConflicted,
    ChangeGaveWay,
    ChangeRedone,
    ChangeRejected,
    ChangeUndone,
    CommitFailed,
    DiffChanged,
    Event,
    HistoryListed,
    PartFailed,
    SessionStarted,
    Steered,
    TurnFailed,
    TurnFinished,
    TurnStarted,
)
from oci_tui.core.generation import Begun
from oci_tui.core.policy import Policy
from oci_tui.core.ports import ApprovalMode, Engine
from oci_tui.core.reading import read
from oci_tui.core.recall import unfinished
from oci_tui.core.selection import Selection, rest
from oci_tui.core.verdict import Verdict

_LONGEST_WAIT_S = 3.0
_DECISIONS = (ChangeAccepted, ChangeRejected, ChangeUndone, ChangeRedone, ChangeGaveWay, ChangeConflicted)


class ReplaySettlement:
    """Decisions about the recorded change, told as a session tells them; nothing is written."""

    def __init__(self) -> None:
        self.pending = Diff()
        self._decided: list[Diff] = []
        self._undone: list[Diff] = []

    async def accept(self, selection: Selection | None = None, *, clean_only: bool = False) -> AsyncGenerator[Event]:  # noqa: ARG002
        """As a session says it; nothing is written."""
        yield ChangeAccepted(paths=selection.paths if selection else tuple(file.path for file in self.pending.files))
        self._decided.append(self.pending)
        self._undone.clear()
        yield self._now(rest(self.pending, selection) if selection else Diff())

    async def reject(self, selection: Selection | None = None) -> AsyncGenerator[Event]:
        left = rest(self.pending, selection) if selection else Diff()
        yield ChangeRejected(selection.paths if selection and left.files else ())
        yield self._now(left)

    async def give_way(self, paths: tuple[str, ...]) -> AsyncGenerator[Event]:
        yield ChangeGaveWay(paths)
        yield self._now(Diff(tuple(file for file in self.pending.files if file.path not in paths)))

    async def commit(self, message: str = "") -> AsyncGenerator[Event]:  # noqa: ARG002
        yield CommitFailed("this is a recording: there is nothing to commit")

    async def undo(self) -> AsyncGenerator[Event]:
        undone = self._decided.pop() if self._decided else Diff()
        self._undone.append(undone)
        yield ChangeUndone(paths=tuple(file.path for file in undone.files))

    async def redo(self) -> AsyncGenerator[Event]:
        redone = self._undone.pop() if self._undone else Diff()
        self._decided.append(redone)
        yield ChangeRedone(paths=tuple(file.path for file in redone.files))

    async def restore(self, number: int) -> AsyncGenerator[Event]:
        """A recording has no states to go back to."""
        yield DecisionFailed(f"no round {number}: this is a recording")

    async def include(self, path: str) -> AsyncGenerator[Event]:
        yield DecisionFailed(f"{path} cannot be let in: this is a recording")

    async def history(self) -> AsyncGenerator[Event]:
        yield HistoryListed(())

    def _now(self, diff: Diff) -> DiffChanged:
        self.pending = diff
        return DiffChanged(diff=diff)


class ReplaySession:
    """Each `ask` plays the next recorded turn. `speed` 2 is twice as fast, 0 without any waiting. Touches no files.

    `paused_at` ends the playing before the event of that number, until it is stopped; `reached` says that it came there.
    With `whole` all of it is played at once, decisions included, as it was; after a stop each `ask` plays one more turn.
    """

    recorded: ClassVar[bool] = False
    company = None
    past: Sequence[Event] = ()

    def __init__(self, recording: Path, speed: float = 1.0, paused_at: int | None = None, *, whole: bool = False) -> None:
        self.name = f"replay of {recording.stem}"
        self._events = list(read(recording))
        if not self._events:
            raise StoreError(f"{recording}: there is no event in it; give the journal of a session")
        self.root = next((Path(event.root) for event in self._events if isinstance(event, SessionStarted)), Path.cwd())
        self._speed = speed
        self._whole = whole
        self._paused_at = paused_at
        self._place = 0
        self.reached = asyncio.Event()
        self._stopped = asyncio.Event()
        self._steered: list[str] = []
        self.settle = ReplaySettlement()
        self.approval = Approval()

    async def prepare(self) -> AsyncGenerator[Event]:
        """What was recorded before the first turn, or all of it."""
        while self._place < len(self._events) and not self._stopped.is_set():
            if not self._whole and isinstance(self._events[self._place], TurnStarted):
                return
            async for event in self._step():
                yield event
        for event in unfinished(self._events[: self._place]):
            yield event

    async def ask(self, prompt: str, begun: Begun | None = None) -> AsyncGenerator[Event]:  # noqa: ARG002
        """The next recorded turn, with this prompt in place of the recorded one."""
        self._stopped.clear()
        while self._place < len(self._events) and not isinstance(self._events[self._place], TurnStarted):
            self._place += 1
        if self._place == len(self._events):
            yield TurnStarted(turn=0, prompt=prompt)
            yield TurnFailed(message="the recording ends here; quit with Ctrl+Q")
            yield TurnFinished(turn=0, verdict=Verdict.GAVE_UP, rounds=0, seconds=0.0)
            return
        began, turn = time.monotonic(), 0
        while self._place < len(self._events):
            async for event in self._step():
                if isinstance(event, TurnStarted):
                    turn = event.turn
                    event = TurnStarted(turn=turn, prompt=prompt, at=event.at)
                yield event
                if isinstance(event, TurnFinished):
                    return
            if self._stopped.is_set():
                self._steered.clear()
                yield TurnFinished(turn=turn, verdict=Verdict.STOPPED, rounds=0, seconds=time.monotonic() - began)
                return
            while self._steered:
                yield Steered(text=self._steered.pop(0))

    async def run(self, text: str) -> AsyncGenerator[Event]:
        """Nothing runs in a recording, and that is said."""
        yield PartFailed("sandbox", f"`{text}` was not run: this is a recording")

    def files(self) -> tuple[str, ...]:
        """The files of the recorded change."""
        return tuple(file.path for event in self._events if isinstance(event, DiffChanged) for file in event.diff.files)

    async def symbols(self) -> dict[str, str]:
        return {}

    def steer(self, text: str) -> None:
        self._steered.append(text)

    def adopt(self, policy: Policy) -> None:
        """A recording is played as it was."""

    def approve(self, mode: ApprovalMode) -> Event:
        self.approval.mode = mode
        return ApprovalChosen(mode)

    async def use(self, engine: Engine) -> AsyncGenerator[Event]:  # noqa: ARG002
        yield PartFailed("engine", "this is a recording: no model runs")

    def stop(self) -> None:
        self._stopped.set()

    async def close(self) -> None:
        self._stopped.set()

    async def _step(self) -> AsyncGenerator[Event]:
        """The next recorded event, after the time that passed before it; decisions are the person's, now as then."""
        event = self._events[self._place]
        if self._place == self._paused_at:
            await self._stopped.wait()
        elif self._place and self._speed:
            wait = min(_LONGEST_WAIT_S, event.at - self._events[self._place - 1].at) / self._speed
            if wait > 0:
                try:
                    await asyncio.wait_for(self._stopped.wait(), wait)
                except TimeoutError:
                    pass  # nobody stopped it: the time has passed
                else:
                    return
        elif not self._speed:
            await asyncio.sleep(0)
        if self._stopped.is_set():
            return
        self._place += 1
        if self._place in (self._paused_at, len(self._events)):
            self.reached.set()
        if isinstance(event, DiffChanged):
            self.settle.pending = event.diff
        if self._whole or not isinstance(event, (SessionStarted, *_DECISIONS)):
            yield event
