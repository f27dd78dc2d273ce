"""What was said between a person and the model, as messages that strictly alternate: prompts, replies, execution results."""

from __future__ import annotations

from collections.abc import Iterable

from oci_tui.core import events, feedback
from oci_tui.core.events import Event
from oci_tui.core.generation import Message, Role
from oci_tui.core.output import KeptOutput


class Dialogue:
    """A reader of the event stream. `messages` begin with what the person said; two in a row by the same are one."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._output = KeptOutput()
        self._images = 0
        self._in_turn = False

    def show(self, event: Event) -> None:
        match event:
            case events.TurnStarted():
                self._in_turn = True
                self._say("user", event.prompt)
            case events.Steered():
                self._say("user", event.text)
            case events.ReplyFinished() if self.messages:
                self._say("assistant", event.text)
            case events.EditsRefused() if self._in_turn:
                self._say("user", feedback.refused_edits(event.reasons))
            case events.CommandStarted():
                self._output, self._images = KeptOutput(), 0
            case events.OutputArrived():
                self._output.add(event.stream, event.text)
            case events.PlotDrawn():
                self._images += 1
            case events.CommandFinished() if self._in_turn:
                output = self._output.text() + feedback.IMAGE * self._images
                expected = bool(event.command.language)
                omitted = self._output.omitted
                self._say("user", feedback.execution_result(output, event.exit, expect_output=expected, omitted=omitted))
            case events.TurnFinished():
                self._in_turn = False

    def _say(self, role: Role, text: str) -> None:
        if not text.strip():
            return
        if self.messages and self.messages[-1].role == role:
            text = f"{self.messages.pop().content}\n\n{text}"
        self.messages.append(Message(role, text))


def said(happened: Iterable[Event]) -> list[Message]:
    """The messages of these events."""
    dialogue = Dialogue()
    for event in happened:
        dialogue.show(event)
    return dialogue.messages
