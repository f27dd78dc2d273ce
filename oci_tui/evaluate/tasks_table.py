"""The table of repository tasks: for each way how many were solved after each round, and for each task in which round."""

from __future__ import annotations

from collections.abc import Sequence

from oci_tui.core.terminal import visible_line
from oci_tui.evaluate.results import Record, Results
from oci_tui.evaluate.tasks import LEVEL

Named = tuple[str, Results]
"""A way's name and its results."""


def table(runs: Sequence[Named], kinds: dict[str, str]) -> str:
    """`kinds` says of what kind each task is. The text ends with a newline."""
    rounds = max(found.conditions.rounds for _, found in runs)
    asked = [f"{number} round{'s' * (number > 1)}" for number in range(1, rounds + 1)]
    head = [("way", "model", "tasks", *asked, "s a task"), *(_row(name, found, rounds) for name, found in runs)]
    solved = {name: {record.problem: _solved_in(record, rounds) for record in found.records} for name, found in runs}
    tasks = sorted({task for each in solved.values() for task in each}, key=lambda task: (kinds.get(task, ""), task))
    body = [("task", "kind", *(name for name, _ in runs))]
    body += [(task, kinds.get(task, ""), *(solved[name].get(task, "") for name, _ in runs)) for task in tasks]
    notes = [f"! {name}: {visible_line(record.problem)}: {visible_line(record.note)}" for name, record in _noted(runs)]
    return "\n".join([*_aligned(head), "", *_aligned(body), *notes]) + "\n"


def solved_after(found: Results, allowed: int) -> int:
    """How many tasks are solved with so many rounds."""
    return sum(record.attempts[:allowed][-1].passed.get(LEVEL, False) for record in found.records)


def _row(name: str, found: Results, rounds: int) -> tuple[str, ...]:
    count = len(found.records)
    tasks = str(count) if found.summary else f"{count} of {found.conditions.problems}"
    shares = [
        f"{(solved := solved_after(found, number))} ({100 * solved / max(count, 1):.0f} %)" for number in range(1, rounds + 1)
    ]
    seconds = sum(record.seconds for record in found.records) / max(count, 1)
    return (name, visible_line(found.conditions.model), tasks, *shares, f"{seconds:.1f}")


def _solved_in(record: Record, rounds: int) -> str:
    """The round from whose end on a task is solved; "–" when it is not in the end."""
    held = [attempt.passed.get(LEVEL, False) for attempt in record.attempts[:rounds]]
    if not held[-1]:
        return "–"
    return str(next(number for number in range(1, len(held) + 1) if all(held[number - 1 :])))


def _noted(runs: Sequence[Named]) -> list[tuple[str, Record]]:
    return [(name, record) for name, found in runs for record in found.records if record.note]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("─" * width for width in widths), *lines[1:]]
