"""May this run? A command, whole, and the keys that answer: a screen of the app's own, which no output can draw."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Label

from oci_tui.core.ports import Answer, Command
from oci_tui.core.rules import text_of
from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys
from oci_tui.ui.panes.choices import Choices, choice, offered
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.own import Own
from oci_tui.ui.panes.reading import ReadPane
from oci_tui.ui.wording import plural, wrap

_NUMBER, _PATTERN = 4, 40
_WIDE, _SHORT = 100, 20


class CommandPane(ReadPane):
    """The text, numbered by its lines; what does not fit a row goes on in the next, so that nothing of it is beside the edge.

    A bar is before each row: no words of the text can be taken for the screen's.
    """

    class Seen(Message):
        """So many of its rows are `below` what is in sight."""

        def __init__(self, below: int) -> None:
            super().__init__()
            self.below = below

    LABEL = "Command"

    def __init__(self, command: Command) -> None:
        super().__init__(id="command")
        self._text = [visible_line(line.expandtabs(4)) for line in text_of(command).split("\n")]
        self._wide = max(_NUMBER, len(str(len(self._text))))
        self._rows: list[Spans] = []
        self._wrapped_at = -1

    def rows_at(self, width: int) -> int:
        """How many rows it has where the pane is so wide; from now on it has these."""
        if width != self._wrapped_at:
            self._wrapped_at = width
            self._rows = [
                ((f"{number if not part else '':>{self._wide}}▏", "number"), (row, "text"))
                for number, line in enumerate(self._text, 1)
                for part, row in enumerate(wrap(line, width - self._wide - 2))
            ]
        return len(self._rows)

    def on_resize(self, _event: events.Resize) -> None:
        self.rows_at(self.size.width)
        self.changed(0)
        self.tell_seen()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.tell_seen()

    def tell_seen(self) -> None:
        """Say how much is below, once it is known how high the pane is."""
        if self._rows and self.size:
            self.post_message(self.Seen(max(0, len(self._rows) - self._height - round(self.scroll_y))))

    def line_count(self) -> int:
        return len(self._rows)

    def line(self, index: int) -> Spans:
        return self._rows[index]

    def own(self, index: int, column: int | None = None) -> Own | None:  # noqa: ARG002
        return Own(self._rows[index][1][0], self._wide + 1)


class ApprovalScreen(ModalScreen[None]):
    """`answer` is done once the person has said something. Keys and clicks that begin before `READ_S` do not count.

    Who was typing, or held a button of the mouse, did not answer: what can be clicked takes its place only then. Nor does a
    yes count before the end of the command was in sight.
    """

    READ_S: ClassVar[float] = 0.6

    DEFAULT_CSS = """
    ApprovalScreen { align: center middle; background: $background 70%; }
    ApprovalScreen > Vertical {
        width: 100; max-width: 100%; max-height: 100%; padding: 1; background: $surface; border: none;
    }
    ApprovalScreen CommandPane { height: 1fr; min-height: 1; background: $surface; }
    ApprovalScreen .below { display: none; width: 100%; height: 1; color: $ink-muted; }
    ApprovalScreen .below.unseen { color: $warning; text-style: bold; }
    ApprovalScreen .said { width: 100%; height: auto; color: $warning; text-style: bold; margin-bottom: 1; }
    ApprovalScreen .unread { width: 100%; height: auto; color: $ink-faint; margin-top: 1; }
    ApprovalScreen Choices, ApprovalScreen.armed .unread { display: none; }
    ApprovalScreen.armed Choices { display: block; }
    ApprovalScreen.-short > Vertical { padding: 0 1; }
    ApprovalScreen.-short .said, ApprovalScreen.-short .unread, ApprovalScreen.-short Choices { margin: 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.of("Command")

    def __init__(self, command: Command, pattern: str) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (_SHORT, "-tall")]
        what = f"this {visible_line(command.language)} code" if command.language else "this command"
        lines = plural(text_of(command).count("\n") + 1, "line")
        self._question, self._briefly = f"May the model run {what} ({lines}) in the sandbox?", f"May {what} run ({lines})?"
        self._same = f"all that is “{_shortened(visible_line(pattern))}”" if pattern else "exactly this"
        self._pane = CommandPane(command)
        self._asked, self._below = Label(classes="said", markup=False), Label(classes="below", markup=False)
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.armed = self.seen = False
        self._reading: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._asked
            yield self._pane
            yield self._below
            yield Label(" · ".join(said for said, _ in self._choices()), classes="unread", markup=False)
            yield Choices(self._choices())

    def _choices(self) -> list[tuple[str, str]]:
        answers = [
            ("command.yes", "run it"),
            ("command.no", "do not: the turn ends"),
            ("command.always", f"always in this session: {self._same}"),
            ("command.stop", "stop the turn"),
        ]
        return offered(answers, keys.keymap_of(self.app))

    def on_resize(self, event: events.Resize) -> None:
        """As high as its texts; where that is more than there is, the command's pane has what the others leave."""
        width, short = min(_WIDE, event.size.width) - 2, event.size.height < _SHORT
        asked = self._briefly if short else self._question
        self._asked.update(asked)
        around = [asked, " · ".join(said for said, _ in self._choices())]
        rows = self._pane.rows_at(width) + sum(len(wrap(text, width)) for text in around)
        self.query_one(Vertical).styles.height = rows + (0 if short else 4)

    @on(CommandPane.Seen)
    def _show_below(self, message: CommandPane.Seen) -> None:
        """Say how much of the command is below. Whoever was at its end has seen it, unless another screen was above."""
        self.seen = self.seen or (self.is_active and not message.below)
        # of what both have now: without this line there is one row more, but for the one row that is there anyway
        height = self._pane.region.height
        self._below.display = self._pane.line_count() > (height + self._below.region.height if height > 1 else 1)
        page = keys.hint("every-pane.page_down", keys.keymap_of(self.app))
        more = f"▼ {plural(message.below, 'more row')}{'' if self.seen else ' before a yes'} · {page}"
        said = choice(more, "screen.page_down") if message.below else Content("▲ this was all of it")
        self._below.update(said.truncate(self.size.width - 2, ellipsis=True))
        self._below.set_class(not self.seen, "unseen")

    def on_screen_resume(self) -> None:
        # only then it is as large as the terminal has become meanwhile
        self.call_after_refresh(self._pane.tell_seen)

    def on_mount(self) -> None:
        self.set_focus(self._pane)  # Textual does so only where the terminal has the focus
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

    def action_page_down(self) -> None:
        self._pane.action_page_down()

    def action_say(self, answer: Answer) -> None:
        if self.armed and not self.answer.done() and (self.seen or answer == "no"):
            self.answer.set_result(answer)


def _shortened(pattern: str) -> str:
    """Of a long pattern its start and its end: the whole of it stands in the command."""
    end = " *" if pattern.endswith(" *") else ""
    return pattern if cell_len(pattern) <= _PATTERN else f"{set_cell_size(pattern, _PATTERN - 3).rstrip()}…{end}"
