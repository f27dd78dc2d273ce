"""The console pane: every command that ran, its output as it arrives, and how it ended; a log of bounded length."""

from __future__ import annotations

import re
from typing import ClassVar

from oci_tui.core.events import CommandFinished, CommandStarted, Event, OutputArrived, PlotDrawn, TurnFinished
from oci_tui.core.ports import Command, Exit, Stream
from oci_tui.core.terminal import printed, visible_line
from oci_tui.ui.panes.lines import LinePane, Spans
from oci_tui.ui.wording import ending, plural, seconds, size

# Printable ASCII is harmless as it is, and most of what a long log consists of: a tenth of the time.
_HARMLESS = re.compile(r"[\n\x20-\x7e]*")
_STYLE: dict[Stream, str] = {"stdout": "text", "stderr": "warn"}


class ConsolePane(LinePane):
    """A virtual log. At most `KEPT` lines stay; how many were dropped is its first line."""

    LABEL = "Console"
    LESSON = "What runs in the sandbox prints here. The sandbox holds a copy of your repository."
    KEPT: ClassVar[int] = 100_000
    LONGEST: ClassVar[int] = 4096

    def __init__(self, *, id: str = "console") -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: list[tuple[str, str]] = []
        self._dropped = 0
        self._tail = ""
        self._stream: Stream = "stdout"
        self._command: Command | None = None

    def show(self, event: Event) -> None:
        match event:
            case CommandStarted():
                self._command = event.command
                label = visible_line(event.command.label)
                if self._lines:
                    self._append([("", "text")])
                self._append([(f"$ {label}", "bar")])
                self.following = True
                self.detail = f"{label} · running"
                self.settle()
            case OutputArrived():
                self._print(event.stream, event.text)
            case PlotDrawn(plot=plot):
                self._end_line()
                self._append([(f"▣ figure, {plot.width} × {plot.height} pixels: {visible_line(plot.path)}", "good")])
            case CommandFinished():
                self._end_line()
                self._finish(event.exit)
                self._command = None
            case TurnFinished() if self._command:
                self._end_line()
                self.detail = f"{visible_line(self._command.label)} · stopped"
                self._append([("✗ stopped", "bad")])
                self._command = None
                self.settle()

    def _print(self, stream: Stream, text: str) -> None:
        if stream != self._stream:
            self._end_line()
            self._stream = stream
        before = len(self._lines)
        body, newline, self._tail = (self._tail + text).rpartition("\n")
        if newline:
            style = _STYLE[stream]
            self._append([(line, style) for line in _shown(body).split("\n")])
        while len(self._tail) > self.LONGEST:
            head, self._tail = self._tail[: self.LONGEST], self._tail[self.LONGEST :]
            self._append([(_shown(head), _STYLE[stream])])
        self.changed(min(before, len(self._lines)) + bool(self._dropped))

    def _end_line(self) -> None:
        if self._tail:
            self._append([(_shown(self._tail), _STYLE[self._stream])])
            self._tail = ""

    def _finish(self, end: Exit) -> None:
        sign, style = ("✓", "good") if end.passed else ("✗", "bad")
        facts = [ending(end), seconds(end.seconds)]
        if end.max_memory:
            facts.append(f"{size(end.max_memory)} at most")
        if end.omitted:
            facts.append(f"{size(end.omitted)} of output left out at the limit")
        self._append([(f"{sign} {' · '.join(facts)}", style)])
        if end.forgotten:
            self._append([("! Python was started anew: earlier variables are gone, and the model is told", "warn")])
        label = visible_line(self._command.label) if self._command else ""
        self.detail = " · ".join(filter(None, (label, ending(end), seconds(end.seconds))))
        self.settle()

    def _append(self, lines: list[tuple[str, str]]) -> None:
        first = self.line_count() - bool(self._tail)
        self._lines.extend(lines)
        self.changed(max(0, first))
        excess = len(self._lines) - self.KEPT
        if excess > self.KEPT // 20:
            shift = excess - (not self._dropped)
            del self._lines[:excess]
            self._dropped += excess
            self.shifted(shift)

    def line_count(self) -> int:
        return bool(self._dropped) + len(self._lines) + bool(self._tail)

    def line(self, index: int) -> Spans:
        if self._dropped:
            if index == 0:
                return ((f" … {plural(self._dropped, 'earlier line')} no longer kept", "muted"),)
            index -= 1
        if index == len(self._lines):
            return ((f" {_shown(self._tail)}", _STYLE[self._stream]),)
        text, style = self._lines[index]
        return ((f" {text}", style),)

    def fill(self, index: int) -> str:
        index -= bool(self._dropped)
        return "bar" if 0 <= index < len(self._lines) and self._lines[index][1] == "bar" else "text"


def _shown(text: str) -> str:
    return text if _HARMLESS.fullmatch(text) else printed(text).expandtabs(8)
