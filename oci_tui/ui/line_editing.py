"""Vi's and emacs' keys on a text: prompt_toolkit's bindings without its terminal, one key at a time.

Imported only where the settings ask for such keys.
"""

from __future__ import annotations

import string
from typing import Literal

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, emacs_insert_mode, vi_insert_mode, vi_navigation_mode
from prompt_toolkit.input import DummyInput
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.key_binding.bindings.basic import load_basic_bindings
from prompt_toolkit.key_binding.bindings.emacs import load_emacs_bindings
from prompt_toolkit.key_binding.bindings.vi import TextObject, create_text_object_decorator, load_vi_bindings
from prompt_toolkit.key_binding.key_processor import KeyPress, KeyProcessor
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import BufferControl, Layout, Window
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.selection import SelectionType

from oci_tui.ui.last_change import LastChange
from oci_tui.ui.panes.keyed_area import Edited, Mode

Way = Literal["emacs", "vi"]

_NAMED = {
    "backspace": Keys.Backspace,
    "delete": Keys.Delete,
    "left": Keys.Left,
    "right": Keys.Right,
    "up": Keys.Up,
    "down": Keys.Down,
    "home": Keys.Home,
    "end": Keys.End,
    "ctrl+left": Keys.ControlLeft,
    "ctrl+right": Keys.ControlRight,
    "ctrl+underscore": Keys.ControlUnderscore,
    "ctrl+at": Keys.ControlAt,
    "ctrl+space": Keys.ControlAt,
    "escape": Keys.Escape,
}
_ALT = {
    "backspace": Keys.Backspace,
    "less_than_sign": "<",
    "greater_than_sign": ">",
    **{key: key for key in string.ascii_lowercase},
}
_MOVES = frozenset({"backspace", "left", "right", "up", "down", "home", "end", "ctrl+left", "ctrl+right"})
_EMACS = (
    _MOVES
    | {"delete", "ctrl+underscore", "ctrl+at", "ctrl+space", "alt+backspace", "alt+less_than_sign", "alt+greater_than_sign"}
    | {f"ctrl+{key}" for key in "abdefhknptuwy"}
    | {f"alt+{key}" for key in "bcdfltuwy"}
)
_VI_INSERT = _MOVES | {"delete", "escape", "ctrl+h", "ctrl+t", "ctrl+u", "ctrl+w"}
_VI_NORMAL = _MOVES | {"ctrl+r", "ctrl+v"}


