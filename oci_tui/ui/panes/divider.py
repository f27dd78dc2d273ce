"""The line between the two sides of the workbench; it is dragged to change their widths."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class Divider(Widget):
    """One column, as high as what it divides."""

    class Dragged(Message):
        """The person wants it at this column of the screen."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    DEFAULT_CSS = """
    Divider { width: 1; height: 1fr; color: $rule; background: $background; }
    Divider:hover { color: $accent; }
    """

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        return Strip([Segment("│", self.rich_style)])

    def on_mouse_down(self) -> None:
        self.capture_mouse()

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self and event.button:
            self.post_message(self.Dragged(event.screen_x))
