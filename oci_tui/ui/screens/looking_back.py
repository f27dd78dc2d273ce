"""An earlier round in the panes at the right: its code, its output, what it left pending. The next round takes them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

from textual import on

from oci_tui.core.events import CommandStarted, DiffChanged, Event, RoundStarted
from oci_tui.ui import keys
from oci_tui.ui.conversation import Conversation
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.panes.console import ConsolePane
from oci_tui.ui.panes.entries import EntriesPane
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.panes.past import Fixed, PastChanges, PastCode
from oci_tui.ui.remembered import RememberedFile
from oci_tui.ui.rounds import Round, Rounds
from oci_tui.ui.screens.layout import LaidOutScreen

_RIGHT = ("code", "console", "changes")
_TAKES: Mapping[type[Event], tuple[str, ...]] = {
    RoundStarted: _RIGHT,
    CommandStarted: ("console",),
    DiffChanged: ("changes",),
}
"""The panes that are of now again when this happens."""


class LookingBackScreen(LaidOutScreen):
    """The panes of now are only covered: what happens meanwhile is in them."""

    conversation: Conversation

    def __init__(self, remembered: RememberedFile) -> None:
        super().__init__(remembered)
        self._rounds = Rounds()
        self._looks = count(1)

    @property
    def looks_back(self) -> bool:
        """Whether a pane shows an earlier round."""
        return any(frame.earlier for frame in self._frames.values())

    def remember(self, event: Event) -> None:
        """Keep what rounds are made of; what begins takes its panes."""
        self._rounds.show(event)
        if names := _TAKES.get(type(event)):
            self.look_ahead(names)

    @on(EntriesPane.Wanted)
    def _wanted(self, message: EntriesPane.Wanted) -> None:
        self.look_back(self._rounds.of(message.turn, message.number))

    def look_back_to(self, number: int) -> None:
        """As `look_back`, to the round of this number in the session."""
        self.look_back(self._rounds.numbered(number))

    def look_back(self, past: Round | None) -> None:
        """Show this round again; what of it is what is now stays as it is, to be decided about."""
        frames = self._frames
        if past is None:
            self.say(f"this round is not kept here, or no longer; {self._key('timeline')} lists the rounds, to go back to one")
            return
        if isinstance(frames["code"].front, CodeEditor):
            self.say(f"first leave the block that you are editing: {self._key('code-edited.leave')}")
            return
        self.look_ahead()
        newest = past is self._rounds.newest
        number = next(self._looks)
        if not newest:
            self._show_past("code", PastCode(self._rounds.told(past), id=f"code-{number}"), past)
        if past.diff != self._rounds.pending:
            self._show_past("changes", PastChanges(past.diff, id=f"changes-{number}"), past)
        console = frames["console"].pane
        if isinstance(console, ConsolePane) and not (newest and self.conversation.running):
            ran = console.go_to_round(past.turn, past.number)
            frames["console"].earlier = "" if newest else f"{_earlier(past)} · {ran}"
        if not any(frames[name].display for name in _RIGHT):
            self.focus_pane("code")
        self._refresh_state()

    def _show_past(self, name: str, pane: PastCode | PastChanges, past: Round) -> None:
        frame = self._frames[name]
        had_focus = frame.front is self.focused
        pane.is_file = self.code.is_file
        frame.cover(pane)
        self._search.move(self._frames[name].pane, pane)
        frame.earlier = _earlier(past)
        if had_focus:
            pane.focus()

    def look_ahead(self, names: Iterable[str] = _RIGHT) -> None:
        """Show what is now in these panes again."""
        covered = [frame for frame in map(self._frames.__getitem__, names) if frame.earlier]
        for frame in covered:
            had_focus = frame.front is self.focused
            frame.earlier = ""
            if frame.front is not frame.pane:
                self._search.move(frame.front, frame.pane)
                frame.uncover()
            elif isinstance(frame.pane, ConsolePane) and not frame.pane.following:
                frame.pane.action_follow()
            if had_focus:
                self.set_focus(frame.pane)
        if covered:
            self._refresh_state()

    def turned_to_change(self) -> bool:
        """Show the change that is pending; whether another one was in sight, which is then not what is decided about."""
        frame = self._frames["changes"]
        other = frame.display and frame.front is not frame.pane
        self.look_ahead(("changes",))
        return other

    def came_back(self) -> bool:
        """Show what is now in all panes again; whether that is what a person in one of them wants when they leave."""
        left = self.looks_back and self.is_current and isinstance(self.focused, LinePane)
        self.look_ahead()
        return left

    def _refresh_state(self) -> None:
        """Other keys matter now. Here: there are no hints about it."""

    @on(Fixed)
    def _fixed(self) -> None:
        now, back = self._key("stop"), self._key("timeline")
        self.say(f"this is an earlier round: {now} is back to what is now, {back} goes back to the round")

    def _key(self, name: str) -> str:
        return keys.hint(name, keys.keymap_of(self.app))


def _earlier(past: Round) -> str:
    return f"earlier: {past.named}"
