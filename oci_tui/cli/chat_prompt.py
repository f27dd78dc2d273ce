"""The line that a person writes in the chat: history and completion are the app's, keys emacs' or vi's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, get_common_complete_suffix
from prompt_toolkit.document import Document
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from oci_tui.core.terminal import visible_line
from oci_tui.resources import state_folder
from oci_tui.ui.completing import WORD, Vocabulary
from oci_tui.ui.memory import PromptMemory


def reader(root: Path, vocabulary: Vocabulary, *, vi: bool, kept: Callable[[], bool]) -> PromptSession[str]:
    """What reads lines about the repository at `root`; one is remembered if it is to be `kept`."""
    dumb = os.environ.get("TERM", "dumb") in ("dumb", "unknown")
    words = _Words(vocabulary)
    return PromptSession(
        history=_Shared(PromptMemory(state_folder() / "prompts", root), kept),
        completer=words,
        complete_while_typing=not dumb,
        key_bindings=_keys(words, dumb=dumb),
        vi_mode=vi,
        prompt_continuation="… ",
    )


class _Shared(History):
    """The prompts that the app remembers of this repository."""

    def __init__(self, memory: PromptMemory, kept: Callable[[], bool]) -> None:
        super().__init__()
        self._memory = memory
        self._kept = kept

    def append_string(self, string: str) -> None:
        if self._kept():
            super().append_string(string)

    def load_history_strings(self) -> Iterable[str]:
        return reversed(self._memory.prompts())

    def store_string(self, string: str) -> None:
        self._memory.add(string)


class _Words(Completer):
    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        word = _word(document)
        for text, about in self._vocabulary.suggested(word) if word else ():
            yield Completion(text, -len(word), display=visible_line(text), display_meta=visible_line(about))


def _word(document: Document) -> str:
    """The word before the cursor that can be completed, "" for none; a command only where the line begins."""
    found = WORD.search(document.current_line_before_cursor)
    word = found[1] if found else ""
    return "" if word.startswith("/") and document.text_before_cursor != word else word


def _keys(words: _Words, *, dumb: bool) -> KeyBindings:
    keys = KeyBindings()
    for enter in ("enter", "c-j"):  # what is typed before the line is read comes as the latter
        keys.add("escape", enter)(lambda event: event.current_buffer.insert_text("\n"))

    def complete(event: KeyPressEvent) -> None:
        """Where nothing can be drawn over: what all that fits begins with is written, and what fits is listed."""
        document = event.current_buffer.document
        found = words.get_completions(document, CompleteEvent(completion_requested=True))
        fitting = [item for item in found if item.text.startswith(_word(document))]
        if len(fitting) > 1:
            sys.stdout.write(f"\n{'  '.join(visible_line(item.text.strip()) for item in fitting)}\n")
        for letter in get_common_complete_suffix(document, fitting):
            event.current_buffer.insert_text(letter)  # one at a time: such a terminal is told of the last letter only

    if dumb:
        keys.add("tab")(complete)
    return keys
