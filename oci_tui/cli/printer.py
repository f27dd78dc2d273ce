"""The event stream as lines for people: progress and the run on stderr, so that stdout holds only the result."""

from __future__ import annotations

import math
import re
import sys
import time
from typing import Protocol

from oci_tui.core import events
from oci_tui.core.approval import CHECK_DECIDES, MEANING, ApprovalChosen, CommandAsked, CommandRefused
from oci_tui.core.company import HostLost
from oci_tui.core.decision_events import DecisionFailed
from oci_tui.core.events import Event
from oci_tui.core.ports import Stream
from oci_tui.core.race_events import CandidateChosen, CandidateFinished, CandidateStarted
from oci_tui.core.rules import text_of
from oci_tui.core.terminal import printed, visible, visible_line
from oci_tui.core.verdict import Verdict

_MANY = 20
_COUNTED = re.compile(r" \d.*")
_SIGNS = {True: "✓", False: "✗", None: "●"}
_PASSED = {True: "passed, ", False: "failed, ", None: ""}
_WORDS = {"! ": "note: ", "? ": "question: ", "$ ": "run: ", "❯ ": "you: "}
_STREAMS: dict[Stream, str] = {"stdout": "output", "stderr": "error output"}


class Written(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...


class Printer:
    """Writes what happens to `out`, sanitised; progress of a part is a line only when the step or the tenth changes.

    Where nobody looks on (`counting` False, as in a log) only the step is a line, without how far it is. `spoken`, for a screen
    reader, has words for what a sign alone would say, and of a part that is on its way a line in `every_s` seconds at most.
    """

    def __init__(
        self, out: Written | None = None, *, counting: bool = True, spoken: bool = False, every_s: float = 5.0
    ) -> None:
        self._out: Written = out or sys.stderr
        self._counting = counting
        self._spoken = spoken
        self._every_s = every_s if spoken else 0.0
        self._told: dict[events.Part, float] = {}
        self._progress = self._failure = self._speaker = ""
        self._approval = "auto"
        self._at_line_start = True
        self._flagged: dict[str, tuple[str, ...]] = {}

    def show(self, event: Event) -> None:
        match event:
            case events.PartProgressed():
                tenth = "" if event.fraction is None else f" {int(event.fraction * 10) * 10} %"
                step = f"{event.part}: {visible_line(event.doing)}"
                bare = _COUNTED.sub("", step)
                reached, line = (bare + tenth, step + tenth) if self._counting else (bare, f"{bare} …")
                now = time.monotonic()
                if reached != self._progress and now - self._told.get(event.part, -math.inf) >= self._every_s:
                    self._progress, self._told[event.part] = reached, now
                    self._line("◌ ", line)
            case events.EngineReady(info=info):
                what = f"{visible_line(info.model)} · {info.engine} on {info.device} · window {info.context} tokens"
                self._line("✓ ", f"engine: {what}", "ready, ")
                for note in ([f"chat template: {info.template}"] if info.template else []) + list(info.notes):
                    self._line("  · ", visible_line(note))
            case events.SandboxReady(info=info):
                self._line("✓ ", f"sandbox: {visible_line(info.image)} · {' · '.join(info.limits)}", "ready, ")
                for note in info.notes:
                    self._line("  ! ", visible_line(note))
                for words in info.not_enforced:
                    self._line("  ! ", f"not enforced: {visible_line(words)}")
            case events.WorkspaceReady(info=info):
                left_out = f" · {visible_line(info.counts())}" if info.left_out else ""
                self._line("✓ ", f"workspace: {visible_line(info.root)} · {info.files} files{left_out}", "ready, ")
                for line in info.lines():
                    self._line("  ", visible_line(line))
            case events.PartFailed() | events.TurnFailed() | HostLost():
                if event.message != self._failure:
                    self._line("✗ ", visible_line(event.message), "error: ")
                self._failure = event.message
            case events.DiffChanged():
                self._flagged = {file.path: file.flags for file in event.diff.files if file.flags}
            case events.ReplyGrew():
                self._text("model", visible(event.text))
            case events.OutputArrived():
                self._text(_STREAMS[event.stream], printed(event.text))
            case _:
                self._round(event)

    def _round(self, event: Event) -> None:
        """What a round did, and how the turn ended."""
        match event:
            case events.RoundStarted():
                self._line("● ", f"round {event.round}")
            case events.ContextBuilt():
                self._line("  ", f"the model reads {event.tokens} of {event.window} tokens" + _named(": ", event.files))
                if event.left_out:
                    self._line("  ! ", "no room for" + _named(" ", event.left_out))
                if event.unknown:
                    self._line("  ! ", "nothing is named" + _named(" @", event.unknown))
                if event.dropped:
                    self._line("  ! ", "no longer read, for room:" + _named(" ", event.dropped))
            case events.ReplyFinished(usage=usage):
                self._line(
                    "  ",
                    f"{usage.reply_tokens} tokens in {usage.seconds:.1f} s, {usage.tokens_per_second:.0f} tokens/s, "
                    f"first after {usage.first_token_s:.1f} s, {usage.cached_tokens} of {usage.prompt_tokens} cached",
                    "end of the reply: ",
                )
            case events.EditsApplied():
                self._line("  ", "edited" + _named(" ", event.paths))
                for note in event.notes:
                    self._line("  ! ", visible_line(note))
            case events.EditsRefused():
                for reason in event.reasons:
                    self._line("  ✗ ", f"not applied: {visible_line(reason)}")
            case events.CheckFound():
                self._line("  · ", f"check: {visible_line(event.command.label)} ({visible_line(event.why)})")
            case events.PreparationOffered():
                self._line("  ! ", f"{visible_line(event.why)}: {visible_line(event.command)}")
            case events.RoundFinished():
                self._line(
                    f"{_SIGNS[event.passed]} ", f"round {event.round}: {visible_line(event.outcome)}", _PASSED[event.passed]
                )
            case events.TurnFinished():
                sign = "✓ " if event.verdict in (Verdict.PASSED, Verdict.ANSWERED) else "✗ "
                rounds = f"{event.rounds} round{'s' if event.rounds != 1 else ''}"
                why = f": {visible_line(self._failure)}" if event.verdict is Verdict.GAVE_UP and self._failure else ""
                self._line(sign, f"{event.verdict.value} after {rounds}, {event.seconds:.1f} s{why}")
                for path, flags in self._flagged.items():
                    self._line("  ! ", f"look twice at {visible_line(path)}: {visible_line(', '.join(flags))}")
            case _:
                self._running(event)

    def _running(self, event: Event) -> None:
        """What was asked, tried and run."""
        match event:
            case ApprovalChosen(mode=mode) if mode != self._approval:
                self._approval = mode
                self._line("● ", f"approval is {mode}: {MEANING[mode]}")
            case CommandAsked():
                code = f" ({visible_line(event.command.language)})" if event.command.language else ""
                self._line("? ", f"May this run in the sandbox?{code}")
                for line in text_of(event.command).split("\n"):
                    self._line("  │ ", visible_line(line.expandtabs(4)))
            case CommandRefused():
                sign = "  · " if event.why == CHECK_DECIDES else "  ✗ "
                self._line(sign, f"not run, since {visible_line(event.why)}: {visible_line(text_of(event.command))}")
            case CandidateStarted(number=1):
                self._line("  ", f"up to {event.of} replies are tried {event.how}".rstrip())
            case CandidateFinished():
                self._line(f"  {_SIGNS[event.passed]} ", visible_line(event.line()), _PASSED[event.passed])
            case CandidateChosen():
                self._line("  ◆ ", f"candidate {event.number} is taken: {event.why}")
            case events.CommandStarted():
                self._line("  $ ", visible_line(event.command.label))
            case events.PlotDrawn(plot=plot):
                self._line("  ▣ ", f"figure, {plot.width} × {plot.height} pixels: {visible_line(plot.path)}")
            case events.CommandFinished():
                omitted = f", {event.exit.omitted} bytes of output omitted" if event.exit.omitted else ""
                how = f"{event.exit.reason}, exit code {event.exit.code}, {event.exit.seconds:.1f} s{omitted}"
                self._line("  ", how, _PASSED[event.exit.passed])
                if event.exit.forgotten:
                    self._line("  ! ", "Python was started anew: earlier variables are gone, and the model is told")
            case _:
                self._change(event)

    def _change(self, event: Event) -> None:
        """What became of the change, by the person's doing."""
        match event:
            case events.UserEdited():
                if did := [*([f"you edited{_named(' ', event.paths)}"] if event.paths else []), *filter(None, [event.moved])]:
                    self._line("  ", visible_line("; ".join(did)))
                for path in event.conflicts:
                    self._line("  ! ", f"you and the model both changed {visible_line(path)}")
                if event.outdated:
                    self._line("  ! ", events.OUTDATED)
            case events.ChangeAccepted():
                if event.paths or not event.held:
                    self._line("✓ ", "accepted" + (_named(" ", event.paths) or ": nothing was written"))
                if event.held:
                    self._line("● ", "your tree held this already, nothing was written there:" + _named(" ", event.held))
                if event.left:
                    self._line("  ! ", "still pending, since your tree changed in the same lines:" + _named(" ", event.left))
            case events.ChangeRejected():
                self._line("● ", "rejected" + (_named(": a part of ", event.paths) or ": nothing is pending"))
            case events.ChangeCommitted():
                if event.commit:
                    self._line("✓ ", f"committed {event.commit[:10]}: {visible_line(event.subject)}")
                else:
                    self._line("● ", "there is nothing to commit")
            case events.CommitFailed() | DecisionFailed():
                self._line("✗ ", visible_line(event.message), "error: ")
            case events.ChangeGaveWay():
                self._line("● ", "your version took the change's place in" + _named(" ", event.paths))
                self._line("  ", "only in the lines that both changed; log and restore have the round as it was")
            case events.ChangeRedone():
                if event.paths:
                    self._line("✓ ", "done again" + _named(" ", event.paths))
                else:
                    self._line("● ", "there is nothing to do again")
            case events.RoundRestored():
                self._line("✓ ", f"the mirror is at the end of round {event.number}; your files are as they were")
            case events.FileIncluded():
                self._line("✓ ", f"{visible_line(event.path)} goes in with the next prompt")
            case events.HistoryListed():
                for kept in event.kept:
                    self._line("  ", visible_line(kept.line()))
                if not event.kept:
                    self._line("● ", "nothing is remembered of this session yet")
            case events.ChangeUndone():
                if event.paths:
                    self._line("✓ ", "undone" + _named(" ", event.paths))
                else:
                    self._line("● ", "there is nothing to undo")
            case events.Steered():
                self._line("❯ ", visible_line(event.text))
            case events.ChangeConflicted():
                self._line("✗ ", visible_line(event.message), "conflict: ")

    def _line(self, sign: str, text: str, word: str = "") -> None:
        """A line of ours. Spoken it has the word for the sign in place of it, which `word` is where another one fits."""
        bare = sign.lstrip(" ")
        lead = sign.removesuffix(bare) + (word or _WORDS.get(bare, "")) if self._spoken else sign
        start = "" if self._at_line_start else "\n"
        self._out.write(f"{start}{lead}{text}\n")
        self._out.flush()
        self._at_line_start = True
        self._speaker = ""

    def _text(self, speaker: str, text: str) -> None:
        """What another one says, under a line that says who, where that was not told last."""
        if text and speaker != self._speaker:
            self._line("", f"{speaker}:")
            self._speaker = speaker
        self._out.write(text)
        self._out.flush()
        self._at_line_start = text.endswith("\n") if text else self._at_line_start


def _named(lead: str, paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - _MANY} more" if len(paths) > _MANY else ""
    return lead + ", ".join(map(visible_line, paths[:_MANY])) + more if paths else ""
