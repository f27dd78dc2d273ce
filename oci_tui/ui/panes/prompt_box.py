"""The prompt box: Enter sends, Alt+Enter breaks the line, up and down at its edges walk through earlier prompts."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from oci_tui.core.terminal import visible


class PromptBox(TextArea):
    """Where the person writes. It grows to eight lines and never blocks."""

    class Sent(Message):
        """The person pressed Enter on `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    DEFAULT_CSS = """
    PromptBox, PromptBox:focus {
        height: auto; max-height: 8; padding: 0; border: none; background: $background; color: $foreground;
        scrollbar-size-vertical: 1;
        & .text-area--placeholder { color: $ink-faint; }
    }
    """

    def __init__(self, *, id: str = "prompt") -> None:  # noqa: A002
        super().__init__(id=id, compact=True, soft_wrap=True, highlight_cursor_line=False, placeholder="Ask for a change")
        self._history: list[str] = []
        self._place = 0
        self._draft = ""

    async def _on_key(self, event: events.Key) -> None:
        match event.key:
            case "enter":
                event.stop()
                event.prevent_default()
                self._send()
            case "alt+enter" | "ctrl+j" | "shift+enter":
                event.stop()
                event.prevent_default()
                self.insert("\n")
            case "up" if self.cursor_at_first_line and self._history:
                event.stop()
                event.prevent_default()
                self._walk(-1)
            case "down" if self.cursor_at_last_line and self._place < len(self._history):
                event.stop()
                event.prevent_default()
                self._walk(1)
            case _:
                await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        # Textual would run its own handler too, and terminals send CR for the line ends of what is pasted
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        self.replace(visible(text), *self.selection, maintain_selection_offset=False)
        self.move_cursor(self.selection.end)

    def put(self, text: str) -> None:
        """Replace what stands in the box; the cursor goes to its end."""
        self.text = text
        self.move_cursor(self.document.end)

    def take(self) -> str:
        """Empty the box into the history; what stood in it, "" when there was nothing but blanks."""
        text = self.text.strip()
        if text:
            if not self._history or self._history[-1] != text:
                self._history.append(text)
            self._place = len(self._history)
            self.put("")
        return text

    def _send(self) -> None:
        if text := self.take():
            self.post_message(self.Sent(text))

    def _walk(self, step: int) -> None:
        if self._place == len(self._history):
            self._draft = self.text
        self._place = max(0, min(len(self._history), self._place + step))
        self.put(self._draft if self._place == len(self._history) else self._history[self._place])
