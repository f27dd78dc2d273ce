"""An evaluation as it stands, for people to watch: how far it has come, the score so far, and its tasks."""

from __future__ import annotations

import msgspec


class MeasuredTask(msgspec.Struct, frozen=True):
    """A task that is done: how each of its rounds came out, and whether the one that counts passed."""

    name: str
    rounds: tuple[bool, ...]
    passed: bool
    seconds: float
    note: str = ""


class Measured(msgspec.Struct, frozen=True):
    """A run. `tasks` are those done, the last one last, of `total`; `running`: a process is at it now."""

    name: str
    title: str
    model: str
    total: int
    tasks: tuple[MeasuredTask, ...]
    running: bool = False

    @property
    def first(self) -> int:
        """How many passed at once."""
        return sum(bool(task.rounds) and task.rounds[0] for task in self.tasks)

    @property
    def passed(self) -> int:
        return sum(task.passed for task in self.tasks)

    @property
    def fixed(self) -> int:
        """How many passed only after feedback."""
        return sum(task.passed and not task.rounds[0] for task in self.tasks)

    @property
    def broken(self) -> int:
        """How many passed at once, and no longer after feedback."""
        return sum(bool(task.rounds) and task.rounds[0] and not task.passed for task in self.tasks)
