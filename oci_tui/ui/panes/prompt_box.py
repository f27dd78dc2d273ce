"""The prompt box: what the person writes, with completion, earlier prompts, long pastes folded, and a draft that lasts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message

from oci_tui.core.terminal import visible, visible_line
from oci_tui.ui import keys
from oci_tui.ui.completing import WORD as _WORD
from oci_tui.ui.memory import PromptMemory
from oci_tui.ui.panes.completion import Completion
from oci_tui.ui.panes.keyed_area import KeyedArea
from oci_tui.ui.suggestion import Suggestion
from oci_tui.ui.wording import plural

Completer = Callable[[str], Sequence[Suggestion]]

_FOLDED = re.compile(r"\[pasted (\d{1,6}): [\d,]+ lines?\]")


class PromptBox(KeyedArea):
    """Where the person writes. It grows to eight lines and never blocks; `completer` knows what a word could become."""

    LONG_LINES, LONG_CHARACTERS = 12, 2000
    """A paste of more is folded into one word; the model reads all of it."""
    DRAFT_S = 1.0

    class Sent(Message):
        """The person pressed Enter on `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class EditQueue(Message):
        """The person wants a prompt that waits back in the box."""

    DEFAULT_CSS = """
    PromptBox, PromptBox:focus {
        height: auto; max-height: 8; padding: 0; border: none; background: $background; color: $foreground;
        scrollbar-size-vertical: 1;
        & .text-area--placeholder { color: $ink-faint; }
    }
    """

    def __init__(self, memory: PromptMemory, completion: Completion, completer: Completer, *, id: str = "prompt") -> None:  # noqa: A002
        hint = "Ask for a change"
        super().__init__(id=id, compact=True, soft_wrap=True, highlight_cursor_line=False, placeholder=hint)
        self._memory = memory
        self._completion = completion
        self._completer = completer
        self._history: list[str] = []
        self._matching: list[str] = []
        self._place = 0
        self._draft = ""
        self._pasted: list[str] = []
        self._unkept = False
        self._waiting: tuple[str, ...] = ()
        self._offered = ""

    def on_mount(self) -> None:
        self._history = self._memory.prompts()
        self._place = 0
        self._matching = []
        if draft := self._memory.draft():
            self.put(draft)
        self.set_interval(self.DRAFT_S, self._keep)

    def on_unmount(self) -> None:
        self._keep()
        self._memory.release()

    def _keep(self) -> None:
        if self._unkept:
            self._unkept = False
            self._memory.keep("\n".join([*self._waiting, self.whole]).strip())

    def keep_with(self, waiting: tuple[str, ...]) -> None:
        """The draft has these before it: prompts that are not in the box and would be lost with the app."""
        self._waiting, self._unkept = waiting, True

    def on_text_area_changed(self) -> None:
        self._unkept = True
        self._complete()

    async def _on_key(self, event: events.Key) -> None:
        if self._completes(event.key) or self._does(event.key):
            event.stop()
            event.prevent_default()
        else:
            if event.is_printable or event.key in ("backspace", "delete"):
                self._matching = []
            await super()._on_key(event)

    def _meant(self, key: str) -> str:
        """The action of the box's own that a key means, "" for none: vi and emacs have other keys too for the arrows."""
        own = keys.boxed(keys.keymap_of(self.app))
        habits = {}
        if self.edits is not None:
            habits = {"k": "earlier", "j": "later"} if self.commanding else {"ctrl+p": "earlier", "ctrl+n": "later"}
        return own.get(key) or habits.get(key, "")

    def _does(self, key: str) -> bool:
        """Do what a key of the box's own means; whether it is one.

        As a binding it would be done after letters that came right behind it, as they do on a slow line.
        """
        match self._meant(key):
            case "send":
                self.action_send()
            case "newline":
                self.action_newline()
            case "undo" if self.edits is None:
                self.action_undo()
            case "queued":
                self.action_queued()
            case "earlier" | "later" if self.edits is not None and not self.edits.idle:
                return False
            case "earlier" if self.cursor_at_first_line and self._history:
                self.action_earlier()
            case "later" if self.cursor_at_last_line and self._matching:
                self.action_later()
            case _ if key == "backspace" and self.edits is None:
                self._matching = []
                self.action_delete_left()
            case _:
                return False
        return True

    def action_newline(self) -> None:
        self.insert("\n")

    def action_queued(self) -> None:
        self.post_message(self.EditQueue())

    def action_earlier(self) -> None:
        self._walk(-1)

    def action_later(self) -> None:
        self._walk(1)

    # completion

    @property
    def _before(self) -> str:
        row, column = self.cursor_location
        return self.document.get_line(row)[:column]

    def _complete(self) -> None:
        self._offered = self._before
        word = None if self.commanding or self._matching or not self.has_focus else _WORD.search(self._before)
        at_start = word is not None and self.cursor_location[0] == 0 and word.start() == 0
        wanted = word[1] if word is not None and (word[1][0] == "@" or at_start) else ""
        found = self._completer(wanted) if wanted else ()
        whole = any(item.text.rstrip() == wanted for item in found)
        self._completion.offer(() if whole else found)

    def _completes(self, key: str) -> bool:
        """Whether a key was about the list of suggestions."""
        if self._completion.current is not None and self._offered != self._before:
            # Typed faster than it was drawn: what is offered is for a word that no longer stands there.
            self._complete()
        current = self._completion.current
        if current is None:
            return False
        match keys.boxed(keys.keymap_of(self.app), "Suggestions").get(key):
            case "take":
                self.write(current)
            case "next" | "previous" as way:
                self._completion.move(1 if way == "next" else -1)
            case "leave":
                self._completion.offer(())
            case _:
                return False
        return True

    def write(self, suggestion: Suggestion) -> None:
        """Have this in the place of the word that it is for."""
        row, column = self.cursor_location
        word = _WORD.search(self._before)
        start = column - len(word[1]) if word else column
        end = "" if suggestion.text.endswith(("/", " ")) else " "
        self.replace(f"{visible_line(suggestion.text)}{end}", (row, start), (row, column), maintain_selection_offset=False)

    def on_blur(self) -> None:
        self._completion.offer(())

    # what is pasted

    def pasted(self, text: str) -> str:
        lines = text.count("\n") + 1
        if lines <= self.LONG_LINES and len(text) <= self.LONG_CHARACTERS:
            return text
        self._pasted.append(text)
        return f"[pasted {len(self._pasted)}: {plural(lines, 'line')}]"

    @property
    def whole(self) -> str:
        """What stands in the box, with folded pastes unfolded."""
        return _FOLDED.sub(self._unfolded, self.text)

    def _unfolded(self, found: re.Match[str]) -> str:
        number = int(found[1]) - 1
        return self._pasted[number] if 0 <= number < len(self._pasted) else found[0]

    # sending

    def put(self, text: str) -> None:
        """Replace what stands in the box, with this in visible form; the cursor goes to its end."""
        self.text = visible(text)
        self.move_cursor(self.document.end)

    def take(self) -> str:
        """Empty the box into the history; what stood in it, "" when there was nothing but blanks."""
        text = self.whole.strip()
        if text:
            if not self._history or self._history[-1] != text:
                self._history.append(text)
                self._memory.add(text)
            self._matching = []
            self.put("")
            self.begin_anew()
            self._pasted.clear()
            self._unkept = True
            self._keep()
        return text

    def action_send(self) -> None:
        if text := self.take():
            self.post_message(self.Sent(text))

    def _walk(self, step: int) -> None:
        """Through earlier prompts: those that hold what was typed, all where nothing was."""
        if not self._matching:
            self._draft = self.text
            wanted = self._draft.strip().lower()
            self._matching = [text for text in self._history if wanted in text.lower()]
            self._place = len(self._matching)
        self._place = max(0, min(len(self._matching), self._place + step))
        at_draft = self._place == len(self._matching)
        text = self._draft if at_draft else self._matching[self._place]
        if at_draft:
            self._matching = []
        self.put(text)
