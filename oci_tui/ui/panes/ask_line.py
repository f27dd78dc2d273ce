"""A line in which a person types one thing, shown while it is asked for; what is pasted comes in visible form."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from oci_tui.core.terminal import visible_line
from oci_tui.ui import keys


class AskLine(Input):
    """Enter takes what stands there, Escape leaves; both give the focus back."""

    DEFAULT_CSS = """
    AskLine, AskLine:focus { display: none; height: 1; border: none; padding: 0 1; background: $bar-background; }
    AskLine.asked { display: block; }
    """

    LABEL = "Line"
    BINDINGS: ClassVar[list[BindingType]] = keys.of(LABEL)

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, compact=True, select_on_focus=False)
        self._back: Widget | None = None
        self._take: Callable[[str], bool] = bool

    def ask(self, what: str, back: Widget, take: Callable[[str], bool], value: str = "") -> None:
        """Ask for `what`, with `value` there already where it can be shown as it is.

        `take` gets what was typed and says whether that is all.
        """
        self._back, self._take = back, take
        value = value if value == visible_line(value) else ""
        self.placeholder = what
        self.value = value
        self.cursor_position = len(value)
        self.add_class("asked")
        self.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._take(self.value):
            self.action_leave()

    def action_leave(self) -> None:
        self.remove_class("asked")
        if self._back is not None:
            self._back.focus()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(visible_line(event.text.splitlines()[0] if event.text else ""))