class LineEditing:
    """Remembers what the keys need: the mode, what was cut, what can be undone."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._buffer = Buffer(multiline=True)
        mode = EditingMode.VI if way == "vi" else EditingMode.EMACS
        self._app: Application[None] = Application(
            Layout(Window(BufferControl(self._buffer))), editing_mode=mode, input=DummyInput(), output=DummyOutput()
        )
        self._app.timeoutlen = None  # type: ignore[assignment]  # documented as what waits without end
        self._changing = False
        self._last = LastChange()
        self._last.inserts()
        bindings = load_vi_bindings() if way == "vi" else load_emacs_bindings()
        self._keys = KeyProcessor(merge_key_bindings([load_basic_bindings(), bindings, self._of_our_own()]))

    @property
    def mode(self) -> Mode:
        """Vi's mode; with emacs' keys text is always inserted."""
        if self._way == "emacs":
            return "insert"
        if self._buffer.selection_state is not None:
            return "visual"
        modes: dict[InputMode, Mode] = {
            InputMode.NAVIGATION: "normal",
            InputMode.REPLACE: "replace",
            InputMode.REPLACE_SINGLE: "replace",
        }
        return modes.get(self._app.vi_state.input_mode, "insert")

    @property
    def idle(self) -> bool:
        """Whether no command has been begun: no count, no operator that waits for its motion."""
        return self._keys.arg is None and not self._waits

    @property
    def _waits(self) -> bool:
        """Whether more has to be pressed for what was begun; after a count anything can be."""
        state = self._app.vi_state
        return bool(self._keys.key_buffer) or state.operator_func is not None or state.waiting_for_digraph

    def takes(self, key: str, character: str | None) -> bool:
        """Whether a key (as Textual names it) means something here and now."""
        if character is not None and character.isprintable() and not key.startswith(("ctrl+", "alt+")):
            return True
        if self._way == "emacs":
            return key in _EMACS
        if self.mode == "normal":
            return key in _VI_NORMAL or (key == "escape" and not self.idle)
        return key in _VI_INSERT or (self.mode == "visual" and key in _VI_NORMAL)

    def press(self, key: str, character: str | None, before: Edited) -> Edited:
        """What becomes of the text by a key that it `takes`; `before` is it as the person sees it."""
        buffer, count = self._buffer, self._keys.arg
        if character == "." and self.mode == "normal" and not self._waits:
            self._keys.arg = None
            return self._last.again(self.press, before, count)
        ready = self.mode == "normal" and self.idle
        if ready:
            self._last.begins(before.text)
        if buffer.text != before.text:
            self._last.came(Edited(buffer.text, buffer.cursor_position), before)
            buffer.save_to_undo_stack()
            buffer.document = Document(before.text, before.cursor)
        elif buffer.cursor_position != before.cursor:
            buffer.cursor_position = before.cursor
        operator = self._app.vi_state.operator_func
        with set_app(self._app):
            for press in _presses(key, character):
                self._keys.feed(KeyPress(press))
            try:
                self._keys.process_keys()
            except Exception:  # noqa: BLE001  prompt_toolkit fails with whatever it fails: of "ayw with an IndexError
                self._abandon(before)
        if self._keys.arg == count and not self._keys.key_buffer:
            self._keys.arg = None  # the key is none that takes a count, and the next is another command's
        self._changing = not self.idle and (self._changing or (operator is None and key == "c"))
        self._last.pressed(key, character, buffer.text, ends=self.mode == "normal" and self.idle)
        return Edited(buffer.text, buffer.cursor_position, self._selected())

    def _abandon(self, before: Edited) -> None:
        """Have what was begun be no command; the text and the mode are as before."""
        state = self._app.vi_state
        mode = state.input_mode
        self._keys.reset()
        state.reset()
        state.input_mode = mode
        self._buffer.document = Document(before.text, before.cursor)

    def _selected(self) -> tuple[int, int] | None:
        state = self._buffer.selection_state
        if state is None:
            return None
        here, there = state.original_cursor_position, self._buffer.cursor_position
        if state.type == SelectionType.LINES:
            text = self._buffer.text
            start, end = text.rfind("\n", 0, min(here, there)) + 1, text.find("\n", max(here, there))
            end = len(text) if end < 0 else end
            return (start, end) if here <= there else (end, start)
        return (here, there) if here <= there or self._way == "emacs" else (here + 1, there)

    def _of_our_own(self) -> KeyBindings:
        """What prompt_toolkit leaves out: vi's redo, `cw` that spares the blank, and what was typed in one go undone in one."""
        bindings = KeyBindings()

        @bindings.add("c-r", filter=vi_navigation_mode, save_before=lambda _: False)
        def redo(event: KeyPressEvent) -> None:
            event.current_buffer.redo()

        @bindings.add(Keys.Any, filter=vi_insert_mode | emacs_insert_mode, save_before=lambda event: not event.is_repeat)
        def insert(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(event.data * event.arg)

        for key in "wW":

            @create_text_object_decorator(bindings)(key, filter=Condition(lambda: self._changing), no_move_handler=True)
            def word(event: KeyPressEvent, big: bool = key == "W") -> TextObject:
                document = event.current_buffer.document
                end = document.find_next_word_ending(include_current_position=True, count=event.arg, WORD=big)
                return TextObject(end or 0)

        return bindings

    def reset(self) -> None:
        """Begin anew, with a text that has nothing to do with the last; what was cut is kept."""
        self._buffer.reset()
        self._keys.reset()
        self._app.vi_state.reset()
        self._last.inserts()


def _presses(key: str, character: str | None) -> list[Keys | str]:
    """A key of Textual's as prompt_toolkit takes it; with Alt held it comes after an Escape."""
    if key in _NAMED:
        return [_NAMED[key]]
    if key.startswith("alt+"):
        return [Keys.Escape, _ALT[key.removeprefix("alt+")]]
    if key.startswith("ctrl+"):
        return [Keys(f"c-{key.removeprefix('ctrl+')}")]
    return [character or key]
