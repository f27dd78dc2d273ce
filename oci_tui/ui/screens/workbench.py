"""The workbench: lays the panes out for the terminal's size, shows them every event, and sends what the person wants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Label

from oci_tui.core.changes import Kept
from oci_tui.core.company import CompanyChanged, HostLost
from oci_tui.core.events import (
    ChangeAccepted,
    ChangeCommitted,
    ChangeConflicted,
    Event,
    HistoryListed,
    TurnFailed,
    TurnFinished,
    TurnStarted,
    WorkspaceReady,
)
from oci_tui.core.recall import condensed
from oci_tui.core.selection import Selection
from oci_tui.core.verdict import Verdict
from oci_tui.resources import state_folder
from oci_tui.settings import PromptKeys
from oci_tui.ui.completing import Vocabulary
from oci_tui.ui.conversation import BUSY, Conversation
from oci_tui.ui.editor import changed
from oci_tui.ui.facts import Facts
from oci_tui.ui.keys import UNTYPED, YIELDING, deciding, hint, keymap_of, of
from oci_tui.ui.memory import PromptMemory
from oci_tui.ui.panes.changes import ChangesPane
from oci_tui.ui.panes.code_editor import CodeEditor
from oci_tui.ui.panes.completion import Completion
from oci_tui.ui.panes.frame import QueueLine
from oci_tui.ui.panes.keyed_area import KeyedArea
from oci_tui.ui.panes.lines import LinePane
from oci_tui.ui.panes.progress import ProgressLines
from oci_tui.ui.panes.prompt_box import PromptBox
from oci_tui.ui.panes.status import StatusPane
from oci_tui.ui.remembered import RememberedFile
from oci_tui.ui.screens.opening import OpeningScreen
from oci_tui.ui.screens.queue import QueueScreen
from oci_tui.ui.slash import SLASHES, named, parsed
from oci_tui.ui.wording import names
from oci_tui.ui.work import Work


class Workbench(OpeningScreen):
    """The screen people live in."""

    class Conflicted(Message):
        """An accept, undo or redo met edits of the person's own; `conflict` says where."""

        def __init__(self, conflict: ChangeConflicted) -> None:
            super().__init__()
            self.conflict = conflict

    class Declined(Message):
        """The person rejects the selection (None: all that is pending) and says why; the model is told."""

        def __init__(self, selection: Selection | None, reason: str) -> None:
            super().__init__()
            self.selection = selection
            self.reason = reason

    class Turned(Message):
        """A turn began or ended."""

        def __init__(self, event: TurnStarted | TurnFinished) -> None:
            super().__init__()
            self.event = event

    class Remembers(Message):
        """What the session remembers, for the time line that was asked for."""

        def __init__(self, kept: tuple[Kept, ...]) -> None:
            super().__init__()
            self.kept = kept

    AUTO_FOCUS = "#prompt"
    BINDINGS: ClassVar[list[BindingType]] = of(UNTYPED)

    def __init__(self, root: Path, remembered: RememberedFile, prompt_keys: PromptKeys = "default") -> None:
        super().__init__(root, remembered, prompt_keys)
        self.conversation = Conversation(self.show, self._refresh_state)
        self._status = StatusPane(root)
        self.facts = Facts()
        self.work = Work()
        self._progress = ProgressLines(self.work)
        self._vocabulary = Vocabulary()
        self._completion = Completion()
        self._prompt = PromptBox(PromptMemory(state_folder() / "prompts", root), self._completion, self._vocabulary.suggested)
        self._prompt.edits = self.new_edits()
        self._yielding = YIELDING[prompt_keys]
        self._queue = QueueLine()
        self._proposed = ""
        self._declining: Selection | None = None
        self._aside = ""
        self.show_timeline = False
        self.people: CompanyChanged | None = None

    def compose(self) -> ComposeResult:
        yield self._status
        yield from self.compose_panes()
        yield self._progress
        yield self._queue
        yield self._completion
        with Horizontal(id="ask"):
            yield Label("❯", id="mark", markup=False)
            yield self._prompt
        yield self._search
        yield self._hints
        yield Label("too small: make it 34×8 or more", id="too-small", markup=False)

    # events

    def show(self, event: Event) -> None:
        """Show every pane what happened."""
        talk = self.conversation
        if isinstance(event, TurnStarted | TurnFinished) and not talk.catching_up:
            self.post_message(self.Turned(event))
        self._status.show(event)
        self.facts.show(event)
        self.remember(event)
        if isinstance(event, TurnFinished):
            self._hints.unsay(BUSY)
        self.work.show(event)
        self.transcript.answers = talk.drives and not talk.catching_up
        timeline = isinstance(event, HistoryListed) and self.show_timeline and event.kept
        for pane in () if timeline else self._panes:
            pane.show(event)
        match event:
            case ChangeConflicted() if event.versions and talk.drives and not talk.catching_up:
                self.post_message(self.Conflicted(event))
            case ChangeAccepted() if event.proposed:
                self._proposed = event.proposed
            case ChangeCommitted():
                self._proposed = ""
            case HistoryListed(kept=kept):
                self.show_timeline = False
                if timeline:
                    self.post_message(self.Remembers(kept))
            case WorkspaceReady() | TurnFinished() if not talk.catching_up:
                self.learn_names()
            case TurnFailed() if talk.company is not None and not talk.catching_up:
                self.say(event.message, bad=True)  # a refusal may be told in a pane that is out of sight
            case HostLost():
                self.people = None
                self.stop()
            case CompanyChanged():
                self.people = event
                self.learn_names()
                self._refresh_state()
        if isinstance(event, TurnFinished) and talk.unread:
            self._say_what_is_unread(event.verdict)
        self.follow(event, pending=bool(talk.pending.files))

    def _say_what_is_unread(self, verdict: Verdict) -> None:
        """The turn ended before the model read what was said to it: after a stop that comes back into the box."""
        if verdict is not Verdict.STOPPED:
            self.say("the model reads what you said with your next prompt")
            return
        self._prompt.put("\n".join([*self.conversation.take_unread(), self._prompt.text]).strip())
        self.say("stopped before the model read what you said: it is in the prompt again")

    def recall(self, session: str, past: Sequence[Event]) -> None:
        """Show what happened in a session before it was resumed, and look as it was left."""
        for event in condensed(past):
            self._status.show(event)
            self.remember(event)
            for pane in self._panes:
                pane.show(event)
        self.lay_out(session)

    def action_propose_commit(self) -> None:
        """Put the message of a commit of what was accepted into the prompt, to be changed and sent."""
        if self._proposed:
            self._declining = None
            self._prompt.put(f"/commit {self._proposed}")
            self.focus_pane("prompt")
        else:
            self.say("nothing was accepted that is not committed")

    def ask_reason(self, selection: Selection) -> None:
        """Have the person write why this part is rejected, for the model to read; what stood in the box comes back after it."""
        if self._declining is None:
            self._aside = self._prompt.whole or self._aside
        self._declining = selection
        self._prompt.put("/reject ")
        self.focus_pane("prompt")

    @on(PromptBox.Sent)
    def _sent(self, message: PromptBox.Sent) -> None:
        declining, self._declining = self._declining, None
        if self._aside and not self._prompt.text:
            self._prompt.put(self._aside)
            self._aside = ""
        self._refresh_state()
        command = parsed(message.text)
        if command is None:
            if problem := self.conversation.refuses(message.text):
                self._give_back(message.text, problem)
            else:
                self.conversation.send(message.text)
            return
        name, rest = command
        slash = named(name)
        if slash is None:
            self.say(f"/{name} is no command; there are {' '.join(f'/{slash.name}' for slash in SLASHES)}")
        elif name in ("commit", "take", "drop") or (name in ("approval", "hand") and rest):
            self.app.call_later(self.app.run_action, ("", name, (rest,)))
        elif name == "reject" and rest:
            self.post_message(self.Declined(declining, rest))
        elif name == "reject" and declining is not None:
            self.post_message(ChangesPane.Chosen(declining, accept=False))
        elif name == "include" and rest:
            self.say(self.conversation.decide("include", lambda settle: settle.include(rest)))
        elif slash.action and ("{}" not in slash.action or re.fullmatch(r"\d{1,6}", rest)):
            self.app.call_later(self.app.run_action, slash.action.format(rest))
        else:
            self.say(f"/{name} {slash.takes}: {slash.does}")

    @on(KeyedArea.Moded)
    def _show_mode(self, message: KeyedArea.Moded) -> None:
        if message.area is self._prompt:
            self.query_one("#mark", Label).update({"insert": "❯", "normal": "N", "visual": "V", "replace": "R"}[message.mode])
        else:
            self.code.detail = f"edited · {message.mode}"

    @on(Completion.Clicked)
    def _take_suggestion(self, message: Completion.Clicked) -> None:
        self._prompt.write(message.suggestion)

    @on(QueueLine.Clicked)
    @on(PromptBox.EditQueue)
    def _edit_queue(self) -> None:
        """Bring the prompt that waits back into the box; where several do, the one that the person chooses."""
        talk = self.conversation
        if len(talk.waiting) > 1:
            self.app.push_screen(QueueScreen(talk.waiting, talk.take_back), self._put_back)
        elif talk.waiting:
            self._put_back(talk.take_back(0))

    def _put_back(self, prompt: str | None) -> None:
        if prompt:
            self._prompt.put("\n".join(filter(None, (prompt, self._prompt.text))))

    @work(exclusive=True, group="names")
    async def learn_names(self) -> None:
        """Bring what @ completes level with the repository."""
        self._vocabulary.know(*await self.conversation.names())

    @work
    async def write_in_editor(self) -> None:
        """Take what stands in the prompt to the person's editor, and back; what came into the box meanwhile stays before it."""
        before = self._prompt.whole
        text, problem = await changed(self.app, before)
        if problem:
            self.say(problem)
        else:
            came = self._prompt.whole.removesuffix(before).rstrip("\n")
            self._prompt.put("\n".join(filter(None, (came, text))))
        self.focus_pane("prompt")

    def steer(self) -> None:
        """Send what stands in the box to the model at once: into the running turn, or as a prompt when none runs."""
        if text := self._prompt.take():
            if problem := self.conversation.refuses(text):
                self._give_back(text, problem)
            elif self.conversation.running:
                self.conversation.steer(text)
                self.say("the model reads it in the next round")
            else:
                self.conversation.send(text)

    def _give_back(self, text: str, problem: str) -> None:
        """Say why this was not sent, and let it stand in the box."""
        self._prompt.put(text)
        self.say(problem, bad=True)

    def stop(self) -> None:
        """Reject nothing while a reason is asked for, else stop what runs; prompts that waited go back into the box.

        With nothing to stop, go to the prompt.
        """
        declining, self._declining = self._declining, None
        if declining is not None and self._prompt.text.startswith("/reject"):
            self._prompt.put(self._aside)
            self._aside = ""
            self.focus_pane("changes")
            return
        waiting = self.conversation.stop()
        if waiting:
            self._prompt.put("\n".join([*waiting, self._prompt.text]).strip())
        self.focus_pane("prompt")

    def focus_pane(self, name: str) -> None:
        """Bring a pane (by id) or "prompt" to the front and give it the focus."""
        if name == "prompt":
            self.set_focus(self._prompt)
        else:
            super().focus_pane(name)
        self._refresh_state()

    def _refresh_state(self) -> None:
        talk = self.conversation
        if (waiting := tuple(talk.waiting)) != self._queue.waiting:
            self._line_moved(waiting)
        pairs: list[tuple[str, str]] = []
        decides = deciding(self._yielding, keymap_of(self.app))
        self.transcript.decides = " · ".join(" ".join(pair) for pair in decides)
        if talk.lost:
            pairs.append(("✗", "the host is gone"))
        elif talk.stopping:
            pairs.append(("◌", "stopping"))
        elif self.focused is self._search:
            pairs += [("line.take", "find"), ("line.leave", "leave")]
        elif self._declining is not None and self.focused is self._prompt:
            pairs += [
                ("prompt.send", f"reject in {names(self._declining.paths)}; the model reads why"),
                ("stop", "reject nothing"),
            ]
        elif not talk.drives and not isinstance(self.focused, LinePane):
            if talk.company is not None and talk.company.me.role == "navigator":
                pairs.append(("prompt.send", "suggest"))
            if self.people is not None and all(there.role != "driver" for there in self.people.participants):
                pairs.append(("/drive", "take the wheel"))
        elif self.looks_back and isinstance(self.focused, LinePane):
            pairs += [("stop", "back to now"), ("outside-the-prompt.zoom", "zoom"), ("every-pane.search", "search")]
            pairs += self.focused.HINTS
        elif talk.running:
            pairs += [("stop", "stop"), ("prompt.send", "queue"), ("steer", "steer")]
        elif talk.pending.files and self.focused is self.changes:
            pairs += [
                ("changes.accept changes.reject", "accept, reject hunk"),
                ("changes.accept-file changes.reject-file", "file"),
                ("every-pane.next every-pane.previous", "next hunk"),
                ("accept", "accept all"),
            ]
            pairs += self.changes.HINTS
        elif isinstance(self.focused, CodeEditor):
            pairs += self.focused.HINTS
        elif isinstance(self.focused, LinePane):
            pairs += [("stop", "prompt"), ("outside-the-prompt.zoom", "zoom"), ("every-pane.search", "search")]
            pairs += self.focused.HINTS
        elif talk.pending.files:
            pairs += decides
        else:
            pairs += [("prompt.send", "send"), ("prompt.newline", "new line")]
        pairs += [("help", "help"), ("story…changes", "panes"), ("command_palette", "commands"), ("leave", "quit")]
        self._hints.pairs = tuple(pairs)

    def _line_moved(self, waiting: tuple[str, ...]) -> None:
        """Other prompts wait now. A host asks them also when this terminal is gone; else they are kept with the draft."""
        self._queue.waiting = waiting
        self._prompt.keep_with(waiting if self.conversation.company is None else ())
        for screen in self.app.screen_stack:
            if isinstance(screen, QueueScreen):
                screen.show(waiting)

    def on_mount(self) -> None:
        self._refresh_state()

    def on_descendant_focus(self) -> None:
        self._refresh_state()

    @on(ChangesPane.TooNarrow)
    def _too_narrow(self, message: ChangesPane.TooNarrow) -> None:
        zoom = hint("outside-the-prompt.zoom", keymap_of(self.app))
        self.say(f"side by side needs {message.wanted} columns; {zoom} gives this pane the whole screen")
