"""Verdicts and speed beside the official scorer: `python -m tests.bench.scoring --data DIR --evalplus PYTHON [--workers 2]`.

PYTHON is that of an environment of its own with the package `evalplus`. Scored by both: the reference solutions, those of the
other published version and of OpenAI's HumanEval, and mutants of the references. The speed compared is that of the reference
solutions of HumanEval+, expected outputs known to both beforehand. Exits 1 when a verdict differs or the official scorer,
which has no sandbox, is faster.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from oci_tui.evaluate import releases
from oci_tui.evaluate.datasets import Dataset, load
from oci_tui.evaluate.scoring import Score
from tests.evaluate.mutation import mutants
from tests.evaluate.problems import scorer

VARIABLES = {"humaneval": "HUMANEVAL_OVERRIDE_PATH", "mbpp": "MBPP_OVERRIDE_PATH"}
# Its command, without the part that generates: that wants the clients of half a dozen services installed. It ends when the
# results are written, without waiting for a thread of it that sleeps for up to 20 s.
OFFICIAL = """
import os, sys, time, types
for name in ("datasets", "evalplus.codegen"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].load_dataset = sys.modules[name].run_codegen = None
from evalplus.evaluate import main
main()
print("Ended at", time.monotonic(), flush=True)
os._exit(0)
"""
# Of evalplus 0.3.1, not of solutions: of the first it skips the count of inputs done and then fails all for having done none;
# of the other its own reference runs into a limit, in a process that also holds a gigabyte of what is expected.
ITS_OWN = {"HumanEval/32", "Mbpp/255"}
Sample = tuple[str, str]


def samples(dataset: Dataset, others: Sequence[Sample], each: int) -> list[Sample]:
    """Problem id and program: the references, others where they differ, and `each` mutants of each reference."""
    canonical = {problem.id: problem.canonical for problem in dataset.problems}
    found = list(canonical.items())
    found += [(identity, code) for identity, code in others if canonical.get(identity, code) != code]
    for number, (identity, code) in enumerate(canonical.items()):
        found += [(identity, mutant) for mutant in mutants(code, each, seed=number)]
    return found


def originals(folder: Path) -> list[Sample]:
    """The solutions of OpenAI's HumanEval, some of which fail EvalPlus' tests."""
    _, data = releases.found(releases.EXAMPLES, folder)
    rows = [json.loads(line) for line in data.splitlines()]
    return [(f"HumanEval/{number}", row["prompt"] + row["canonical_solution"]) for number, row in enumerate(rows)]


def official(
    python: str, family: str, file: Path, given: Sequence[Sample], workers: int, cache: Path
) -> tuple[list[tuple[bool, bool]], float]:
    """Base and plus verdicts by evalplus, and the seconds they took, without those for the expected outputs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples.jsonl")
        path.write_text("".join(json.dumps({"task_id": i, "solution": code}) + "\n" for i, code in given), encoding="utf-8")
        environment = {**os.environ, VARIABLES[family]: str(file), "XDG_CACHE_HOME": str(cache)}
        began = time.monotonic()
        command = [python, "-c", OFFICIAL, "--dataset", family, "--samples", str(path), "--parallel", str(workers)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        took = -began
        for line in done.stdout.splitlines():
            if line.startswith("Expected outputs computed in "):
                took -= float(line.split()[-1].rstrip("s"))
            if line.startswith("Ended at "):
                took += float(line.split()[-1])
        rows = json.loads(Path(folder, "samples_eval_results.json").read_text(encoding="utf-8"))["eval"]
    verdicts = {identity: iter(of) for identity, of in rows.items()}
    found = []
    for identity, code in given:
        row = next(verdicts[identity])
        assert row["solution"] == code
        found.append((row["base_status"] == "pass", row["base_status"] == row["plus_status"] == "pass"))
    return found, took


async def ours(dataset: Dataset, given: Sequence[Sample], workers: int, cache: Path) -> tuple[list[Score], float]:
    """The scores, and the seconds they took, the sandboxes' start and end included."""
    problems = {problem.id: problem for problem in dataset.problems}
    async with scorer(cache, workers, memory_mb=4096) as scoring:
        await scoring.prepare(dataset.problems)
    began = time.monotonic()
    async with scorer(cache, workers, memory_mb=4096) as scoring:
        found = await asyncio.gather(*(scoring.score(problems[identity], code, "plus") for identity, code in given))
    return found, time.monotonic() - began


def compared(arguments: argparse.Namespace, family: str, version: str, cache: Path) -> bool:
    """Print where the verdicts differ; whether they are the same."""
    dataset = load(f"{family}+", arguments.data, version)
    versions = [release.version for release in releases.RELEASES if release.family == family and release.version != version]
    others = [(each.id, each.canonical) for each in load(f"{family}+", arguments.data, versions[0]).problems]
    others += originals(arguments.data) if family == "humaneval" else []
    given = samples(dataset, others, arguments.mutants)
    file = arguments.data / releases.named(family, version).file
    theirs, their_s = official(arguments.evalplus, family, file, given, arguments.workers, cache)
    scores, our_s = asyncio.run(ours(dataset, given, arguments.workers, cache / "ours"))
    differing = own = 0
    for (identity, code), score, (base, plus) in zip(given, scores, theirs, strict=True):
        if (score.base_passed, score.passed) != (base, plus) and identity in ITS_OWN and not plus:
            own += 1
        elif (score.base_passed, score.passed) != (base, plus):
            differing += 1
            print(f"  {identity}: {score.status} ({score.base_passed}, {score.passed}), evalplus ({base}, {plus})\n{code}")
    passed = sum(score.passed for score in scores)
    print(
        f"{family}+ {version}: {len(given)} samples, {passed} pass; {differing} differ, {own} by evalplus' own error; "
        f"{our_s:.1f} s, evalplus {their_s:.1f} s",
        flush=True,
    )
    return differing == 0


def faster(arguments: argparse.Namespace, cache: Path) -> bool:
    """Print how fast the references of HumanEval+ are scored, the best of each; whether as fast as by evalplus."""
    dataset = load("humaneval+", arguments.data)
    given = [(problem.id, problem.canonical) for problem in dataset.problems]
    file = arguments.data / releases.named("humaneval", dataset.version).file
    rounds = []
    for _ in range(arguments.rounds):
        _, their_s = official(arguments.evalplus, "humaneval", file, given, arguments.workers, cache)
        scores, our_s = asyncio.run(ours(dataset, given, arguments.workers, cache / "ours"))
        assert all(score.passed for score in scores)
        rounds.append((our_s, their_s))
        print(f"  {our_s:.2f} s, evalplus {their_s:.2f} s")
    our_s, their_s = (min(column) for column in zip(*rounds, strict=True))
    print(
        f"HumanEval+ references, {arguments.workers} workers: {our_s:.2f} s, "
        f"evalplus {their_s:.2f} s: {their_s / our_s:.2f} times"
    )
    return bool(our_s <= their_s)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--evalplus", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--mutants", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", choices=("verdicts", "speed", "humaneval", "mbpp"))
    arguments = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for family, version in (("humaneval", "v0.1.10"), ("mbpp", "v0.2.0")):
            if arguments.only in (None, "verdicts", family):
                good &= compared(arguments, family, version, Path(folder))
        if arguments.only in (None, "speed"):
            good &= faster(arguments, Path(folder))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
