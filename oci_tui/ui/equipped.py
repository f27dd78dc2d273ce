"""The screens over the workbench: settings, changed while it runs, the status details, evaluations, watched."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual.command import CommandPalette

from oci_tui.core.archive import SessionSummary
from oci_tui.settings import Settings
from oci_tui.ui import keys
from oci_tui.ui.attentive import AttentiveApp
from oci_tui.ui.desk import Desk
from oci_tui.ui.themed import ThemedApp

if TYPE_CHECKING:
    from oci_tui.ui.screens.details import DetailsScreen
    from oci_tui.ui.screens.sessions import SessionsScreen

_OF_THE_BENCH = frozenset(
    {
        "steer",
        "accept",
        "reject",
        "commit",
        "undo",
        "redo",
        "restore",
        "log",
        "timeline",
        "review",
        "zoom",
        "pane",
        "editor",
        "approval",
    }
)


class EquippedApp(ThemedApp, AttentiveApp):
    """Opens one screen at a time; what needs a desk says so where there is none."""

    _desk: Desk | None = None
    keymap: dict[str, str]
    log_file: Path
    resumes: SessionSummary | None = None
    """The session that the person wants to go on with in place of this one."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is done to the workbench cannot be done unseen, below another screen; the palette closes before it acts."""
        if action in _OF_THE_BENCH and self.screen is not self.workbench and not isinstance(self.screen, CommandPalette):
            return False
        return super().check_action(action, parameters)

    def action_settings(self) -> None:
        from oci_tui.ui.screens.settings import SettingsScreen

        if self._desk is None:
            self.say("this is a recording: there are no settings to change")
        elif self.screen is self.workbench:
            self.push_screen(SettingsScreen(self._desk.settings, self.adopt))

    def action_details(self) -> None:
        from oci_tui.ui.screens.details import DetailsScreen

        if self.screen is self.workbench:
            details = DetailsScreen(self.workbench.facts, self._root, self.log_file)
            self.push_screen(details)
            self.run_worker(self._ask_machine(details), name="machine")

    async def _ask_machine(self, details: DetailsScreen) -> None:
        desk = self._desk
        rows = await asyncio.to_thread(desk.machine, desk.settings.now) if desk is not None else ()
        if details.is_attached:
            details.know_machine(rows)

    def on_heat_pane_untold(self) -> None:
        if self._desk is not None and self._desk.settings.now.engine.alternatives:
            self.say("this engine told no probabilities of this reply")
        else:
            self.say("probabilities are told with [engine] alternatives = 5 (F9)")

    def action_evaluations(self) -> None:
        from oci_tui.ui.screens.evaluate import EvaluateScreen

        if self._desk is None:
            self.say("this is a recording: there are no evaluations to watch")
        elif self.screen is self.workbench:
            self.push_screen(EvaluateScreen(self._desk.measured, self._desk.measured_in))

    def action_sessions(self) -> None:
        from oci_tui.ui.screens.sessions import SessionsScreen

        if self._desk is None:
            self.say("this is a recording: there are no sessions to go on with")
        elif self.screen is self.workbench:
            self.push_screen(SessionsScreen(self._desk.archive(), self._root, self._again, self.workbench.session))

    def on_sessions_screen_resume(self, message: SessionsScreen.Resume) -> None:
        """End the app; who has started it begins it anew on that session."""
        if self.workbench.conversation.running:
            self.say("a turn is running here; stop it first (Esc twice)", bad=True)
        else:
            self.resumes = message.summary
            self.exit()

    def adopt(self, settings: Settings) -> str:
        """Have these settings hold where they can at once; in one line why they cannot be used, "" when they are."""
        ui, desk = settings.ui, self._desk
        if problem := "; ".join(keys.unknown(ui.keys)):
            return problem
        if ui.theme and ui.theme not in self.available_themes:
            return f"ui.theme: there is no theme {ui.theme!r}; there are {', '.join(sorted(self._shipped))}"
        self.theme = ui.theme or self._remembered.now.theme or self.theme
        self.keymap.clear()
        self.keymap.update(ui.keys)
        self.set_keymap(keys.direct(self.keymap))
        self._notify = ui.notify
        if desk is not None:
            self.workbench.conversation.adopt(desk.policy(settings))
        return ""
