"""A block of the reply, edited where it stands: then the model goes on from it, or it is run."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.message import Message

from oci_tui.ui import keys
from oci_tui.ui.panes.highlight import Highlighter
from oci_tui.ui.panes.keyed_area import KeyedArea
from oci_tui.ui.panes.lines import Spans

_INKS = frozenset({"keyword", "string", "comment", "literal", "name"})


class Excerpt(NamedTuple):
    """A part of a reply, with what stands before and after it; `line` is where the cursor was, -1 at its end.

    `tag` and `path` say what language it is in, as for a `Highlighter`.
    """

    before: str
    text: str
    after: str = ""
    line: int = -1
    tag: str = ""
    path: str = ""


class CodeEditor(KeyedArea):
    """Lies over the code pane until the person leaves it."""

    LABEL = "Code, edited"
    HINTS = (("code-edited.leave", "leave"), ("code-edited.go_on", "go on from the cursor"), ("code-edited.run", "run"))
    BINDINGS: ClassVar[list[BindingType]] = keys.of(LABEL, priority=True)

    class Done(Message):
        """`reply` is all of it as the person made it; the model goes on from it, or it is run as it is."""

        def __init__(self, reply: str, *, go_on: bool) -> None:
            super().__init__()
            self.reply = reply
            self.go_on = go_on

    class Left(Message):
        """The person leaves; with `changed` what they wrote would be lost, and they were not told yet."""

        def __init__(self, *, changed: bool) -> None:
            super().__init__()
            self.changed = changed

    MOST_COLOURED: ClassVar[int] = 500
    """Lines: with more the colours would come later than the key."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"code--{name}" for name in _INKS}

    DEFAULT_CSS = """
    CodeEditor {
        & > .code--keyword { color: $code-keyword; }
        & > .code--string { color: $code-string; }
        & > .code--comment { color: $code-comment; text-style: italic; }
        & > .code--literal { color: $code-literal; }
        & > .code--name { color: $code-name; }
    }
    CodeEditor, CodeEditor:focus {
        height: 1fr; padding: 0; border: none; background: $background; color: $foreground; scrollbar-size-vertical: 1;
        & .text-area--gutter { color: $ink-faint; }
        & .text-area--cursor-gutter { color: $accent; background: $background; }
    }
    """

    def __init__(self, excerpt: Excerpt) -> None:
        super().__init__(excerpt.text, compact=True, soft_wrap=False, show_line_numbers=True, tab_behavior="indent")
        self._excerpt = excerpt
        self._coloured = ("", Highlighter(excerpt.tag, excerpt.path))
        self._warned: str | None = None
        row = excerpt.line if excerpt.line >= 0 else self.document.line_count - 1
        self.move_cursor((row, len(self.document.get_line(row))))

    def get_line(self, line_index: int) -> Text:
        """A line in the colours of its language."""
        line, start = super().get_line(line_index), 0
        for text, ink in self._spans(line_index):
            if ink in _INKS:
                line.stylize(self.get_component_rich_style(f"code--{ink}", partial=True), start, start + len(text))
            start += len(text)
        return line

    def _spans(self, index: int) -> Spans:
        before, highlighter = self._coloured
        if self.document.line_count > self.MOST_COLOURED:
            return ()
        if (text := self.text) != before or not highlighter.lines:
            *lines, last = text.split("\n")
            highlighter.again()
            highlighter.read(lines, last)
            self._coloured = text, highlighter
        return highlighter.lines[index]

    async def _on_key(self, event: events.Key) -> None:
        own = keys.boxed(keys.keymap_of(self.app), self.LABEL)
        match event.key:
            case key if own.get(key) == "leave" and (self.edits is None or not self.edits.takes(key, None)):
                self.post_message(self.Left(changed=self.text not in (self._excerpt.text, self._warned)))
                self._warned = self.text
            case "enter" if self._mode == "insert":
                self.insert(f"\n{self._indentation}")
            case _:
                await super()._on_key(event)
                return
        event.stop()
        event.prevent_default()

    @property
    def _indentation(self) -> str:
        """The blanks that the cursor's line begins with, up to the cursor."""
        row, column = self.cursor_location
        line = self.document.get_line(row)[:column]
        return line[: len(line) - len(line.lstrip())]

    def action_go_on(self) -> None:
        """The model goes on from the cursor: what stands after it is dropped."""
        self.post_message(self.Done(self._excerpt.before + self.get_text_range((0, 0), self.cursor_location), go_on=True))

    def action_run(self) -> None:
        """What stands here takes the place of what the model wrote, and is run."""
        self.post_message(self.Done(f"{self._excerpt.before}{self.text}{self._excerpt.after}", go_on=False))
