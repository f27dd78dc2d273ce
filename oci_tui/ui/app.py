"""The app: themes, keys, the palette and the first screen; it opens the session behind the first paint. No agent logic."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import BindingsMap, BindingType
from textual.screen import Screen
from textual.widgets import TextArea
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from oci_tui.core.errors import OciError
from oci_tui.resources import state_folder
from oci_tui.settings import Notify, PromptKeys
from oci_tui.ui import attention, keys
from oci_tui.ui.approving import ApprovingApp
from oci_tui.ui.conversation import Converses
from oci_tui.ui.copying import CopyingApp
from oci_tui.ui.deciding import DecidingApp
from oci_tui.ui.desk import Desk
from oci_tui.ui.panes.ask_line import AskLine
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.screens.choosing import ChoosingScreen
from oci_tui.ui.screens.page import Page
from oci_tui.ui.stocked import StockedApp
from oci_tui.ui.together import TogetherApp
from oci_tui.ui.wording import plural

_LOOK_S = 1.0


class OciApp(DecidingApp, ApprovingApp, TogetherApp, StockedApp, CopyingApp):
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
        desk: Desk | None = None,
        prompt_keys: PromptKeys = "default",
    ) -> None:
        super().__init__(root, prompt_keys)
        # Textual has no public way to make a binding of the class yield.
        self._bindings = BindingsMap(keys.bindings(prompt_keys))
        self.animation_level = "none"
        self._make_session = make_session
        self._first_prompt = prompt
        self._making: asyncio.Task[Converses] | None = None
        self._talking: Worker[None] | None = None
        self.failure = ""
        self.log_file = state_folder() / "oci-tui.log"
        self.keymap = dict(keymap or {})
        self._notify = notify
        self._desk = desk
        self._problems = self.wear(theme) + keys.unknown(self.keymap)

    def on_ready(self) -> None:
        for problem in self._problems:
            self.workbench.transcript.note(problem, "warn")
        if self._first_prompt:
            self.workbench.conversation.send(self._first_prompt)
        self._talking = self.run_worker(self._converse(), name="conversation")
        self.set_interval(_LOOK_S, self.reload_themes)

    async def _converse(self) -> None:
        self._making = asyncio.create_task(asyncio.to_thread(self._make_session))
        try:
            session = await asyncio.shield(self._making)
        except OciError as error:
            self.failure = str(error)
            self.exit(return_code=error.exit_code)
            return
        session.approval.person = self
        self.workbench.recall(session.name, session.past)
        await self.workbench.conversation.serve(session)

    async def close_session(self) -> None:
        """End what runs and close the session, once it exists; safe when it was never made or could not be.

        Raises its port's error.
        """
        making, self._making = self._making, None
        if making is None:
            return
        await asyncio.wait([making])
        if self._talking is not None:
            self._talking.cancel()
            with suppress(WorkerCancelled, WorkerFailed):  # how it failed was told when it did
                await self._talking.wait()
        if making.exception() is None:
            await making.result().close()

    def on_mount(self) -> None:
        self.set_keymap(keys.direct(self.keymap))
        self.tell_terminal(attention.SAVE_TITLE)
        self.name_window(running=False)
        self.app_resume_signal.subscribe(self, lambda _: self.take_over())

    def on_unmount(self) -> None:
        super().on_unmount()
        self.tell_terminal(attention.RESTORE_TITLE)

    # what keys, palette and commands do

    def action_stop(self, at_once: bool = False) -> None:
        if at_once or not self.workbench.came_back():
            self.workbench.stop()

    def action_steer(self) -> None:
        self.workbench.steer()

    def action_interrupt(self) -> None:
        if isinstance(self.focused, TextArea) and self.focused.selected_text:
            self.copy_to_clipboard(self.focused.selected_text)
        elif selected := self.screen.get_selected_text():
            self.copy_to_clipboard(selected)
        elif self.workbench.conversation.running and not self.workbench.conversation.stopping:
            self.workbench.stop()
        elif self._again("quit"):
            self.exit()
        else:
            self.say(f"quits{self._what_stays()}", again=keys.hint("interrupt", self.keymap))

    def action_leave(self, sure: bool = False) -> None:
        stays = self._what_stays()
        if sure or not stays or self._again("leave"):
            self.exit()
        else:
            self.say(f"quits{stays}", again=keys.hint("leave", self.keymap))

    def _what_stays(self) -> str:
        talk = self.workbench.conversation
        if talk.company is not None:
            return ""
        waits = f"; {plural(len(talk.waiting), 'queued prompt')} will be in the prompt again" if talk.waiting else ""
        pending = talk.pending.files and talk.goes_on
        return f"{waits}; {talk.pending.summary()} pending: `oci-tui resume` goes on with it" if pending else waits

    def action_review(self) -> None:
        self.workbench.turned_to_change()
        self.workbench.zoom("changes")

    def action_zoom(self) -> None:
        self.workbench.zoom()

    def action_pane(self, name: str) -> None:
        self.workbench.focus_pane(name)

    def action_editor(self) -> None:
        self.workbench.write_in_editor()

    def action_lead(self) -> None:
        """Wait for the key after the leader, and show what it can be; cut where text is selected."""
        from oci_tui.ui.screens.leader import LeaderScreen

        if isinstance(self.screen, LeaderScreen):
            self.screen.dismiss(None)
        elif isinstance(self.focused, TextArea) and self.focused.selected_text:
            self.focused.action_cut()
        elif self.screen is self.workbench:
            self.push_screen(LeaderScreen(keys.after_leader(self.keymap)), self._led)

    async def _led(self, key: keys.Key | None) -> None:
        pane = self.focused
        if key is not None and not await self.run_action(key.action, self if key.anywhere or pane is None else pane):
            self.workbench.say(f"{key.does}: that is for {key.group}")

    def action_help(self) -> None:
        from oci_tui.ui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self._group(), self.keymap))

    def _group(self) -> str:
        """The group of keys that hold where the person is."""
        focused = self.focused
        labels = [focused.LABEL] if isinstance(focused, LinePane | CodeEditor | AskLine) else []
        if isinstance(self.screen, Page):
            labels += [*(pane.LABEL for pane in self.screen.query(LinePane)), "Page"]
        elif isinstance(self.screen, ChoosingScreen):
            labels.append(self.screen.GROUP)
        return next((label for label in labels if label in keys.GROUPS), "Prompt")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """The palette: what the keys do, by name, and the themes."""
        for key in keys.KEYS:
            if key.command:
                action = {"stop": "stop(True)", "leave": "leave(True)"}.get(key.action, key.action)
                shown = keys.shown(key, self.keymap)
                yield SystemCommand(key.command, f"{key.does} — {shown}", lambda action=action: self._run(action))
        yield SystemCommand("Undo the last accepted change", "take it back out of your files — u in Changes", self.action_undo)
        yield SystemCommand("Redo what was undone", "write it again — U in Changes", self.action_redo)
        yield SystemCommand("Evaluations", "runs of `oci-tui evaluate`, as they go on — /evaluations", self.action_evaluations)

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
