"""What could stand where the cursor is: a short list over the prompt box, for files, symbols and commands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from oci_tui.core.terminal import visible_line
from oci_tui.ui.suggestion import Suggestion


class Completion(Widget):
    """Hidden while there is nothing to suggest."""

    MOST = 8

    class Clicked(Message):
        """The person takes this one."""

        def __init__(self, suggestion: Suggestion) -> None:
            super().__init__()
            self.suggestion = suggestion

    DEFAULT_CSS = """
    Completion { display: none; height: auto; background: $bar-background; }
    """

    suggestions: reactive[tuple[Suggestion, ...]] = reactive((), layout=True)
    chosen: reactive[int] = reactive(0)

    def offer(self, suggestions: Sequence[Suggestion]) -> None:
        """Show these, the first one chosen."""
        self.chosen = 0
        self.suggestions = tuple(suggestions[: self.MOST])
        self.display = bool(suggestions)

    @property
    def current(self) -> Suggestion | None:
        """What Tab would write, None while nothing is shown."""
        return self.suggestions[self.chosen] if self.display and self.suggestions else None

    def move(self, step: int) -> None:
        """Choose the next or previous one."""
        self.chosen = (self.chosen + step) % max(1, len(self.suggestions))

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self.suggestions):
            self.post_message(self.Clicked(self.suggestions[event.y]))

    def render(self) -> Content:
        room = max(10, self.size.width - 4)
        column = min(max((cell_len(visible_line(item.text)) for item in self.suggestions), default=0), room)
        lines = []
        for number, item in enumerate(self.suggestions):
            text = set_cell_size(visible_line(item.text), column)
            about = set_cell_size(f"  {item.about}", room - column) if item.about and room - column > 10 else ""
            style = "bold $accent" if number == self.chosen else "$foreground"
            lines.append(
                Content.assemble((" ▸ " if number == self.chosen else "   ", "$accent"), (text, style), (about, "$ink-muted"))
            )
        return Content("\n").join(lines)
