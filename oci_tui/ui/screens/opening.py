"""What a line of a pane speaks of, opened: a file in the person's editor, a figure on the whole terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work

from oci_tui.settings import PromptKeys
from oci_tui.ui.editor import opened
from oci_tui.ui.figure import shown
from oci_tui.ui.keys import hint, keymap_of
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.places import own_file, own_line, pending_file
from oci_tui.ui.remembered import RememberedFile
from oci_tui.ui.screens.rewriting import RewritingScreen


class OpeningScreen(RewritingScreen):
    """`root` is the repository's folder: only what is in there is opened, as it is there."""

    def __init__(self, root: Path, remembered: RememberedFile, prompt_keys: PromptKeys) -> None:
        super().__init__(remembered, prompt_keys)
        self._root = root
        for pane in self._panes:
            if isinstance(pane, CursorPane):
                pane.is_file = self._is_file

    def _is_file(self, path: str) -> bool:
        return own_file(self._root, path) is not None or pending_file(self.conversation.pending, path) is not None

    @on(CursorPane.Opened)
    @work
    async def _opened(self, message: CursorPane.Opened) -> None:
        place = message.place
        change = pending_file(self.conversation.pending, place.path)
        accept = hint("accept", keymap_of(self.app))
        file = own_file(self._root, change.old_path if change and change.status == "renamed" else place.path)
        if file is None:
            pending = f"{place.path} is new and pending: {accept} accepts it, then it can be opened"
            self.say(pending if change else f"{place.path} is no file of this repository")
            return
        try:
            line = await asyncio.to_thread(own_line, place, change, file)
        except OSError as error:
            self.say(f"{place.path} cannot be read: {error.strerror}")
            return
        problem = await opened(self.app, file, line)
        self.say(problem or (f"{place.path} was opened without its pending change; {accept} accepts that" if change else ""))

    @on(ConsolePane.Pictured)
    @work
    async def _pictured(self, message: ConsolePane.Pictured) -> None:
        if problem := await shown(self.app, message.path) if message.path else "no figure was drawn yet":
            self.say(problem)
