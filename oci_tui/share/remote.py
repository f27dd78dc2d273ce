"""A session of a host, as its clients have it: the same interface as a session of one's own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import ClassVar

import msgspec

from oci_tui.core.approval import Approval, ApprovalChosen
from oci_tui.core.company import CompanyChanged, HostLost, Participant, Role
from oci_tui.core.errors import ShareError
from oci_tui.core.events import Event, PlotDrawn, TurnFailed, decode
from oci_tui.core.generation import Begun
from oci_tui.core.policy import Policy
from oci_tui.core.ports import ApprovalMode, Engine
from oci_tui.core.selection import Selection
from oci_tui.share import protocol
from oci_tui.share.calling import Call
from oci_tui.share.frames import message_frame, read_message, receive
from oci_tui.share.picking import picked
from oci_tui.share.protocol import STOPPED, Asked, CaughtUp, Done, Joined, NamesTold, Refused, Withdrawn

MOST_UNREAD = 20_000
"""Events; a client that does not come to read more leaves them to the host."""
Made = Callable[[int], protocol.Request]


class RemoteSettlement:
    """What the driver decides, done by the host. Raises ShareError for what it refuses."""

    def __init__(self, asked: Callable[[Made], AsyncGenerator[Event]]) -> None:
        self._asked = asked

    def accept(self, selection: Selection | None = None, *, clean_only: bool = False) -> AsyncGenerator[Event]:
        return self._asked(lambda number: protocol.Accept(number, picked(selection), clean_only))

    def reject(self, selection: Selection | None = None) -> AsyncGenerator[Event]:
        return self._asked(lambda number: protocol.Reject(number, picked(selection)))

    def give_way(self, paths: tuple[str, ...]) -> AsyncGenerator[Event]:
        return self._asked(lambda number: protocol.GiveWay(number, paths))

    def commit(self, message: str = "") -> AsyncGenerator[Event]:
        return self._asked(lambda number: protocol.Commit(number, message))

    def undo(self) -> AsyncGenerator[Event]:
        return self._asked(protocol.Undo)

    def redo(self) -> AsyncGenerator[Event]:
        return self._asked(protocol.Redo)

    def restore(self, number: int) -> AsyncGenerator[Event]:
        return self._asked(lambda request: protocol.Restore(request, number))

    def history(self) -> AsyncGenerator[Event]:
        return self._asked(protocol.History)

    def include(self, path: str) -> AsyncGenerator[Event]:
        return self._asked(lambda number: protocol.Include(number, path))


class RemoteCompany:
    """What a participant says about roles and suggestions. Sent, not waited for: what comes of it is told as events."""

    def __init__(self, say: Callable[[protocol.Command], None], unasked: Callable[[], AsyncGenerator[Event]]) -> None:
        self._say = say
        self.unasked = unasked
        self.me = Participant(0, "", "observer")

    def appoint(self, participant: int, role: Role) -> None:
        self._say(protocol.Appoint(participant, role))

    def wait(self, prompts: tuple[str, ...]) -> None:
        """Not said to a host that is gone: nothing would go on there."""
        with suppress(ShareError):
            self._say(protocol.Wait(prompts))

    def settle(self, suggestion: int, *, taken: bool) -> None:
        self._say(protocol.Settle(suggestion, taken))


class RemoteSession:
    """`call` connects and greets; `join` says which session, and as what. `prepare` connects and catches up.

    One thing at a time is asked for, as of a session; `approval.person` is asked only while they drive. `lost`: why it is over.
    """

    recorded: ClassVar[bool] = True
    past: Sequence[Event] = ()

    def __init__(self, call: Call, name: str, join: protocol.Join) -> None:
        self.name = name
        self.approval = Approval()
        self._call = call
        self._join = join
        self._numbers = count(1)
        self._arrived: deque[Event | CaughtUp | Done] = deque()
        self._changed = asyncio.Condition()
        self._asking = 0
        self.lost = ""
        self._names: dict[int, asyncio.Future[NamesTold]] = {}
        self._files: tuple[str, ...] = ()
        self._reading: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._policy: Policy | None = None
        self._questions: dict[int, asyncio.Task[None]] = {}
        self.settle = RemoteSettlement(self._asked)
        self.company = RemoteCompany(self._say, self._unasked)

    async def prepare(self) -> AsyncGenerator[Event]:
        """Come to the session; yields all that has happened there. Raises ShareError."""
        reader, self._writer = await self._call.connected()
        self._writer.write(message_frame(self._join))
        _, body = await receive(reader, protocol.HOST_FRAME)
        answer = read_message(body, protocol.ANSWER)
        if not isinstance(answer, Joined):
            raise ShareError(answer.reason if isinstance(answer, Refused) else "the host does not keep to the protocol")
        self.company.me = answer.you
        if self._policy is not None:
            self._say(protocol.Adopt(self._policy))
        self._reading = asyncio.create_task(self._read(reader))
        self._asking += 1
        try:
            while not isinstance(item := await self._next(), CaughtUp):
                if not isinstance(item, Done):
                    yield item
                if isinstance(item, HostLost):
                    return
        finally:
            await self._asked_less()

    def ask(self, prompt: str, begun: Begun | None = None) -> AsyncGenerator[Event]:
        """A turn, once it is this prompt's. A navigator's becomes a suggestion."""
        return self._asked(lambda number: protocol.Ask(number, prompt, begun))

    def run(self, text: str) -> AsyncGenerator[Event]:
        return self._asked(lambda number: protocol.Run(number, text))

    async def _unasked(self) -> AsyncGenerator[Event]:
        """What happens while nothing that was asked from here is being done."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._asking and (self._arrived or self.lost))
            if not self._arrived:
                return
            if not isinstance(item := self._arrived.popleft(), CaughtUp | Done):
                yield item

    def files(self) -> Sequence[str]:
        """The files as `symbols` learned them last."""
        return self._files

    async def symbols(self) -> Mapping[str, str]:
        number = next(self._numbers)
        self._names[number] = asyncio.get_running_loop().create_future()
        self._say(protocol.Names(number))
        try:
            told = await self._names[number]
        finally:
            del self._names[number]
        self._files = told.files
        return told.symbols

    def steer(self, text: str) -> None:
        self._say(protocol.Steer(text))

    def stop(self) -> None:
        """Not said to a host that is gone: nothing runs there."""
        with suppress(ShareError):
            self._say(protocol.Stop())

    def adopt(self, policy: Policy) -> None:
        """Have the turns that come run like this."""
        self._policy = policy
        if self._writer is not None and not self.lost:
            self._say(protocol.Adopt(policy))

    def approve(self, mode: ApprovalMode) -> None:
        """Have commands approved in this way; the host tells when it is so. Raises ShareError for who does not drive."""
        if self.company.me.role != "driver":
            raise ShareError(f"only the driver can do that; you are {self.company.me.role}")
        self._say(protocol.Approve(mode))

    async def use(self, engine: Engine) -> AsyncGenerator[Event]:  # noqa: ARG002
        """Refused: the engine is of all sessions of the host."""
        yield TurnFailed("the model is of all sessions of this host; begin another host for another model")

    async def close(self) -> None:
        """Leave. The session goes on."""
        tasks = [*self._questions.values(), *((self._reading,) if self._reading is not None else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()

    # what is asked and what arrives

    async def _asked(self, made: Made) -> AsyncGenerator[Event]:
        """Everything that happens until what was asked is done."""
        number = next(self._numbers)
        self._asking += 1
        try:
            self._say(made(number))
            while True:
                item = await self._next()
                if not isinstance(item, CaughtUp | Done):
                    yield item
                if isinstance(item, HostLost):
                    return
                if isinstance(item, Done) and item.id == number:
                    if item.problem:
                        raise ShareError(item.problem)
                    return
        finally:
            await self._asked_less()

    def _say(self, command: protocol.Command) -> None:
        """Raises ShareError when the host is gone."""
        if self.lost or self._writer is None:
            raise ShareError(self.lost or "the session is not there yet")
        frame = message_frame(command)
        if len(frame) > protocol.CLIENT_FRAME:
            raise ShareError(f"that is too long: at most {protocol.CLIENT_FRAME >> 20} MiB can be said to a host at once")
        self._writer.write(frame)

    async def _next(self) -> Event | CaughtUp | Done:
        async with self._changed:
            await self._changed.wait_for(lambda: self._arrived or self.lost)
        if not self._arrived:
            raise ShareError(self.lost)
        return self._arrived.popleft()

    async def _asked_less(self) -> None:
        self._asking -= 1
        async with self._changed:
            self._changed.notify_all()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Take in what the host says until it says no more."""
        try:
            while True:
                is_event, body = await receive(reader, protocol.HOST_FRAME)
                await self._take(decode(body) if is_event else read_message(body, protocol.ANSWER))
        except EOFError:
            await self._lose(self._to_resume("the host is gone"))
        except OSError as error:
            await self._lose(self._to_resume(f"the host is gone ({error.strerror})"))
        except ShareError as error:
            await self._lose(str(error))

    async def _take(self, item: Event | protocol.Answer) -> None:
        match item:
            case NamesTold():
                if (waiting := self._names.get(item.id)) is not None and not waiting.done():
                    waiting.set_result(item)
                return
            case Refused():
                raise ShareError(self._to_resume(item.reason) if item.reason == STOPPED else item.reason)
            case Asked():
                self._questions[item.question] = asyncio.create_task(self._answer(item))
                return
            case Withdrawn():
                if (asking := self._questions.pop(item.question, None)) is not None:
                    asking.cancel()
                return
            case Joined() | protocol.Greeted() | protocol.Opened() | protocol.Invited() | protocol.Ended():
                raise ShareError("the host does not keep to the protocol")
            case Done(id=0):
                self._arrived.append(TurnFailed(item.problem))
            case _:
                self._arrived.append(self._known(item))
        async with self._changed:
            self._changed.notify_all()
            while len(self._arrived) > MOST_UNREAD:
                await self._changed.wait()

    def _known(self, item: Event | CaughtUp | Done) -> Event | CaughtUp | Done:
        """What has arrived, once what it says about this client is known here."""
        match item:
            case CompanyChanged():
                me = self.company.me
                self.company.me = next((there for there in item.participants if there.number == me.number), me)
                return msgspec.structs.replace(item, you=me.number)
            case ApprovalChosen():
                self.approval.mode = item.mode
            case PlotDrawn() if self.company.me.guest:
                # another user's host is not to name files of ours
                return msgspec.structs.replace(item, plot=msgspec.structs.replace(item.plot, path=""))
        return item

    async def _answer(self, asked: Asked) -> None:
        """Put a question to the person and say what they say."""
        if (person := self.approval.person) is not None:
            answer = await person.ask(asked.command, asked.pattern)
            self._questions.pop(asked.question, None)
            self._say(protocol.Answered(asked.question, answer))

    def _to_resume(self, why: str) -> str:
        """Why the host is not there, and how the session goes on without it."""
        if self.company.me.guest:
            return f"{why}; the owner can go on with the session"
        return f"{why}; `oci-tui resume {self.name}` goes on with this session"

    async def _lose(self, why: str) -> None:
        """The host is gone: told as the last event, to whoever takes that."""
        self.lost = why
        self._arrived.append(HostLost(why))
        for asking in self._questions.values():
            asking.cancel()
        for waiting in self._names.values():
            if not waiting.done():
                waiting.set_exception(ShareError(why))
        async with self._changed:
            self._changed.notify_all()
