"""A box to write in that can have vi's or emacs' keys."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from textual import events
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from oci_tui.core.terminal import visible

Mode = Literal["insert", "normal", "visual", "replace"]


class Edited(NamedTuple):
    """A text, where the cursor stands in it, and from where to where it is selected (the end of it is not)."""

    text: str
    cursor: int
    selected: tuple[int, int] | None = None


class Edits(Protocol):
    """`ui.line_editing.LineEditing`: what keys make of a text."""

    @property
    def mode(self) -> Mode: ...
    @property
    def idle(self) -> bool: ...
    def takes(self, key: str, character: str | None) -> bool: ...
    def press(self, key: str, character: str | None, before: Edited) -> Edited: ...
    def reset(self) -> None: ...


class KeyedArea(TextArea):
    """Keys that `edits` takes are its; without it the box has the keys of Textual."""

    class Moded(Message):
        """The keys of `area` mean something else now."""

        def __init__(self, area: KeyedArea, mode: Mode) -> None:
            super().__init__()
            self.area = area
            self.mode = mode

    edits: Edits | None = None
    _mode: Mode = "insert"
    _shown: tuple[Edited, Selection] | None = None

    @property
    def commanding(self) -> bool:
        """Whether keys are commands now, and none is begun."""
        return self.edits is not None and self.edits.mode == "normal" and self.edits.idle

    async def _on_key(self, event: events.Key) -> None:
        if self._edited(event):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)

    def _edited(self, event: events.Key) -> bool:
        """Have `edits` do what the key means; whether it is one of its."""
        edits, selected = self.edits, self._selected_by_mouse()
        if edits is None or (selected and edits.mode == "insert") or not edits.takes(event.key, event.character):
            return False
        shown = self._shown
        if shown is None or (shown[0].text, shown[1]) != (self.text, self.selection):
            before = Edited(self.text, _index(self.text, self.cursor_location))
        else:
            before = shown[0]
        after = edits.press(event.key, event.character, before)
        self._show(before.text, after)
        self._told_mode()
        return True

    def _selected_by_mouse(self) -> bool:
        return not self.selection.is_empty and (self._shown is None or self._shown[1] != self.selection)

    def _show(self, before: str, after: Edited) -> None:
        if after.text != before:
            start = next((at for at, (old, new) in enumerate(zip(before, after.text, strict=False)) if old != new), -1)
            start = min(len(before), len(after.text)) if start < 0 else start
            most = min(len(before), len(after.text)) - start
            end = next((at for at in range(most) if before[-1 - at] != after.text[-1 - at]), most)
            self.replace(after.text[start : len(after.text) - end], _place(before, start), _place(before, len(before) - end))
        start, end = after.selected or (after.cursor, after.cursor)
        self.selection = Selection(_place(after.text, start), _place(after.text, end))
        self._shown = after, self.selection

    async def _on_paste(self, event: events.Paste) -> None:
        # Textual would run its own handler too, and terminals send CR for the line ends of what is pasted
        event.stop()
        event.prevent_default()
        text = self.pasted(visible(event.text.replace("\r\n", "\n").replace("\r", "\n")))
        self.replace(text, *self.selection, maintain_selection_offset=False)
        self.move_cursor(self.selection.end)

    def pasted(self, text: str) -> str:
        """What is written where this is pasted."""
        return text

    def begin_with_commands(self) -> None:
        """Where keys can be commands they are so from the start, as in a person's editor of files."""
        if self.edits is not None and self.edits.takes("escape", None):
            at = _index(self.text, self.cursor_location)
            self._show(self.text, self.edits.press("escape", None, Edited(self.text, at)))
            self._told_mode()

    def begin_anew(self) -> None:
        """What comes next has nothing to do with what stood here."""
        if self.edits is not None:
            self.edits.reset()
            self._told_mode()

    def _told_mode(self) -> None:
        mode = self.edits.mode if self.edits is not None else "insert"
        if mode != self._mode:
            self._mode = mode
            self.post_message(self.Moded(self, mode))


def _place(text: str, index: int) -> tuple[int, int]:
    """The line and the column of a character."""
    return text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1


def _index(text: str, place: tuple[int, int]) -> int:
    row, column = place
    return sum(len(line) + 1 for line in text.split("\n")[:row]) + column
