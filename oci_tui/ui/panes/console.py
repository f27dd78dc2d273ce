"""The console pane: every command that ran, its output as it arrives in its own colours, and how it ended."""

from __future__ import annotations

import re
import sys
import time
from itertools import chain, takewhile
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer

from oci_tui.core.events import CommandFinished, CommandStarted, Event, OutputArrived, PlotDrawn, RoundStarted, TurnFinished
from oci_tui.core.ports import Command, Exit, Stream
from oci_tui.core.terminal import painted, printed, visible_line
from oci_tui.ui import clipboard, keys
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.log import Log
from oci_tui.ui.panes.own import Own, expanded
from oci_tui.ui.panes.runs import Run, RunsPane
from oci_tui.ui.wording import ending, gauge, plural, seconds, size

_STYLE: dict[Stream, str] = {"stdout": "printed", "stderr": "warned"}
# No line of a program begins at the left edge: what does is ours.
_FIGURE = "good"
_GUTTER = {"printed": ("▏", "number"), "warned": ("▏", "warn")}
_ERROR = re.compile(
    r"^E  |\b(?:Traceback|FAILED|ERROR|FATAL|panicked|segfault)\b|\b\w*(?:Error|Exception)\b|\b(?:error|fatal)(?:\[\w+\])?:"
)


