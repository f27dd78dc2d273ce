"""May this run? A command, whole, and the keys that answer: a screen of the app's own, which no output can draw."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Label

from oci_tui.core.ports import Answer, Command
from oci_tui.core.rules import text_of
from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys
from oci_tui.ui.panes.choices import Choices
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.reading import ReadPane
from oci_tui.ui.wording import plural, wrap

_NUMBER = 5


class CommandPane(ReadPane):
    """The text, numbered by its lines; what does not fit a row goes on in the next, so that nothing of it is out of sight."""

    LABEL = "Command"
    GUTTER = _NUMBER

    def __init__(self, command: Command) -> None:
        super().__init__(id="command")
        self._text = [visible_line(line.expandtabs(4)) for line in text_of(command).split("\n")]
        self._rows: list[Spans] = []

    def on_resize(self, _event: events.Resize) -> None:
        self._rows = [
            ((f"{number if not part else '':>{_NUMBER - 1}} ", "number"), (row, "text"))
            for number, line in enumerate(self._text, 1)
            for part, row in enumerate(wrap(line, self.size.width - _NUMBER - 1))
        ]
        around = 8 if self.size.width > 80 else 11
        self.styles.height = max(1, min(len(self._rows), self.app.size.height - around))
        self.changed(0)

    def line_count(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> Spans:
        return self._rows[index]


class ApprovalScreen(ModalScreen[None]):
    """`answer` is done once the person has said something. Keys and clicks that begin before `READ_S` do not count.

    Who was typing, or held a button of the mouse, did not answer: what can be clicked takes its place only then.
    """

    READ_S: ClassVar[float] = 0.6

    DEFAULT_CSS = """
    ApprovalScreen { align: center middle; background: $background 70%; }
    ApprovalScreen > Vertical {
        width: 100; max-width: 100%; height: auto; max-height: 100%; padding: 1; background: $surface; border: none;
    }
    ApprovalScreen CommandPane { height: 1; background: $surface; }
    ApprovalScreen .said { width: 100%; height: auto; color: $warning; text-style: bold; margin-bottom: 1; }
    ApprovalScreen .unread { width: 100%; height: auto; color: $ink-faint; margin-top: 1; }
    ApprovalScreen Choices, ApprovalScreen.armed .unread { display: none; }
    ApprovalScreen.armed Choices { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.of("Command")

    def __init__(self, command: Command, pattern: str) -> None:
        super().__init__()
        self._command, self._pattern = command, pattern
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.armed = False
        self._reading: Timer | None = None

    def compose(self) -> ComposeResult:
        what = f"this {visible_line(self._command.language)} code" if self._command.language else "this command"
        same = f"all that is “{visible_line(self._pattern)}”" if self._pattern else "exactly this"
        lines = plural(text_of(self._command).count("\n") + 1, "line")
        with Vertical():
            yield Label(f"May the model run {what} ({lines}) in the sandbox?", classes="said", markup=False)
            yield CommandPane(self._command)
            choices = [
                (f"{self._key('yes')} run it", "screen.say('yes')"),
                (f"{self._key('no')} do not: the turn ends", "screen.say('no')"),
                (f"{self._key('always')} always in this session: {same}", "screen.say('always')"),
                (f"{self._key('stop')} stop the turn", "app.stop"),
            ]
            yield Label(" · ".join(said for said, _ in choices), classes="unread", markup=False)
            yield Choices(choices)

    def _key(self, name: str) -> str:
        return keys.hint(f"command.{name}", keys.keymap_of(self.app))

    def on_mount(self) -> None:
        self._let_read()
        # until then another program had the terminal, and nobody saw the question
        self.app.app_resume_signal.subscribe(self, lambda _: self._let_read())

    def _let_read(self) -> None:
        """Take answers only after the time it takes to see that there is a question."""
        self.armed = False
        self.remove_class("armed")
        if self._reading is not None:
            self._reading.stop()
        self._reading = self.set_timer(self.READ_S, self._arm)

    def _arm(self) -> None:
        self.armed = True
        self.add_class("armed")

    def action_say(self, answer: Answer) -> None:
        if self.armed and not self.answer.done():
            self.answer.set_result(answer)
