"""Settings → evaluations and benchmarks: beside `assemble` the only module that names the adapters."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Callable
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from oci_tui.resources import state_folder
from oci_tui.settings import EngineSettings, Settings

if TYPE_CHECKING:
    from oci_tui.core.measured import Measured
    from oci_tui.core.measurement import Measurement
    from oci_tui.evaluate.evaluation import Evaluation
    from oci_tui.evaluate.plan import Plan
    from oci_tui.evaluate.watching import Watch


def results_folder() -> Path:
    """Where results of evaluations are kept unless a file is named."""
    return state_folder() / "evaluations"


def measured() -> Callable[[], tuple[Measured, ...]]:
    """What reads the evaluations whose results are in the folder above."""

    @cache
    def watch() -> Watch:
        from oci_tui.evaluate.watching import Watch

        return Watch(results_folder())

    return lambda: watch().runs()


def evaluation(
    settings: Settings, plan: Plan, guide: EngineSettings | None, data: Path | None, version: str, workers: int
) -> Evaluation:
    """A run under these settings, `workers` tasks at a time; nothing is started yet.

    `guide` is the engine that guides, `data` the folder that holds the datasets, `version` "" the newest.
    """
    from oci_tui.engine.fingerprint import fingerprint
    from oci_tui.engine.opening import open_engine
    from oci_tui.evaluate.datasets import load
    from oci_tui.evaluate.evaluation import Evaluation, Model
    from oci_tui.evaluate.scoring import Scorer, confined
    from oci_tui.sandbox.docker import DockerSandbox

    def opened(engine: EngineSettings, log: str) -> Model:
        known = fingerprint(engine)
        return Model(open_engine(engine, state_folder() / log), known.sha256, served=known.served, how=known.how)

    session = f"evaluate-{secrets.token_hex(6)}"
    sandboxes = count()

    def sandbox() -> DockerSandbox:
        return DockerSandbox(confined(settings.sandbox), session=f"{session}-{next(sandboxes)}", repository="")

    return Evaluation(
        plan,
        load(plan.dataset, data, version),
        opened(settings.engine, "engine.log"),
        Scorer(sandbox, workers),
        settings.sampling.sampling(),
        settings.engine.max_new_tokens,
        opened(guide, "guide.log") if guide else None,
    )


def engine_measurements(settings: Settings, rounds: int) -> AsyncGenerator[Measurement]:
    """What the engine's process costs beside the library driven bare."""
    from oci_tui.engine.bench import measurements

    return measurements(settings.engine, rounds)


def sandbox_measurements(settings: Settings, rounds: int) -> AsyncGenerator[Measurement]:
    """What the sandbox costs beside plain `docker exec`."""
    from oci_tui.sandbox.bench import measurements

    return measurements(settings.sandbox, rounds)


def workspace_measurements(rounds: int) -> AsyncGenerator[Measurement]:
    """What the mirror costs beside git and tar."""
    from oci_tui.workspace.bench import measurements

    return measurements(rounds)
