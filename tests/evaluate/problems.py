"""Problems of the tests' own, in the form of the published files, and a scorer for them in the real sandbox."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from oci_tui.evaluate.datasets import Problem, load
from oci_tui.evaluate.scoring import Scorer, confined
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.sandbox.running import SESSION

ROWS: tuple[dict[str, Any], ...] = (
    {
        "task_id": "Own/0",
        "prompt": 'def evens(numbers):\n    """The even ones.\n    >>> evens([1, 2])\n    [2]\n    """\n',
        "entry_point": "evens",
        "canonical_solution": "    return [n for n in numbers if n % 2 == 0]\n",
        "base_input": [[[1, 2, 3, 4]], [[]], [[7]]],
        "plus_input": [[[0, -2, 5]], [[10**20, 1]]],
        "atol": 0,
    },
    {
        "task_id": "Own/1",
        "prompt": 'def mean(numbers):\n    """The mean."""\n',
        "entry_point": "mean",
        "canonical_solution": "    return sum(numbers) / len(numbers)\n",
        "base_input": [[[1.0, 2.0, 4.0]], [[3]]],
        "plus_input": [[[0.1, 0.2]], [[1e9, 1.5]]],
        "atol": 0,
    },
)


def own(folder: Path, *rows: dict[str, Any]) -> tuple[Problem, ...]:
    """Problems read from a file of these rows (default: ROWS)."""
    file = folder / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows or ROWS), encoding="utf-8")
    return load(str(file)).problems


@asynccontextmanager
async def scorer(folder: Path, workers: int = 1, memory_mb: int = 512) -> AsyncGenerator[Scorer]:
    """A scorer whose references are kept in `folder`."""
    settings = confined(SandboxSettings(), memory_mb)

    def make() -> DockerSandbox:
        return DockerSandbox(settings, f"{SESSION}-{secrets.token_hex(4)}", "/repository")

    async with Scorer(make, workers, folder, memory_mb) as made:
        yield made
