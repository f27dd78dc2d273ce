"""A session that several clients are at: it does what is asked in order, tells everybody, and keeps to what each may do."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path

from oci_tui.core.company import Participant, Role
from oci_tui.core.diff import Diff
from oci_tui.core.errors import OciError, ShareError
from oci_tui.core.events import DiffChanged, Event, TurnFailed, TurnFinished, TurnStarted, WorkspaceReady, encode
from oci_tui.core.session import Session
from oci_tui.share import protocol
from oci_tui.share.company import Company
from oci_tui.share.follower import Follower
from oci_tui.share.frames import event_frame, message_frame
from oci_tui.share.picking import chosen
from oci_tui.share.protocol import Done, NamesTold, SessionInfo
from oci_tui.share.question import Question

FLUSH_S = 0.01
"""How long events wait for more: one write to each client then takes them all."""
MOST_ASKED = 64
Names = tuple[tuple[str, ...], dict[str, str]]
_log = logging.getLogger("oci_tui.host")


class SharedSession:
    """`session`'s journal is the file `journal`; `serve` makes it ready and does what is asked until it is cancelled."""

    def __init__(self, number: int, session: Session, root: Path, journal: Path, *, open_to_guests: bool) -> None:
        self.number = number
        self.open_to_guests = open_to_guests
        self._session = session
        self._root = root
        self._journal = journal
        self._company = Company()
        self._followers: dict[int, Follower] = {}
        self._waiting: dict[int, tuple[str, ...]] = {}
        self._asked: deque[tuple[int, protocol.Request]] = deque()
        self._woken = asyncio.Event()
        self._frames: list[bytes] = []
        self._names: asyncio.Task[Names] | None = None
        self._pending = Diff()
        self._question = Question(self._say, lambda: driver.number if (driver := self._company.driver) else 0)
        session.approval.person = self._question
        self.running = False

    def info(self) -> SessionInfo:
        present = tuple(self._company.participants.values())
        return SessionInfo(self.number, self._session.name, str(self._root), self.running, present)

    async def serve(self) -> None:
        """Make the session ready, then do what is asked."""
        if problem := await self._done_with(0, 0, self._session.prepare()):
            self._tell(TurnFailed(problem))
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._asked:
                by, request = self._asked.popleft()
                await self._do(by, request)

    async def close(self) -> None:
        """Give the session's parts back. Raises its port's error."""
        if self._names is not None:
            self._names.cancel()
        self._flush()
        await self._session.close()

    # who is there

    def join(self, name: str, role: Role | None, writer: asyncio.StreamWriter, *, guest: bool) -> tuple[Participant, Follower]:
        """Let somebody in; their follower still has to catch up."""
        joined, events = self._company.join(name, role, guest=guest)
        follower = self._followers[joined.number] = Follower(writer, self._journal, self._level)
        self._tell_company(events)
        return self._company.participants[joined.number], follower

    async def leave(self, number: int) -> None:
        """Somebody has gone; what waited at the terminal of the driver is done all the same."""
        await self._followers.pop(number).close()
        waiting = self._waiting.pop(number, ())
        if self._company.participants[number].role == "driver":
            for prompt in waiting:
                asked = protocol.Run(0, prompt[1:]) if prompt.startswith("!") else protocol.Ask(0, prompt)
                self._asked.append((number, asked))
            self._woken.set()
        self._tell_company(self._company.leave(number))

    # what they say

    async def obey(self, by: int, command: protocol.Command) -> None:
        """Do what this participant says, at once or in its turn; what they may not is refused, to them alone."""
        try:
            self._company.check(by, command)
            navigates = self._company.participants[by].role == "navigator"
            match command:
                case protocol.Ask() | protocol.Steer() if navigates:
                    text = command.prompt if isinstance(command, protocol.Ask) else command.text
                    self._tell_company(self._company.suggest(by, text))
                    self._done(by, command)
                case protocol.Steer():
                    self._session.steer(command.text)
                case protocol.Stop():
                    self._stop(by)
                case protocol.Names():
                    files, symbols = await self._known_names()
                    self._say(by, message_frame(NamesTold(command.id, files, symbols)))
                case protocol.Wait():
                    self._waiting[by] = command.prompts[:MOST_ASKED]
                case protocol.Approve():
                    self._tell(self._session.approve(command.mode))
                case protocol.Adopt():
                    self._session.adopt(command.policy)
                case protocol.Answered():
                    self._question.answered(by, command)
                case protocol.Appoint():
                    self._tell_company(self._company.appoint(by, command.participant, command.role))
                case protocol.Settle():
                    self._tell_company(self._company.settle(by, command.suggestion, taken=command.taken))
                case _:
                    if sum(asked == by for asked, _ in self._asked) >= MOST_ASKED:
                        raise ShareError(f"{MOST_ASKED} things wait to be done; stop them first")
                    self._asked.append((by, command))
                    self._woken.set()
        except OciError as error:
            self._done(by, command, str(error))

    def _stop(self, by: int) -> None:
        here = set(self._company.participants) - {by}
        dropped = [request for asked, request in self._asked if asked not in here]
        self._asked = deque(waiting for waiting in self._asked if waiting[0] in here)
        for request in dropped:
            self._done(by, request)
        self._session.stop()

    async def _do(self, by: int, request: protocol.Request) -> None:
        try:
            if by in self._company.participants:
                self._company.check(by, request)
            events = self._events(request)
        except OciError as error:
            self._done(by, request, str(error))
            return
        only = by if isinstance(request, protocol.History) else 0
        self._done(by, request, await self._done_with(by, only, events))

    async def _done_with(self, by: int, only: int, events: AsyncGenerator[Event]) -> str:
        """Tell what happens to everybody, or `only` to one; why it was not done, "" when it was."""
        try:
            await self._play(by, only, events)
        except OciError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - one session's fault is not the others' end
            _log.exception("session %s", self._session.name)
            return f"internal error: {type(error).__name__}: {error}; the host's log has more"
        return ""

    def _events(self, request: protocol.Request) -> AsyncGenerator[Event]:
        session, settle = self._session, self._session.settle
        match request:
            case protocol.Ask():
                return session.ask(request.prompt, request.begun)
            case protocol.Run():
                return session.run(request.text)
            case protocol.Accept():
                return settle.accept(chosen(request.picks, self._pending), clean_only=request.clean_only)
            case protocol.Reject():
                return settle.reject(chosen(request.picks, self._pending))
            case protocol.GiveWay():
                return settle.give_way(request.paths)
            case protocol.Commit():
                return settle.commit(request.message)
            case protocol.Undo():
                return settle.undo()
            case protocol.Redo():
                return settle.redo()
            case protocol.Restore():
                return settle.restore(request.number)
            case protocol.Include():
                return settle.include(request.path)
            case _:
                return settle.history()

    # what they are told

    async def _play(self, by: int, only: int, happening: AsyncGenerator[Event]) -> None:
        async with aclosing(happening) as happened:
            async for event in happened:
                if only:
                    self._say(by, event_frame(encode(event)))
                else:
                    self._tell(event)

    def _tell(self, event: Event) -> None:
        match event:
            case DiffChanged():
                self._pending = event.diff
            case TurnStarted():
                self.running = True
            case TurnFinished() | WorkspaceReady():
                self.running = self.running and not isinstance(event, TurnFinished)
                self._names = None
        if not self._frames:
            asyncio.get_running_loop().call_later(FLUSH_S, self._flush)
        self._frames.append(event_frame(encode(event)))

    def _tell_company(self, events: Iterable[Event]) -> None:
        for event in events:
            self._tell(self._session.note(event))
        self._tell(self._company.now())
        self._question.follow()

    def _flush(self) -> None:
        if not self._frames:
            return
        frames, size = b"".join(self._frames), self._journal.stat().st_size
        self._frames.clear()
        for follower in self._followers.values():
            follower.happened(frames, size)

    def _level(self) -> bytes:
        self._flush()
        return event_frame(encode(self._company.now()))

    def _say(self, to: int, frame: bytes) -> None:
        self._flush()
        if to in self._followers:
            self._followers[to].say(frame)

    def _done(self, by: int, command: protocol.Command, problem: str = "") -> None:
        number = getattr(command, "id", 0)
        if number or problem:
            self._say(by, message_frame(Done(number, problem)))

    async def _known_names(self) -> Names:
        """Files and symbols, looked up once for all clients until they may have changed."""
        if self._names is None:
            self._names = asyncio.create_task(self._look_up_names())
        return await asyncio.shield(self._names)

    async def _look_up_names(self) -> Names:
        symbols = await self._session.symbols()
        return self._session.files(), symbols
