"""The evaluations screen: every run of `oci-tui evaluate`, its score and its tasks, while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import set_cell_size

from oci_tui.core.measured import Measured, MeasuredTask
from oci_tui.core.terminal import visible_line
from oci_tui.ui.panes.lines import Spans
from oci_tui.ui.panes.rows import RowsPane
from oci_tui.ui.screens.page import ListPage
from oci_tui.ui.wording import gauge, plural, seconds, wrap

_LOOK_S = 1.0
_NAME = 16
_SIGNS = {True: ("✓", "good"), False: ("✗", "bad")}
NOTHING = "no run yet: start one with `oci-tui evaluate humaneval+ --protocol visible`"


class EvaluateScreen(ListPage):
    """`runs` reads what there is in the folder `place`; it is looked at anew every second."""

    LABEL: ClassVar[str] = "Evaluations"

    def __init__(self, runs: Callable[[], tuple[Measured, ...]], place: str) -> None:
        super().__init__(RowsPane("Evaluations", id="rows"))
        self._read, self._place = runs, visible_line(place)
        self._runs = runs()

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_LOOK_S, self._look)

    def _look(self) -> None:
        runs = self._read()
        if runs != self._runs:
            self._runs = runs
            self.redraw()

    def list_rows(self, width: int) -> Sequence[Spans]:
        going = sum(run.running for run in self._runs)
        self.rows.detail = f"{going} going on" if going else plural(len(self._runs), "run")
        return [_listed(run, width) for run in self._runs] or self._nothing(width)

    def _nothing(self, width: int) -> list[Spans]:
        told = (NOTHING, "", f"looked for in {self._place}; a run with --out is not seen here")
        return [((f" {row}", "muted"),) for line in told for row in wrap(line, width - 2)]

    def detail_rows(self, width: int) -> Sequence[Spans]:
        if not self._runs:
            return []
        run = self._runs[min(self.rows.row, len(self._runs) - 1)]
        done = len(run.tasks)
        rows: list[Spans] = [
            ((f" {visible_line(run.title)}", "strong"),),
            ((f" {visible_line(run.model)}", "accent"),),
            ((f" {visible_line(run.name)}", "muted"),),
            (),
            ((" done     ", "number"), (f"{gauge(done / max(run.total, 1), 20)} {done} of {run.total}", "text")),
            ((" at once  ", "number"), (_share(run.first, done), "text")),
            ((" after    ", "number"), (_share(run.passed, done), "strong")),
            ((" fixed    ", "number"), (str(run.fixed), "good"), ("   broken ", "number"), (str(run.broken), "bad")),
            *([((" left     ", "number"), (f"about {_left(run)}", "text"))] if run.running and done else []),
            (),
        ]
        return [*rows, *(_task(task, width) for task in reversed(run.tasks))]


def _listed(run: Measured, width: int) -> Spans:
    done = len(run.tasks)
    state = ("●", "accent") if run.running else ("✓", "good") if done >= run.total else ("◌", "warn")
    score = f"{_percent(run.first, done)} → {_percent(run.passed, done)}"
    room = max(width - len(score) - 6, 8)
    return (
        (f" {state[0]} ", state[1]),
        (set_cell_size(visible_line(f"{run.title} · {run.model}"), room), "text"),
        (f" {score}", "number"),
    )


def _task(task: MeasuredTask, width: int) -> Spans:
    marks: list[tuple[str, str]] = [(f"{sign} ", style) for sign, style in map(_SIGNS.__getitem__, task.rounds)]
    name = set_cell_size(visible_line(task.name), min(_NAME, max(width // 2, 8)))
    return ((f" {name} ", "text"), *marks, (f" {seconds(task.seconds)}", "muted"), (f"  {visible_line(task.note)}", "warn"))


def _left(run: Measured) -> str:
    """From how long the tasks took one after another."""
    each = sum(task.seconds for task in run.tasks) / len(run.tasks)
    return seconds(each * (run.total - len(run.tasks)))


def _share(count: int, done: int) -> str:
    return f"{_percent(count, done)}  ({count})"


def _percent(count: int, done: int) -> str:
    return f"{100 * count / done:.1f} %" if done else "–"
