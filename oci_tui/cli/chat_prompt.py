"""The line that a person writes in the chat: history and completion are the app's, keys emacs' or vi's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output.plain_text import PlainTextOutput
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.utils import is_dumb_terminal

from oci_tui.core.terminal import visible_line
from oci_tui.resources import state_folder
from oci_tui.ui.completing import WORD, Vocabulary
from oci_tui.ui.memory import PromptMemory


@contextmanager
def above_the_line() -> Iterator[None]:
    """What is printed comes above the line that is being written; without sequences where the terminal knows none."""
    # what redraws the line works only in the session that is there by default
    dumb = create_app_session(output=PlainTextOutput(sys.stdout)) if is_dumb_terminal() else nullcontext()
    with dumb, patch_stdout(raw=True):  # all that is printed is ours or made harmless
        yield


class Reader(PromptSession[str]):
    """Reads lines about the repository at `root`; one is remembered if it is to be `kept`."""

    def __init__(self, root: Path, vocabulary: Vocabulary, *, vi: bool, kept: Callable[[], bool]) -> None:
        super().__init__(
            history=_Shared(PromptMemory(state_folder() / "prompts", root), kept),
            key_bindings=_keys(vocabulary, self.show_again),
            vi_mode=vi,
            enable_suspend=True,
            prompt_continuation="… ",
        )

    def show_again(self) -> None:
        """Show the line as it is now, where something was printed since it began or the mark before it is another."""
        if is_dumb_terminal():
            sys.stdout.write(fragment_list_to_text(to_formatted_text(self.message)) + self.default_buffer.text)
            sys.stdout.flush()
        else:
            self.app.invalidate()


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


def _word(document: Document) -> str:
    """The word before the cursor that can be completed, "" for none; a command only where the line begins."""
    found = WORD.search(document.current_line_before_cursor)
    word = found[1] if found else ""
    return "" if word.startswith("/") and document.text_before_cursor != word else word


def _keys(vocabulary: Vocabulary, shown_again: Callable[[], None]) -> KeyBindings:
    keys = KeyBindings()
    for enter in ("enter", "c-j"):  # what is typed before the line is read comes as the latter
        keys.add("escape", enter)(lambda event: event.current_buffer.insert_text("\n"))

    @keys.add("tab")
    def complete(event: KeyPressEvent) -> None:
        """What all that begins so goes on with is written, what can be meant is listed; a menu would be drawn over lines."""
        word = _word(event.current_buffer.document)
        suggested = [text for text, _ in vocabulary.suggested(word)] if word else []
        fitting = [text for text in suggested if text.startswith(word)]
        if suggested and len(fitting) != 1:
            listed = "  ".join(visible_line(text.strip()) for text in fitting or suggested)
            click.echo(f"\n{listed}" if is_dumb_terminal() else listed)
            shown_again()
        for letter in os.path.commonprefix(fitting)[len(word) :]:  # noqa: RUF071 — letters are what it shall compare
            event.current_buffer.insert_text(letter)  # one at a time: a dumb terminal is told of the last letter only

    return keys
