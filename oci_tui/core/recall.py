"""How a session goes on in another process: checkpoints while it runs, and what a journal says of it once it has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from oci_tui.core import context, events
from oci_tui.core.conversation import Conversation
from oci_tui.core.dialogue import said
from oci_tui.core.events import Event
from oci_tui.core.generation import Message
from oci_tui.core.output import KeptOutput
from oci_tui.core.ports import Command, Exit
from oci_tui.core.verdict import Verdict

CHECKED = (
    events.RoundStarted,
    events.RoundFinished,
    events.TurnFinished,
    events.ChangeAccepted,
    events.ChangeRejected,
    events.ChangeUndone,
    events.ChangeRedone,
    events.ChangeGaveWay,
    events.RoundRestored,
)
"""Before these the journal gets a checkpoint: a crash loses no more than the round that runs."""

_NOT_OF_THE_STORY = (
    events.Checkpointed,
    events.SessionStarted,
    events.SessionResumed,
    events.SessionRenamed,
    events.PartProgressed,
    events.EngineReady,
    events.SandboxReady,
    events.WorkspaceReady,
    events.PartFailed,
    events.HistoryListed,
)


class Checkpoints:
    """Says of a conversation what is new since the checkpoint before; `last` is that one's, of a session that is resumed."""

    def __init__(self, conversation: Conversation, last: Recalled | None = None) -> None:
        self._conversation = conversation
        self._messages: list[Message] = list(last.conversation.messages) if last and last.exact else []
        self._known = dict(last.conversation.known) if last and last.exact else None
        self._state = last.state if last else 0

    def next(self, state: int) -> events.Checkpointed | None:
        """The checkpoint of now, with the number of the files' state; None when all is as it was."""
        talk = self._conversation
        pairs = zip(self._messages, talk.messages, strict=False)
        same = next(
            (place for place, (old, new) in enumerate(pairs) if old != new), min(len(self._messages), len(talk.messages))
        )
        known = None if talk.known == self._known else dict(talk.known)
        if same == len(self._messages) == len(talk.messages) and known is None and state == self._state:
            return None
        new = tuple(talk.messages[same:])
        self._messages[same:], self._known, self._state = new, known if known is not None else self._known, state
        return events.Checkpointed(same, new, known, "" if same else talk.instructions, state)


class Recalled(NamedTuple):
    """Where a session stood: the conversation, the state of the files, and the prompts of what is not committed.

    `exact`: there were checkpoints; without (an older version) the conversation is what was said, without the files shown.
    """

    conversation: Conversation
    state: int
    prompts: tuple[str, ...]
    exact: bool


def recalled(happened: Sequence[Event]) -> Recalled:
    """Where the session of these events stood at their end."""
    talk = Conversation()
    messages: list[Message] = []
    prompts: list[str] = []
    state, output = 0, KeptOutput()
    for event in happened:
        match event:
            case events.Checkpointed():
                messages[event.same :] = event.messages
                talk.known = talk.known if event.known is None else event.known
                talk.instructions = talk.instructions if event.same else event.instructions
                state = event.state
            case events.TurnStarted():
                talk.turns = max(talk.turns, event.turn)
                prompts.append(event.prompt)
            case events.ChangeCommitted() | events.ChangeRejected(paths=()):
                prompts.clear()
            case events.CommandStarted():
                output = KeptOutput()
            case events.OutputArrived():
                output.add(event.stream, event.text)
    exact = bool(messages)
    talk.messages = messages or [context.system_message(), *said(happened)]
    talk.output = output.text()
    return Recalled(talk, state, tuple(prompts), exact)


def unfinished(happened: Sequence[Event]) -> tuple[Event, ...]:
    """What was cut off lacks: the end of a turn, or of a command that the person ran outside of one."""
    turn, rounds, ended, began = 0, 0, True, 0.0
    own: Command | None = None
    for event in happened:
        match event:
            case events.TurnStarted():
                turn, rounds, ended, own, began = event.turn, 0, False, None, event.at
            case events.RoundStarted():
                rounds = event.round
            case events.TurnFinished():
                ended = True
            case events.CommandStarted() if ended:
                own = event.command
            case events.CommandFinished():
                own = None
    at = happened[-1].at if happened else 0.0
    if not ended:
        return (events.TurnFinished(turn, Verdict.STOPPED, rounds, max(at - began, 0.0), at=at),)
    return (events.CommandFinished(own, Exit(1, "connection lost"), at=at),) if own else ()


def condensed(happened: Iterable[Event]) -> tuple[Event, ...]:
    """The same story in fewer events: what came in pieces is in one; what is of a process or the journal is left out."""
    told: list[Event] = []
    text: list[str] = []

    def flush() -> None:
        if len(text) > 1:
            last = told[-1]
            assert isinstance(last, events.ReplyGrew | events.OutputArrived)
            whole = "".join(text)
            told[-1] = (
                events.ReplyGrew(whole, at=last.at)
                if isinstance(last, events.ReplyGrew)
                else events.OutputArrived(last.stream, whole, at=last.at)
            )
        text.clear()

    for event in happened:
        if isinstance(event, _NOT_OF_THE_STORY):
            continue
        before = told[-1] if told and text else None
        match event, before:
            case (events.ReplyGrew(), events.ReplyGrew()):
                text.append(event.text)
                continue
            case (events.OutputArrived(), events.OutputArrived()) if event.stream == before.stream:
                text.append(event.text)
                continue
        flush()
        told.append(event)
        if isinstance(event, events.ReplyGrew | events.OutputArrived):
            text.append(event.text)
    flush()
    return tuple(told)
