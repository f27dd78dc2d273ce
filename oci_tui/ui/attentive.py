"""What the terminal around an app is told: its title, and that a turn has ended, to a person who looks elsewhere."""

from __future__ import annotations

import os
import time
from typing import ClassVar

from textual import events

from oci_tui.core.events import TurnFinished
from oci_tui.settings import Notify
from oci_tui.ui import attention
from oci_tui.ui.bench_app import BenchApp
from oci_tui.ui.screens.workbench import Workbench
from oci_tui.ui.wording import plural


class AttentiveApp(BenchApp):
    """Knows whether the person looks at its window, where the terminal tells; else it goes by what they do."""

    QUIET_S: ClassVar[float] = 10.0
    """Where the terminal never told of its focus: who has touched nothing for so long, in a turn as old, looks elsewhere."""

    _notify: Notify = "auto"
    _looked_at: bool | None = None
    _named_running = False
    _touched = _turn_began = 0.0

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent | events.Paste):
            self._touched = time.monotonic()
        await super().on_event(event)

    def tell_terminal(self, sequence: str) -> None:
        """Send a sequence of `ui.attention`; a screen that is no terminal gets none."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
            self._driver.flush()

    def name_window(self, *, running: bool) -> None:
        """Keep the terminal's title level with what happens."""
        self._named_running = running
        self.tell_terminal(attention.title(self._root.name, running=running))

    def take_over(self) -> None:
        """The terminal is the app's again; another program may have left anything on it, and in its title.

        The size by which Textual would notice is the same.
        """
        self.refresh(layout=True)
        self.name_window(running=self._named_running)

    def on_app_focus(self) -> None:
        self._looked_at = True

    def on_app_blur(self) -> None:
        self._looked_at = False

    @property
    def _looks_elsewhere(self) -> bool:
        if self._looked_at is not None:
            return not self._looked_at
        return time.monotonic() - max(self._touched, self._turn_began) >= self.QUIET_S

    def on_workbench_turned(self, message: Workbench.Turned) -> None:
        """Say it in the window's title and, once the turn has ended, to the person who looks elsewhere."""
        event = message.event
        self.name_window(running=not isinstance(event, TurnFinished))
        if not isinstance(event, TurnFinished):
            self._turn_began = time.monotonic()
            return
        self.tell_person(f"{event.verdict} after {plural(event.rounds, 'round')}")

    def tell_person(self, text: str) -> None:
        """Have the terminal say it to a person who looks elsewhere, where the settings want that."""
        if self._notify != "off" and self._looks_elsewhere:
            self.tell_terminal(attention.BELL if self._notify == "bell" else attention.notification(text, os.environ))