class ConsolePane(RunsPane):
    """A virtual log. Beyond 64 MB the oldest output goes; how many lines that were is its first line."""

    class Pictured(Message):
        """The person wants to see a figure, a PNG file; "" when there is none."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    LABEL = "Console"
    LESSON = "What runs in the sandbox prints here. The sandbox holds a copy of your repository."
    HINTS = (
        ("console.error", "error"),
        ("every-pane.open", "open"),
        ("every-pane.copy", "copy"),
        ("console.stderr", "only stderr"),
        ("console.previous-run console.next-run", "runs"),
        ("console.figure", "figure"),
    )
    LONGEST: ClassVar[int] = 4096
    TAB: ClassVar[int] = 8
    CLOCK_S: ClassVar[float] = 0.5

    BINDINGS: ClassVar[list[BindingType]] = keys.of("Console")

    def __init__(self, *, id: str = "console") -> None:  # noqa: A002
        super().__init__(id=id)
        self._stream: Stream = "stdout"
        self._command: Command | None = None
        self._since = 0.0
        self._figures: dict[str, str] = {}
        self._clock: Timer | None = None

    def on_mount(self) -> None:
        self._clock = self.set_interval(self.CLOCK_S, self._tick, pause=True)

    def show(self, event: Event) -> None:
        match event:
            case RoundStarted():
                self._turn, self._round = event.turn, event.round
            case CommandStarted():
                self._start(event.command)
            case OutputArrived():
                self._print(event.stream, event.text)
            case PlotDrawn(plot=plot):
                told = f"▣ figure, {plot.width} × {plot.height} pixels: {visible_line(plot.path)}"
                self._figures.pop(told, None)
                self._figures[told] = plot.path
                self._say(_FIGURE, told)
            case CommandFinished():
                self._finish(event.exit)
            case TurnFinished():
                self._round = 0
                if self._command:
                    self._say("bad", "✗ stopped")
                    self._stop(f"{visible_line(self._command.label)} · stopped")

    # what happened

    def _start(self, command: Command) -> None:
        self._command, self._since = command, time.monotonic()
        if len(self._all):
            self._say("text", "")
        starts = (len(log) + log.dropped for log in (self._all, self._stderr))
        self._runs.append(Run(command, self._turn if self._round else 0, self._round, *starts))
        number = f"    round {self._round}" if self._round else ""
        self._say("bar", f"$ {visible_line(command.label)}{number}")
        self.following, self._cursor = True, None
        self._tick()
        if self._clock is not None:
            self._clock.resume()
        self.settle()

    def _print(self, stream: Stream, text: str) -> None:
        if stream != self._stream:
            self._end_line()
            self._stream = stream
        first = max(0, self.line_count() - 1)
        self._keep(self._all, _STYLE[stream], text)
        if stream == "stderr":
            self._keep(self._stderr, _STYLE[stream], text)
        self.changed(first)

    def _finish(self, end: Exit) -> None:
        sign, style = ("✓", "good") if end.passed else ("✗", "bad")
        facts = [ending(end), seconds(end.seconds)]
        if end.max_memory:
            facts.append(f"{size(end.max_memory)} at most")
        if end.omitted:
            facts.append(f"{size(end.omitted)} of output left out at the limit")
        self._say(style, f"{sign} {' · '.join(facts)}")
        if end.forgotten:
            self._say("warn", "! Python was started anew: earlier variables are gone, and the model is told")
        label = visible_line(self._command.label) if self._command else ""
        self._stop(" · ".join(filter(None, (label, ending(end), seconds(end.seconds)))))

    def _stop(self, detail: str) -> None:
        self._command = None
        if self._clock is not None:
            self._clock.pause()
        self.detail = detail
        self.settle()

    def _say(self, style: str, text: str) -> None:
        """A line of our own, in the output and beside what went to stderr."""
        self._end_line()
        first = self.line_count()
        for log in (self._all, self._stderr):
            self._keep(log, style, f"{text}\n")
        self.changed(first)

    def _end_line(self) -> None:
        self._all.end_line()
        self._stderr.end_line()

    def _keep(self, log: Log, style: str, text: str) -> None:
        first = not log.dropped
        dropped = log.add(style, text)
        if dropped and log is self._log:
            self.shifted(dropped - first)

    def _tick(self) -> None:
        """While a command runs: for how long, and how much of its time that is."""
        if self._command is not None:
            took, limit = time.monotonic() - self._since, self._command.timeout_s
            share = f" of {seconds(limit)} {gauge(took / limit)}" if limit and took >= 1 else ""
            self.detail = f"{visible_line(self._command.label)} · running {int(took)} s{share}"

    # keys

    def action_error(self, step: int) -> None:
        """To the next (or with -1 the previous) line that tells of an error."""
        self.to_next(_ERROR, step)

    def action_figure(self) -> None:
        """Show the figure of the line; on a line without one, the figure drawn last."""
        row = self.here - bool(self._log.dropped)
        text, style = self._log.line(row) if 0 <= row < len(self._log) else ("", "")
        last = next(reversed(self._figures.values()), "")
        self.post_message(self.Pictured(self._figures.get(text, last) if style == _FIGURE else last))

    def action_only_stderr(self) -> None:
        """Show only what went to stderr, or everything again."""
        self._log = self._stderr if self._log is self._all else self._all
        self.restart()
        self.settle()

    def found(self, wanted: re.Pattern[str], start: int, step: int) -> int | None:
        offset = bool(self._log.dropped)
        there = self._log.find(wanted, max(0, start - offset), step) if start - offset >= 0 or step > 0 else None
        return None if there is None else there + offset

    def whole_at(self, index: int) -> str:
        """The output of the run that the line is in."""
        offset = bool(self._log.dropped)
        first = self._log.above(max(0, index - offset), "bar") + offset
        rest = takewhile(lambda row: self.fill(row) != "bar", range(first + 1, self.line_count()))
        return clipboard.joined(self.own_text(row) for row in chain((first,), rest)).rstrip()

    def own(self, index: int, column: int | None = None) -> Own | None:
        text, style = self._log.line(index - bool(self._log.dropped)) if index or not self._log.dropped else ("", "")
        if style not in _GUTTER:
            return super().own(index, column)
        cut = sum(len(part) for part, _ in self._parts(text)) if len(text) > self.LONGEST else sys.maxsize
        return Own(printed(text), 1, cut, self.TAB)

    # drawing

    def line_count(self) -> int:
        return bool(self._log.dropped) + len(self._log)

    def line(self, index: int) -> Spans:
        if self._log.dropped:
            if index == 0:
                return ((f" … {plural(self._log.dropped, 'earlier line')} no longer kept", "muted"),)
            index -= 1
        text, style = self._log.line(index)
        if style not in _GUTTER:
            return ((f" {text}", style),)
        more = f" … {plural(len(text) - self.LONGEST, 'more character')}" if len(text) > self.LONGEST else ""
        plain = "warn" if style == "warned" else "text"
        spans = [(part, f"sgr {codes}" if codes else plain) for part, codes in self._parts(text)]
        return (_GUTTER[style], *spans, *(((more, "muted"),) if more else ()))

    def _parts(self, text: str) -> Spans:
        """What is shown of a line of output, in parts with their colours."""
        return expanded(painted(text[: self.LONGEST]), self.TAB)

    def fill(self, index: int) -> str:
        index -= bool(self._log.dropped)
        return "bar" if 0 <= index < len(self._log) and self._log.line(index)[1] == "bar" else "text"
