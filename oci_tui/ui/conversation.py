"""The person's side of a session: what runs, which prompts wait, what is pending; one thing at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar, Protocol

from oci_tui.core.approval import Approval
from oci_tui.core.company import HostLost, Participant, Role
from oci_tui.core.diff import Diff
from oci_tui.core.errors import OciError
from oci_tui.core.events import DiffChanged, Event, ReplyFinished, Steered, TurnFailed, TurnFinished, TurnStarted
from oci_tui.core.generation import Begun
from oci_tui.core.policy import Policy
from oci_tui.core.ports import ApprovalMode, Engine
from oci_tui.core.selection import Selection

BUSY = "A turn is running"
DRAW_S = 0.03
"""So long what follows from a reply waits: its end is on the screen before the edits in it are computed."""


class Settles(Protocol):
    """`core.settlement.Settlement`, or that of a replay."""

    def accept(self, selection: Selection | None = None, *, clean_only: bool = False) -> AsyncGenerator[Event]: ...
    def reject(self, selection: Selection | None = None) -> AsyncGenerator[Event]: ...
    def give_way(self, paths: tuple[str, ...]) -> AsyncGenerator[Event]: ...
    def commit(self, message: str = "") -> AsyncGenerator[Event]: ...
    def undo(self) -> AsyncGenerator[Event]: ...
    def redo(self) -> AsyncGenerator[Event]: ...
    def restore(self, number: int) -> AsyncGenerator[Event]: ...
    def history(self) -> AsyncGenerator[Event]: ...
    def include(self, path: str) -> AsyncGenerator[Event]: ...


class Companion(Protocol):
    """Who else is at the session: `share.remote.RemoteCompany`. `unasked` are the events of what others ask for.

    `wait` says which prompts wait here: they are asked also when this terminal goes away.
    """

    @property
    def me(self) -> Participant: ...
    def unasked(self) -> AsyncGenerator[Event]: ...
    def appoint(self, participant: int, role: Role) -> None: ...
    def settle(self, suggestion: int, *, taken: bool) -> None: ...
    def wait(self, prompts: tuple[str, ...]) -> None: ...


class Converses(Protocol):
    """What the app is given: `core.session.Session`, one of a host, or a replay. `past` is what happened before it was resumed.

    `approve` returns its event, or None where that comes by itself. `company` is None where there cannot be others; where there
    can, the session goes on when the app leaves. `recorded`: it can be resumed.
    """

    recorded: ClassVar[bool]

    @property
    def name(self) -> str: ...
    @property
    def past(self) -> Sequence[Event]: ...
    def prepare(self) -> AsyncGenerator[Event]: ...
    def ask(self, prompt: str, begun: Begun | None = None) -> AsyncGenerator[Event]: ...
    def run(self, text: str) -> AsyncGenerator[Event]: ...
    def files(self) -> Sequence[str]: ...
    async def symbols(self) -> Mapping[str, str]: ...
    def steer(self, text: str) -> None: ...
    def stop(self) -> None: ...
    def adopt(self, policy: Policy) -> None: ...
    def approve(self, mode: ApprovalMode) -> Event | None: ...
    @property
    def approval(self) -> Approval: ...
    def use(self, engine: Engine) -> AsyncGenerator[Event]: ...
    @property
    def settle(self) -> Settles: ...
    @property
    def company(self) -> Companion | None: ...
    async def close(self) -> None: ...


class Conversation:
    """Runs prompts and decisions in order. `show` gets every event, `changed` is called when the fields below differ."""

    def __init__(self, show: Callable[[Event], None], changed: Callable[[], None]) -> None:
        self._show = show
        self._changed = changed
        self._session: Converses | None = None
        self._woken = asyncio.Event()
        self._decision: Callable[[Converses], AsyncGenerator[Event]] | None = None
        self.deciding = False
        self._begun: dict[str, Begun] = {}
        self._unread: list[str] = []
        self._policy: Policy | None = None
        self.waiting: deque[str] = deque()
        self.ready = False
        self._asking = self._turning = False
        self.stopping = False
        self.pending = Diff()
        self.lost = ""
        """Why nothing more can be asked: the session's host is gone."""

    async def serve(self, session: Converses) -> None:
        """Make the session ready, then do what is asked until cancelled."""
        self._session = session
        if self._policy is not None:
            session.adopt(self._policy)
        await self._play(session.prepare())
        self.ready = True
        self._changed()
        company = session.company
        others = asyncio.create_task(self._play(company.unasked())) if company is not None else None
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                while (self._decision or self.waiting) and not self.lost:
                    await self._next(session)
        finally:
            if others is not None:
                others.cancel()

    @property
    def running(self) -> bool:
        """Whether what this person asked for, or another's turn, is being done."""
        return self._asking or self._turning

    @property
    def goes_on(self) -> bool:
        """Whether what is pending when the person leaves is there when the session is resumed."""
        return self._session is not None and self._session.recorded

    @property
    def drives(self) -> bool:
        """Whether this person decides here; a navigator's prompts are suggestions, an observer looks."""
        return self.company is None or self.company.me.role == "driver"

    @property
    def catching_up(self) -> bool:
        """Whether what is shown happened before this person came."""
        return self.company is not None and not self.ready

    @property
    def company(self) -> Companion | None:
        """Who else is there, where there can be others."""
        return self._session.company if self._session is not None else None

    async def names(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """The repository's files, and its symbols with where each is defined; nothing before there is a session."""
        session = self._session
        if session is None:
            return (), {}
        try:
            symbols = await session.symbols()
        except OciError:
            return session.files(), {}  # that a host is gone is told by itself; the names only complete words
        return session.files(), symbols

    def take_back(self, place: int) -> str:
        """The prompt that waits at this place, which then waits no more."""
        prompt = self.waiting[place]
        del self.waiting[place]
        self._line_changed()
        return prompt

    async def _next(self, session: Converses) -> None:
        if decision := self._decision:
            self._decision, self.deciding = None, True
            try:
                await self._play(decision(session))
            finally:
                self.deciding = False
            return
        prompt = self.waiting.popleft()
        self._asking, self.stopping = True, False
        self._line_changed()
        try:
            begun = self._begun.pop(prompt, None)
            await self._play(session.run(prompt[1:]) if prompt.startswith("!") else session.ask(prompt, begun))
        finally:
            self._asking = self._turning = self.stopping = False
            self._changed()

    async def _play(self, events: AsyncGenerator[Event]) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self._note(event)
                    self._show(event)
                    if isinstance(event, ReplyFinished):
                        await asyncio.sleep(DRAW_S)
        except OciError as error:
            self._show(TurnFailed(message=str(error)))

    def _note(self, event: Event) -> None:
        match event:
            case DiffChanged():
                self.pending = event.diff
            case Steered(text=text) if text in self._unread:
                self._unread.remove(text)
            case TurnStarted():
                # what was said too late for the turn before is in this one's prompt
                self._turning, self._unread = True, []
            case TurnFinished():
                self._turning = self.stopping = False
            case HostLost():
                self.lost = event.message
                self._asking = self._turning = self.stopping = False
            case _:
                return
        self._changed()

    def _line_changed(self) -> None:
        """Others wait in line now; a host is told, since it is to go on with them without this terminal."""
        if self.ready and self.drives and self.company is not None:
            self.company.wait(tuple(prompt for prompt in self.waiting if prompt not in self._begun))
        self._changed()

    def refuses(self, prompt: str) -> str:
        """Why this person cannot send this; "" when they can."""
        company = self.company
        if self.lost or company is None or not self.ready or self.drives:
            return self.lost
        if company.me.role == "observer":
            return "you observe: only the driver asks, and navigators suggest"
        return "only the driver runs commands; a prompt would be a suggestion" if prompt.startswith("!") else ""

    def begin(self, prompt: str, begun: Begun) -> None:
        """As `send`, with a reply that the person changed as the first one or its beginning."""
        self._begun[prompt] = begun
        self.send(prompt)

    def send(self, prompt: str) -> None:
        """Ask this as soon as what came before is done; with "!" before it, run it in the sandbox."""
        self.waiting.append(prompt)
        self._woken.set()
        self._line_changed()

    def adopt(self, policy: Policy) -> None:
        """Run the turns that come like this."""
        self._policy = policy
        if self._session is not None:
            self._session.adopt(policy)

    def approve(self, mode: ApprovalMode | None) -> ApprovalMode | None:
        """Approve commands in this way, None for what follows the present one; the mode, None before there is a session."""
        session = self._session
        if session is None:
            return None
        chosen = mode or session.approval.following()
        try:
            if (event := session.approve(chosen)) is not None:
                self._show(event)
        except OciError as error:
            self._show(TurnFailed(message=str(error)))
            return session.approval.mode
        return chosen

    def steer(self, text: str) -> None:
        """Say this to the model at its next round. Only while a turn runs."""
        if self._session is not None:
            self._unread.append(text)
            self._session.steer(text)

    @property
    def unread(self) -> bool:
        """Whether the model has yet to read something that this person said to it."""
        return bool(self._unread)

    def take_unread(self) -> list[str]:
        """What this person said and a stopped turn did not come to read; it is forgotten here, as the session forgets it."""
        unread, self._unread = self._unread, []
        return unread

    def decide(self, what: str, act: Callable[[Settles], AsyncGenerator[Event]]) -> str:
        """Have `act` done after what is being decided; `what` names it to the person.

        Returns why it cannot be done now, "" when it is on its way.
        """
        if what in ("accept", "reject") and self.ready and not self.running and not self.pending.files:
            return f"Nothing to {what}: no change is pending."
        return self._have_done(what, lambda session: act(session.settle))

    @property
    def keeps_model(self) -> str:
        """Why the model cannot be switched; "" when it can."""
        return "the model is of all sessions of this host; begin another host for another model" if self.company else ""

    def use(self, engine: Engine) -> str:
        """Have this engine take the place of the one that runs. As `decide`."""
        return self._have_done("switch the model", lambda session: session.use(engine))

    def make_ready(self) -> str:
        """Have made ready what could not be before. As `decide`."""
        return self._have_done("make it ready", lambda session: session.prepare())

    def _have_done(self, what: str, act: Callable[[Converses], AsyncGenerator[Event]]) -> str:
        if self.lost:
            return self.lost
        if not self.ready:
            return f"Nothing to {what} yet: the session is still starting."
        if self.running:
            return f"{BUSY}; stop it with Esc, then {what}."
        if self._decision or self.deciding:
            return "One moment: what was decided before is still being done."
        self._decision = act
        self._woken.set()
        return ""

    def stop(self) -> list[str]:
        """End the running turn, or getting ready; the prompts that waited come back, in order."""
        waiting = list(self.waiting)
        self.waiting.clear()
        if (self.running or self.deciding or not self.ready) and self._session is not None:
            self.stopping = self.running
            self._session.stop()
        self._line_changed()
        return waiting
