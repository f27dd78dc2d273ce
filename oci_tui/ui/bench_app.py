"""An app whose first screen is the workbench: what its parts have in common."""

from __future__ import annotations

import time
from pathlib import Path

from textual.driver import Driver
from textual.filter import Monochrome, NoColor
from textual.screen import Screen

from oci_tui.resources import state_folder
from oci_tui.settings import PromptKeys
from oci_tui.ui.colourless import Colourless
from oci_tui.ui.lending import LendingApp
from oci_tui.ui.pasting import PastingDriver
from oci_tui.ui.remembered import RememberedFile
from oci_tui.ui.screens.page import Page
from oci_tui.ui.screens.workbench import Workbench

_AGAIN_S = 3.0


class BenchApp(LendingApp):
    """`root` is the repository's folder, `prompt_keys` the kind of keys that the prompt has."""

    def __init__(self, root: Path, prompt_keys: PromptKeys = "default") -> None:
        super().__init__()
        if self.no_color:
            self._filters = [Colourless(self) if isinstance(found, Monochrome | NoColor) else found for found in self._filters]
        self._root = root
        self._prompt_keys = prompt_keys
        self._remembered = RememberedFile(state_folder() / "app.json")
        self._armed = ("", 0.0)

    def get_driver_class(self) -> type[Driver]:
        return PastingDriver

    def get_default_screen(self) -> Screen[None]:
        return Workbench(self._root, self._remembered, self._prompt_keys)

    @property
    def workbench(self) -> Workbench:
        """The first screen; it stays below any other."""
        bench = self.screen_stack[0]
        assert isinstance(bench, Workbench)
        return bench

    def say(self, text: str, *, bad: bool = False, again: str = "") -> None:
        """A passing word, on the screen that the person sees; `again` as there."""
        (self.screen if isinstance(self.screen, Page) else self.workbench).say(text, bad=bad, again=again)

    def _again(self, what: str) -> bool:
        """Whether this was asked a moment ago already; remembers that it was asked now."""
        (before, when), now = self._armed, time.monotonic()
        self._armed = (what, now)
        return before == what and now - when < _AGAIN_S
