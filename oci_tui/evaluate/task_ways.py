"""What is wanted of repository tasks, the ways that they are done in, and the conditions of each."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import EngineInfo, Sampling
from oci_tui.evaluate.results import Conditions
from oci_tui.evaluate.task_folders import RepositoryTask, digest
from oci_tui.evaluate.tasks import LEVEL, Way


class TasksWanted(msgspec.Struct, frozen=True):
    """At most `rounds` rounds; one reply a round, and the best of `candidates`; `peer` is the command of a peer, () for none.

    `only` are patterns of names, () for all.
    """

    rounds: int = 3
    candidates: int = 4
    peer: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def chosen(self, tasks: Sequence[RepositoryTask]) -> tuple[RepositoryTask, ...]:
        """Those of the tasks that are wanted. Raises SettingsError when there is none."""
        found = tuple(task for task in tasks if not self.only or any(fnmatchcase(task.name, each) for each in self.only))
        if not found:
            raise SettingsError(f"--only {' '.join(self.only)}: no task is named like that")
        return found


class TaskWay(msgspec.Struct, frozen=True):
    """A way, and the conditions that its results hold for."""

    way: Way
    conditions: Conditions


def named(candidates: int) -> str:
    """What a table says of the product with so many candidates."""
    return f"best of {candidates}" if candidates > 1 else "one reply"


def conditions(
    sampling: Sampling,
    max_new_tokens: int,
    info: EngineInfo,
    sha256: str,
    tasks: Sequence[RepositoryTask],
    wanted: TasksWanted,
    way: str,
    product: str,
) -> Conditions:
    """All that decides what comes out in one way."""
    return Conditions(
        dataset=f"tasks, {way}",
        dataset_version="",
        dataset_sha256=digest(tasks),
        problems=len(tasks),
        limit=len(tasks) if wanted.only else 0,
        protocol="tasks",
        prompt="product",
        level=LEVEL,
        rounds=wanted.rounds,
        samples=1,
        engine=info.engine,
        model=info.model,
        model_sha256=sha256,
        context=info.context,
        max_new_tokens=max_new_tokens,
        sampling=sampling,
        product=product,
    )
