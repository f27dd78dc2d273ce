"""One run from its plan to its results: what is loaded, the conditions that follow, the tasks, and the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from oci_tui import __version__
from oci_tui.core.generation import EngineInfo, Sampling
from oci_tui.core.ports import Engine, Progress, untold
from oci_tui.evaluate.datasets import Dataset
from oci_tui.evaluate.guide import Guide
from oci_tui.evaluate.plan import Plan
from oci_tui.evaluate.protocols import ProblemTask, Solver
from oci_tui.evaluate.replies import Replies
from oci_tui.evaluate.results import Conditions
from oci_tui.evaluate.scoring import Scorer


class Model:
    """An engine, and the hash of its weights; of one that is `served` elsewhere, that of the address, until it is started.

    `how` are settings that change its replies, in words.
    """

    def __init__(self, engine: Engine, sha256: str, *, served: bool = False, how: str = "") -> None:
        self.engine, self.sha256 = engine, sha256
        self._served, self._how = served, how

    @property
    def key(self) -> str:
        """Names what gives the replies: the same weights, used in the same way."""
        return f"{self.sha256} {self._how}".strip()

    async def start(self, tell: Callable[[Progress], None]) -> EngineInfo:
        """Load it; `engine` of the answer also says how."""
        async with aclosing(self.engine.start()) as steps:
            async for step in steps:
                tell(step)
        info = await self.engine.describe()
        if self._served:
            self.sha256, self._served = hashlib.sha256(f"{self.sha256}\n{info.model}".encode()).hexdigest(), False
        return msgspec.structs.replace(info, engine=f"{info.engine}, {self._how}" if self._how else info.engine)


class Evaluation:
    """A run that is being made. `problems` are those that are tried, in the dataset's order."""

    def __init__(
        self,
        plan: Plan,
        dataset: Dataset,
        model: Model,
        scorer: Scorer,
        sampling: Sampling,
        max_new_tokens: int,
        guide: Model | None = None,
    ) -> None:
        self._plan, self._dataset, self._model, self._scorer, self._guide = plan, dataset, model, scorer, guide
        self._sampling, self._max_new_tokens = sampling, max_new_tokens
        self.problems = dataset.problems[: plan.limit or None]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._scorer.close()
        await self._model.engine.close()
        if self._guide:
            await self._guide.engine.close()

    async def start(self, tell: Callable[[Progress], None] = untold) -> Conditions:
        """Load what is needed; the conditions that result. Raises OciError."""
        # before the model takes the processor: how long the references take sets the limits
        await self._scorer.prepare(self.problems, tell)
        info = await self._model.start(tell)
        guide = await self._guide.start(tell) if self._guide else None
        plan, dataset = self._plan, self._dataset
        return Conditions(
            dataset=dataset.name,
            dataset_version=dataset.version,
            dataset_sha256=dataset.sha256,
            problems=len(self.problems),
            limit=plan.limit if plan.limit < len(dataset.problems) else 0,
            protocol=plan.protocol,
            prompt=plan.prompt or "published",
            level=dataset.level,
            rounds=plan.rounds,
            samples=plan.samples,
            engine=info.engine,
            model=info.model,
            model_sha256=self._model.sha256,
            context=info.context,
            max_new_tokens=self._max_new_tokens,
            sampling=self._sampling,
            product=__version__,
            guide_model=guide.model if guide else "",
            guide_sha256=self._guide.sha256 if self._guide else "",
            guide_oracle=plan.guide_oracle,
        )

    def tasks(self, conditions: Conditions, folder: Path) -> list[ProblemTask]:
        """Every try at every problem; replies that runs in `folder` have been given before are not asked for again."""
        guide = None
        if self._guide:
            guide = Guide(self._guide.engine, self._guide.key, self._plan.guide_oracle, self._max_new_tokens)
        solver = Solver(conditions, self._model.engine, self._model.key, self._scorer, Replies(folder), guide)
        return [ProblemTask(solver, problem, sample) for problem in self.problems for sample in range(self._plan.samples)]
