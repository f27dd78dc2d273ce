"""The app: themes, keys, the palette and the first screen; it opens the session behind the first paint. No agent logic."""

from __future__ import annotations

import asyncio
import os
import time
import traceback
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import TextArea

from oci_tui.core.errors import OciError
from oci_tui.core.events import Event, TurnFinished
from oci_tui.core.feedback import again, declined
from oci_tui.core.selection import Selection
from oci_tui.resources import state_folder
from oci_tui.settings import Notify
from oci_tui.ui import attention, keys, themes
from oci_tui.ui.conversation import Converses, Settles
from oci_tui.ui.panes.changes import ChangesPane
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.remembered import RememberedFile
from oci_tui.ui.screens.workbench import Workbench
from oci_tui.ui.wording import plural

_AGAIN_S = 3.0
_LOOK_S = 1.0


class OciApp(App[None]):
    """`make_session` is called in a thread once the first screen is painted; `prompt` is sent when the session is ready.

    A session that cannot be made ends the app with its message in `failure`; `log` has the traceback of a crash.
    """

    TITLE = "oci-tui"
    CSS_PATH = "screens/workbench.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings()

    def __init__(
        self,
        make_session: Callable[[], Converses],
        root: Path,
        theme: str,
        prompt: str = "",
        *,
        keymap: Mapping[str, str] | None = None,
        notify: Notify = "auto",
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self._make_session = make_session
        self._root = root
        self._wanted_theme = theme
        self._first_prompt = prompt
        self._making: asyncio.Task[Converses] | None = None
        self._armed = ("", 0.0)
        self._accepting: Selection | None = None
        self.failure = ""
        self.log_file = state_folder() / "oci-tui.log"
        self.keymap = dict(keymap or {})
        self._notify = notify
        self._looked_at = True
        self._remembered = RememberedFile(state_folder() / "app.json")
        self._own_themes = themes.own_files()
        self._problems = self._register_themes() + keys.unknown(self.keymap)

    def _register_themes(self) -> list[str]:
        loaded, problems = themes.load_all()
        self._shipped = {theme.name for theme in loaded}
        for theme in loaded:
            self.register_theme(theme)
        wanted = self._wanted_theme or self._remembered.now.theme or "night"
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            names = ", ".join(sorted(theme.name for theme in loaded))
            problems.append(f"no theme is named {wanted!r}; there are {names}")
            self.theme = loaded[0].name if not any(theme.name == "night" for theme in loaded) else "night"
        return problems

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.VARIABLES

    def get_default_screen(self) -> Screen[None]:
        return Workbench(self._root, self._remembered)

    @property
    def workbench(self) -> Workbench:
        """The first screen; it stays below any other."""
        bench = self.screen_stack[0]
        assert isinstance(bench, Workbench)
        return bench

    def on_ready(self) -> None:
        for problem in self._problems:
            self.workbench.transcript.note(problem, "warn")
        if self._first_prompt:
            self.workbench.conversation.send(self._first_prompt)
        self.run_worker(self._converse(), name="conversation")
        self.set_interval(_LOOK_S, self._reload_themes)

    async def _converse(self) -> None:
        self._making = asyncio.create_task(asyncio.to_thread(self._make_session))
        try:
            session = await asyncio.shield(self._making)
        except OciError as error:
            self.failure = str(error)
            self.exit(return_code=error.exit_code)
            return
        await self.workbench.conversation.serve(session)

    async def close_session(self) -> None:
        """Close the session, once it exists; safe when it was never made or could not be. Raises its port's error."""
        making, self._making = self._making, None
        if making is None:
            return
        await asyncio.wait([making])
        if making.exception() is None:
            await making.result().close()

    def on_mount(self) -> None:
        self.set_keymap(self.keymap)
        self.tell_terminal(attention.SAVE_TITLE)
        self.name_window(running=False)

    def on_unmount(self) -> None:
        self.tell_terminal(attention.RESTORE_TITLE)

    # the terminal around the app

    def tell_terminal(self, sequence: str) -> None:
        """Send a sequence of `ui.attention`; a screen that is no terminal gets none."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
            self._driver.flush()

    def name_window(self, *, running: bool) -> None:
        """Keep the terminal's title level with what happens."""
        self.tell_terminal(attention.title(self._root.name, running=running))

    def on_app_focus(self) -> None:
        self._looked_at = True

    def on_app_blur(self) -> None:
        self._looked_at = False

    def on_workbench_turned(self, message: Workbench.Turned) -> None:
        """Say it in the window's title and, once the turn has ended, to the person who looks elsewhere."""
        event = message.event
        self.name_window(running=not isinstance(event, TurnFinished))
        if not isinstance(event, TurnFinished):
            return
        if self._notify != "off" and not self._looked_at:
            text = f"{event.verdict} after {plural(event.rounds, 'round')}"
            self.tell_terminal(attention.BELL if self._notify == "bell" else attention.notification(text, os.environ))

    def _reload_themes(self) -> None:
        """Show a theme of the person's own anew when its file was saved."""
        files = themes.own_files()
        if files == self._own_themes:
            return
        self._own_themes = files
        loaded, problems = themes.load_all()
        for theme in loaded:
            self.register_theme(theme)
        for problem in problems:
            self.workbench.say(problem, bad=True)
        self._shipped = {theme.name for theme in loaded}
        now = self.theme
        self.theme = "textual-dark"
        self.theme = now if now in self.available_themes else "night"

    # what keys, palette and commands do

    def action_theme(self) -> None:
        from oci_tui.ui.screens.themes import ThemeScreen

        names = [name for name in self.available_themes if not name.startswith("textual") and name in self._shipped]
        self.push_screen(ThemeScreen(names, self.theme), self._keep_theme)

    def _keep_theme(self, name: str | None) -> None:
        if name and (problem := self._remembered.keep(theme=name)):
            self.workbench.say(problem)

    def action_timeline(self) -> None:
        self.workbench.show_timeline = True
        self._decide("log", lambda settle: settle.history())

    def on_workbench_remembers(self, message: Workbench.Remembers) -> None:
        from oci_tui.ui.screens.timeline import TimelineScreen

        def chosen(number: int | None) -> None:
            if number is not None:
                self._decide("restore", lambda settle: settle.restore(number))

        self.push_screen(TimelineScreen(message.kept), chosen)

    def action_accept(self) -> None:
        self._accept()

    def action_reject(self, sure: bool = False) -> None:
        pending = self.workbench.conversation.pending
        if sure or not pending.files or self.workbench.conversation.running or self._again("reject"):
            self._decide("reject", lambda settle: settle.reject())
        else:
            self.workbench.say(f"Ctrl+N again drops {pending.summary()}", bad=True)

    def action_commit(self, message: str = "") -> None:
        self._decide("commit", lambda settle: settle.commit(message))

    def action_undo(self) -> None:
        self._decide("undo", lambda settle: settle.undo())

    def action_redo(self) -> None:
        self._decide("redo", lambda settle: settle.redo())

    def action_restore(self, number: int) -> None:
        self._decide("restore", lambda settle: settle.restore(number))

    def action_log(self) -> None:
        self._decide("log", lambda settle: settle.history())

    def on_changes_pane_chosen(self, message: ChangesPane.Chosen) -> None:
        if message.reason:
            self.workbench.ask_reason(message.selection)
        elif message.accept:
            self._accept(message.selection)
        else:
            self._decide("reject", lambda settle: settle.reject(message.selection))

    def on_workbench_declined(self, message: Workbench.Declined) -> None:
        pending = self.workbench.conversation.pending
        paths = message.selection.paths if message.selection else tuple(file.path for file in pending.files)
        if self._decide("reject", lambda settle: settle.reject(message.selection)):
            self.workbench.conversation.send(declined(paths, message.reason))

    def on_workbench_conflicted(self, message: Workbench.Conflicted) -> None:
        from oci_tui.ui.screens.conflict import Choice, ConflictScreen

        def chosen(choice: Choice | None) -> None:
            if choice == "clean":
                self._decide("accept", lambda settle: settle.accept(self._accepting, clean_only=True))
            elif choice == "mine":
                paths = message.conflict.paths
                self._decide("give way", lambda settle: settle.give_way(paths))
                self.workbench.conversation.send(again(paths))

        self.push_screen(ConflictScreen(message.conflict), chosen)

    def _decide(self, what: str, act: Callable[[Settles], AsyncGenerator[Event]]) -> bool:
        """Have it done; whether it is on its way. Why it is not is said."""
        problem = self.workbench.conversation.decide(what, act)
        if problem:
            self.workbench.say(problem)
        return not problem

    def _accept(self, selection: Selection | None = None) -> None:
        self._accepting = selection
        self._decide("accept", lambda settle: settle.accept(selection))

    def action_stop(self) -> None:
        self.workbench.stop()

    def action_steer(self) -> None:
        self.workbench.steer()

    def action_interrupt(self) -> None:
        if isinstance(self.focused, TextArea) and self.focused.selected_text:
            self.copy_to_clipboard(self.focused.selected_text)
        elif selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
            self.workbench.say("copied")
        elif self.workbench.conversation.running and not self.workbench.conversation.stopping:
            self.workbench.stop()
        elif self._again("quit"):
            self.exit()
        else:
            self.workbench.say(f"Ctrl+C again quits{self._what_is_lost()}", bad=True)

    def action_leave(self, sure: bool = False) -> None:
        lost = self._what_is_lost()
        if sure or not lost or self._again("leave"):
            self.exit()
        else:
            self.workbench.say(f"Ctrl+Q again quits{lost}", bad=True)

    def _what_is_lost(self) -> str:
        pending = self.workbench.conversation.pending
        return f" and drops the pending change ({pending.summary()})" if pending.files else ""

    def _again(self, what: str) -> bool:
        """Whether this was asked a moment ago already; remembers that it was asked now."""
        (before, when), now = self._armed, time.monotonic()
        self._armed = (what, now)
        return before == what and now - when < _AGAIN_S

    def action_review(self) -> None:
        self.workbench.zoom("changes")

    def action_zoom(self) -> None:
        self.workbench.zoom()

    def action_pane(self, name: str) -> None:
        self.workbench.focus_pane(name)

    def action_editor(self) -> None:
        self.workbench.write_in_editor()

    def action_help(self) -> None:
        from oci_tui.ui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            focused = self.focused
            group = focused.LABEL if isinstance(focused, LinePane) else "Prompt"
            self.push_screen(HelpScreen(group, self.keymap))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The palette: what the keys do, by name, and the themes."""
        for key in keys.KEYS:
            if key.command:
                action = {"reject": "reject(True)", "leave": "leave(True)"}.get(key.action, key.action)
                shown = keys.shown(key, self.keymap)
                yield SystemCommand(key.command, f"{key.does} — {shown}", lambda action=action: self._run(action))
        yield SystemCommand("Undo the last accepted change", "take it back out of your files — u in Changes", self.action_undo)
        yield SystemCommand("Redo what was undone", "write it again — U in Changes", self.action_redo)

    def _run(self, action: str) -> None:
        self.call_later(self.run_action, action)

    # crashes

    def _fatal_error(self) -> None:
        # Textual has no public hook here; its own prints the traceback, with every local variable, over the user's shell.
        error = self._exception
        self.failure = f"the app failed: {type(error).__name__}: {error}; please report it with {self.log_file}"
        if error is not None:
            with self.log_file.open("a", encoding="utf-8") as log:
                log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{''.join(traceback.format_exception(error))}\n")
        self._close_messages_no_wait()
