"""What was said between a person and the model, as messages that strictly alternate: prompts, replies, execution results."""

from __future__ import annotations

from collections.abc import Iterable

from oci_tui.core import events, feedback
from oci_tui.core.events import Event
from oci_tui.core.generation import Message
from oci_tui.core.output import KeptOutput

_UNRUN = {"input() was called": feedback.INPUT_CALLED, "reply cut off": feedback.CUT_OFF}


class Dialogue:
    """A reader of the event stream. Between two replies stands one message: what runs printed, then what else was said."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._results: list[str] = []
        self._words: list[str] = []
        self._output = KeptOutput()
        self._images = 0
        self._in_turn = False
        self._outcome = ""

    @property
    def messages(self) -> list[Message]:
        """So far: the first and every second is the person's."""
        said = self._said()
        return [*self._messages, *([Message("user", said)] if said else [])]

    def show(self, event: Event) -> None:
        match event:
            case events.TurnStarted():
                self._in_turn = True
                self._words.append(event.prompt)
            case events.Steered():
                self._words.append(event.text)
            case events.EditsRefused() if self._in_turn:
                self._words.append(feedback.refused_edits(event.reasons))
            case events.RoundFinished():
                self._outcome = event.outcome
            case events.RoundStarted() if event.round > 1 and not self._said():
                self._words.append(_UNRUN.get(self._outcome, self._outcome))
            case events.ReplyFinished():
                self._reply(event.text)
            case events.CommandStarted():
                self._output, self._images = KeptOutput(), 0
            case events.OutputArrived():
                self._output.add(event.stream, event.text)
            case events.PlotDrawn():
                self._images += 1
            case events.CommandFinished() if self._in_turn:
                output = self._output.text() + feedback.IMAGE * self._images
                expected, omitted = bool(event.command.language), self._output.omitted
                said = feedback.execution_result(output, event.exit, expect_output=expected, omitted=omitted)
                self._results.append(said)
            case events.TurnFinished():
                self._in_turn = False

    def _said(self) -> str:
        return "\n\n".join(text for text in (*self._results, *self._words) if text.strip())

    def _reply(self, text: str) -> None:
        if said := self._said():
            self._messages.append(Message("user", said))
            self._results, self._words = [], []
        if not self._messages or not text.strip():
            return
        if self._messages[-1].role == "assistant":
            text = f"{self._messages.pop().content}\n\n{text}"
        self._messages.append(Message("assistant", text))


def said(happened: Iterable[Event]) -> list[Message]:
    """The messages of these events."""
    dialogue = Dialogue()
    for event in happened:
        dialogue.show(event)
    return dialogue.messages
