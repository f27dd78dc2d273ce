"""A log of commands that ran one after another: from run to run, and to those of a round."""

from __future__ import annotations

from typing import NamedTuple

from oci_tui.core.ports import Command
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.cursor import CursorPane
from oci_tui.ui.panes.log import Log


class Run(NamedTuple):
    """A command that ran, of which round of which turn (0 outside of one).

    `start` is its heading's line, counted from the first line there ever was; so is `in_stderr`.
    """

    command: Command
    turn: int
    round: int
    start: int
    in_stderr: int


class RunsPane(CursorPane):
    """`_log` is what is shown: all of it, or what went to stderr."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._all, self._stderr = Log(), Log()
        self._log = self._all
        self._runs: list[Run] = []
        self._turn = self._round = 0

    def action_run(self, step: int) -> None:
        """To the heading of the next (or with -1 the previous) command."""
        starts = [row for row in map(self._row_of, self._runs) if row >= 0]
        here = self.here if self._cursor is not None or step > 0 else self.line_count()
        ahead = [start for start in starts if (start > here if step > 0 else start < here)]
        if ahead:
            row = min(ahead) if step > 0 else max(ahead)
            self.go_to(row, row)

    def go_to_round(self, turn: int, number: int) -> str:
        """To the first command of this round; what can be seen of it, as its heading says it."""
        runs = [run for run in self._runs if (run.turn, run.round) == (turn, number)]
        if not runs:
            return "nothing ran"
        row = self._row_of(runs[0])
        if row < 0:
            return "its output is no longer kept"
        self.go_to(row, row)
        return visible_line(runs[0].command.label)

    def _row_of(self, run: Run) -> int:
        """Where its heading is now; below 0 when it is no longer kept."""
        start = run.start if self._log is self._all else run.in_stderr
        return start - self._log.dropped + bool(self._log.dropped) if start >= self._log.dropped else -1
