"""What the person decides about the pending change, and of what is remembered: by key, command, palette or dialog."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from oci_tui.core.events import Event
from oci_tui.core.feedback import again, declined
from oci_tui.core.selection import Selection
from oci_tui.ui import keys
from oci_tui.ui.bench_app import BenchApp
from oci_tui.ui.conversation import Settles
from oci_tui.ui.panes.changes import ChangesPane
from oci_tui.ui.screens.workbench import Workbench


class DecidingApp(BenchApp):
    """Has decisions done in their turn; why one is not is said in passing."""

    _accepting: Selection | None = None

    def action_timeline(self) -> None:
        self.workbench.show_timeline = self._decide("look back", lambda settle: settle.history())

    def on_workbench_remembers(self, message: Workbench.Remembers) -> None:
        from oci_tui.ui.screens.timeline import TimelineScreen, Wanted

        def chosen(wanted: Wanted | None) -> None:
            if wanted is not None and wanted.look:
                self.workbench.look_back_to(wanted.number)
            elif wanted is not None:
                self._decide("restore", lambda settle: settle.restore(wanted.number))

        self.push_screen(TimelineScreen(message.kept), chosen)

    def action_accept(self) -> None:
        pending = self.workbench.conversation.pending
        if self.workbench.turned_to_change() and pending.files:
            self.workbench.say(f"writes {pending.summary()}, which Changes shows now", again=self._deciding_key("accept"))
        else:
            self._accept()

    def action_reject(self, sure: bool = False) -> None:
        pending = self.workbench.conversation.pending
        if sure or not pending.files or self.workbench.conversation.running or self._again("reject"):
            self._decide("reject", lambda settle: settle.reject())
        else:
            self.workbench.turned_to_change()
            self.workbench.say(f"drops {pending.summary()}", again=self._deciding_key("reject"))

    def _deciding_key(self, name: str) -> str:
        """The key that decides so."""
        return {name: key for key, name in keys.deciding(keys.YIELDING[self._prompt_keys], keys.keymap_of(self))}[name]

    def action_commit(self, message: str = "") -> None:
        self._decide("commit", lambda settle: settle.commit(message))

    def action_undo(self) -> None:
        self._decide("undo", lambda settle: settle.undo())

    def action_redo(self) -> None:
        self._decide("redo", lambda settle: settle.redo())

    def action_restore(self, number: int) -> None:
        self._decide("restore", lambda settle: settle.restore(number))

    def action_log(self) -> None:
        self.workbench.show_timeline = False
        self._decide("look back", lambda settle: settle.history())

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
