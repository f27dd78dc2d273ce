"""The transcript pane: the story of the session, one line a round with its outcome, prose folded in, and what to do next."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from oci_tui.core.approval import CHECK_DECIDES, SAID_NO, CommandAsked, CommandRefused
from oci_tui.core.company import HostLost
from oci_tui.core.decision_events import DecisionFailed
from oci_tui.core.diff import Diff
from oci_tui.core.events import (
    OUTDATED,
    ChangeAccepted,
    ChangeCommitted,
    ChangeConflicted,
    ChangeGaveWay,
    ChangeRedone,
    ChangeRejected,
    ChangeUndone,
    CheckFound,
    CommandFinished,
    CommandStarted,
    CommitFailed,
    ContextBuilt,
    DiffChanged,
    EditsApplied,
    EditsRefused,
    EngineReady,
    Event,
    FileIncluded,
    HistoryListed,
    Part,
    PartFailed,
    PartProgressed,
    PreparationOffered,
    ReplyGrew,
    RoundFinished,
    RoundRestored,
    RoundStarted,
    SandboxReady,
    Steered,
    TurnFailed,
    TurnFinished,
    TurnStarted,
    UserEdited,
    WorkspaceReady,
)
from oci_tui.core.generation import EngineInfo
from oci_tui.core.ports import SandboxInfo
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted
from oci_tui.core.rules import text_of
from oci_tui.core.terminal import visible, visible_line
from oci_tui.core.verdict import Verdict
from oci_tui.core.workspace_info import WorkspaceInfo
from oci_tui.ui import keys
from oci_tui.ui.panes import people
from oci_tui.ui.panes.entries import EntriesPane
from oci_tui.ui.panes.story import Prose, Said, Told
from oci_tui.ui.wording import names, plural, seconds, thousands

_AGAIN = "writing again"

_RESULTS = {True: ("✓", "good"), False: ("✗", "bad"), None: ("●", "muted")}
_SIGNS: dict[Verdict, tuple[str, str]] = {
    Verdict.PASSED: ("✓", "good"),
    Verdict.FAILED: ("✗", "bad"),
    Verdict.ANSWERED: ("●", "accent"),
    Verdict.REFUSED: ("✗", "warn"),
    Verdict.NOT_RUN: ("■", "warn"),
    Verdict.STOPPED: ("■", "warn"),
    Verdict.GAVE_UP: ("✗", "bad"),
}


class TranscriptPane(EntriesPane):
    """The left pane."""

    LABEL = "Story"
    HINTS = (("story.round", "round again"), ("story.unfold", "prose"))
    decides = ""
    """The keys that decide about a change, as they are told when a turn ends with one."""
    answers = True
    """Whether the questions are put to the person here."""
    BINDINGS: ClassVar[list[BindingType]] = keys.of("Story")

    def __init__(self, *, id: str = "transcript") -> None:  # noqa: A002
        super().__init__(id=id)
        self._round: Told | None = None
        self._diff = self._before = Diff()
        self._turn_runs = False

    def show(self, event: Event) -> None:
        if not self._turn_runs:
            self.rest()
        if self._show_part(event) or self._show_round(event) or self._show_change(event):
            return
        match event:
            case TurnStarted():
                self._turn_runs = True
                self._round, self._before = None, self._diff
                if not self._parts.brief:
                    self._parts.brief = True
                    self._touch(self._parts)
                self._tell(Said("❯", "accent", visible(event.prompt).expandtabs(4), "strong", gap=True))
                self.following = True
            case ContextBuilt() if event.files or event.left_out or event.dropped or event.unknown:
                files = f"reads {names(event.files)}" if event.files else "reads no files"
                left_out = f" · left out for room: {names(event.left_out)}" if event.left_out else ""
                size = f"{thousands(event.tokens)} of {thousands(event.window)} tokens"
                dropped = f" · no longer reads {names(event.dropped)}" if event.dropped else ""
                self._tell(Said("·", "muted", f"{files} · {size}{left_out}{dropped}", "muted"))
                if event.unknown:
                    self._tell(Said("!", "warn", f"nothing is named {names([f'@{name}' for name in event.unknown])}", "warn"))
            case Steered():
                self._tell(Said("❯", "accent", f"{visible(event.text)}", "strong"))
            case UserEdited():
                if event.paths or event.moved:
                    did = [f"you edited {names(event.paths)}"] if event.paths else []
                    self._tell(Said("·", "accent", visible_line(" · ".join([*did, event.moved] if event.moved else did))))
                if event.conflicts:
                    both = f"you and the model both changed {names(event.conflicts)} in the same lines"
                    self._tell(Said("!", "warn", both, "warn"))
                if event.outdated:
                    self._tell(Said("!", "warn", OUTDATED, "warn"))
            case TurnFailed() | HostLost():
                self._turn_runs = False
                if isinstance(event, HostLost):
                    self._break_off()
                self._tell(Said("✗", "bad", visible_line(event.message), "bad"))
            case TurnFinished():
                self._finish(event)
            case _ if (about := people.said(event)) is not None:
                self._tell(about)

    def note(self, text: str, style: str = "muted") -> None:
        """Say something that is no event, for example that a theme file cannot be used."""
        self._tell(Said("·" if style == "muted" else "!", style, visible_line(text), style))

    def _show_part(self, event: Event) -> bool:
        match event:
            case PartProgressed():
                part = f" {event.fraction:.0%}" if event.fraction is not None else ""
                self._set_part(event.part, "◌", "accent", f"{event.doing}{part}")
            case EngineReady():
                self._set_part("engine", "✓", "good", _engine(event.info))
            case SandboxReady():
                self._set_part("sandbox", "✓", "good", _sandbox(event.info))
            case WorkspaceReady():
                self._set_part("workspace", "✓", "good", _workspace(event.info))
            case PartFailed():
                self._set_part(event.part, "✗", "bad", event.message)
                if len(self._entries) > 2:
                    self._tell(Said("✗", "bad", f"{event.part}: {visible_line(event.message)}", "bad"))
            case _:
                return False
        return True

    def _set_part(self, part: Part, sign: str, style: str, text: str) -> None:
        self._parts.state[part] = (sign, style, text)
        self._touch(self._parts)

    def _show_round(self, event: Event) -> bool:
        if isinstance(event, RoundStarted):
            self._round = Told(event.round, event.turn)
            self._tell(self._round)
            return True
        told = self._round
        if told is None:
            return False
        match event:
            case ReplyGrew():
                if told.doing == _AGAIN:
                    told.prose = Prose()
                if not told.prose.feed(event.text) and told.doing == "writing":
                    return True
                told.doing = "writing"
            case EditsApplied():
                told.paths = names(event.paths)
                told.doing = ""
                for note in event.notes:
                    self._tell(Said("·", "warn", visible_line(note), "warn"))
            case EditsRefused():
                for reason in event.reasons:
                    self._tell(Said("!", "warn", visible_line(reason), "warn"))
                told.doing = _AGAIN
            case CheckFound():
                self._tell(Said("·", "muted", visible_line(f"check: {event.command.label} · {event.why}"), "muted"))
            case PreparationOffered():
                self._tell(Said("!", "warn", visible_line(f"{event.why}; for a terminal: {event.command}"), "warn"))
            case CandidateStarted():
                told.doing = ", ".join(filter(None, (f"up to {event.of} replies", event.how)))
            case CandidateFinished():
                sign, style = _RESULTS[event.passed]
                self._tell(Said(sign, style, visible_line(event.line()), "muted"))
            case CandidateChosen():
                self._tell(Said("◆", "accent", f"candidate {event.number} is taken: {visible_line(event.why)}", "muted"))
            case CommandAsked():
                told.doing = f"may it run {visible_line(text_of(event.command))}?"
            case CommandRefused():
                why = "you said no" if self.answers and event.why == SAID_NO else event.why
                refused = f"not run, since {why}: {text_of(event.command)}"
                sign, style = ("·", "muted") if event.why == CHECK_DECIDES else ("✗", "warn")
                self._tell(Said(sign, style, visible_line(refused), style))
            case CommandStarted():
                told.doing = f"running {visible_line(event.command.label)}"
            case CommandFinished():
                told.doing = Told.doing
            case RoundFinished():
                told.doing = visible_line(event.outcome)
                told.sign, told.sign_style = _RESULTS[event.passed]
            case _:
                return False
        self._touch(told)
        return True

    def _show_change(self, event: Event) -> bool:
        match event:
            case DiffChanged():
                self._diff = event.diff
            case ChangeAccepted():
                if event.paths:
                    did = f"accepted: {names(event.paths)} written · u in Changes or /undo takes it back"
                    self._tell(Said("✓", "good", did))
                if event.held:
                    held = f"your tree held this already: {names(event.held)} · nothing was written there"
                    self._tell(Said("·", "muted", held, "muted"))
                elif not event.paths:
                    self._tell(Said("·", "muted", "accepted: nothing was written", "muted"))
                if event.proposed:
                    self._tell(Said(" ", "muted", "c in Changes commits exactly this", "muted"))
                if event.left:
                    left = f"still pending, since your tree changed in the same lines: {names(event.left)}"
                    self._tell(Said("!", "warn", left, "warn"))
            case ChangeCommitted():
                made = f"committed {event.commit[:10]}: {visible_line(event.subject)}"
                self._tell(Said("✓", "good", made) if event.commit else Said("·", "muted", "nothing to commit", "muted"))
            case CommitFailed() | DecisionFailed():
                self._tell(Said("✗", "bad", visible_line(event.message), "bad"))
            case ChangeGaveWay():
                gone = f"your version took the change's place in the same lines: {names(event.paths)}"
                self._tell(Said("●", "muted", gone, "muted"))
                self._tell(Said(" ", "muted", "the rest is pending · F7 or /restore goes back to what it was", "muted"))
            case ChangeRejected(paths=paths) if paths:
                self._tell(Said("✗", "muted", f"rejected: changes of {names(paths)}; the rest is pending", "muted"))
            case ChangeRejected():
                self._tell(Said("✗", "muted", "rejected: the change is dropped, your files are as they were", "muted"))
            case ChangeUndone() if event.paths:
                self._tell(Said("✓", "good", f"undone: {names(event.paths)} as before the accept"))
            case ChangeUndone():
                self._tell(Said("·", "muted", "nothing to undo", "muted"))
            case ChangeRedone() if event.paths:
                self._tell(Said("✓", "good", f"done again: {names(event.paths)} written"))
            case ChangeRedone():
                self._tell(Said("·", "muted", "nothing to do again", "muted"))
            case RoundRestored():
                there = (
                    f"the mirror is back at round {event.number}; your files are as they were, the pending change leads there"
                )
                self._tell(Said("✓", "good", there))
            case FileIncluded():
                self._tell(Said("✓", "good", f"{visible_line(event.path)} goes in with the next prompt", "good"))
            case HistoryListed():
                for kept in event.kept or ():
                    self._tell(Said("·", "muted", visible_line(kept.line()), "muted"))
                if not event.kept:
                    self._tell(Said("·", "muted", "nothing is remembered of this session yet", "muted"))
            case ChangeConflicted():
                self._tell(Said("✗", "bad", visible_line(event.message), "bad"))
            case _:
                return False
        return True

    def _finish(self, event: TurnFinished) -> None:
        self._turn_runs = False
        self._break_off()
        sign, style = _SIGNS[event.verdict]
        new = self._diff if self._diff != self._before else Diff()
        change = f" · {new.summary()}" if new.files else ""
        took = f"{event.verdict} · {plural(event.rounds, 'round')} · {seconds(event.seconds)}{change}"
        self._tell(Said(sign, style, took, "strong"))
        for file in new.files:
            if file.flags:
                look = visible_line(f"look twice at {file.path}: {', '.join(file.flags)}")
                self._tell(Said("!", "warn", look, "warn"))
        if new.files:
            self._tell(Said(" ", "muted", self.decides, "muted"))
        elif self._diff.files:
            self._tell(Said(" ", "muted", f"pending as before: {self._diff.summary()}", "muted"))
        elif event.verdict in (Verdict.FAILED, Verdict.GAVE_UP, Verdict.STOPPED):
            self._tell(Said(" ", "muted", "Your files are untouched; ask again, or say what should be different.", "muted"))
        self.settle()

    def _break_off(self) -> None:
        """No more comes of the round that is told, if one is."""
        if self._round is not None and self._round.sign == "◌":
            self._round.sign, self._round.sign_style, self._round.doing = "■", "warn", "not finished"
            self._touch(self._round)
        self._round = None


def _engine(info: EngineInfo) -> str:
    bits = f" {info.bits_per_weight:.1f} bpw" if info.bits_per_weight is not None else ""
    facts = [f"{info.model}{bits}", f"{info.engine} on {info.device}", f"window {thousands(info.context)} tokens"]
    template = [f"chat template: {info.template}"] if info.template else []
    return " · ".join([*facts, *template, *info.notes])


def _sandbox(info: SandboxInfo) -> str:
    missing = [f"not enforced: {', '.join(info.not_enforced)}"] if info.not_enforced else []
    return " · ".join([info.name, *info.notes, *info.limits, *missing])


def _workspace(info: WorkspaceInfo) -> str:
    facts = [info.branch or "detached HEAD", plural(info.files, "file"), info.counts()]
    return " · ".join([*filter(None, facts), *info.lines()])
