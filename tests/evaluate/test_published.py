"""The published problems: their reference solutions pass, other right solutions too, wrong ones do not.

`published.jsonl` holds some of HumanEval+ v0.1.10 (MIT and Apache-2.0) and MBPP+ v0.1.0 (Apache-2.0; MBPP is CC BY 4.0), each
with a few of its inputs. The whole datasets are scored where OCI_DATA names the folder that holds them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci_tui.evaluate.datasets import Problem, load
from tests.evaluate.problems import scorer

pytestmark = pytest.mark.docker

FEW = Path(__file__).with_name("published.jsonl")
WHOLE = os.environ.get("OCI_DATA", "")
MEMORY_MB = 2048

# Right, and not what the reference returns.
OTHER_RIGHT = {
    "HumanEval/2": "def truncate_number(n):\n    return n - int(n) + 1e-9",
    "HumanEval/34": "def unique(l):\n    return [*dict.fromkeys(sorted(l))]",
    "HumanEval/130": "def tri(n):\n    s = [1, 3]\n    for k in range(2, n + 1):\n"
    "        s.append(k // 2 + 1 if k % 2 == 0 else s[-1] + s[-2] + (k + 3) // 2)\n    return s[: n + 1]",
    "Mbpp/2": "def similar_elements(a, b):\n    return [x for x in a if x in b] * 2",
    "Mbpp/82": "def volume_sphere(r):\n    return 4 / 3 * 3.14159265359 * r ** 3 + 0.00001",
    "Mbpp/164": "def are_equivalent(a, b):\n    return 'anything'",
    "Mbpp/295": "def sum_div(n):\n    return 0",
    "Mbpp/737": "def check_str(s):\n    return bool(s) and s[0] in 'aeiouAEIOU'",
}


def few() -> dict[str, Problem]:
    return {problem.id: problem for problem in load(str(FEW)).problems}


def wrong(problem: Problem) -> Iterator[tuple[str, str]]:
    """Programs around the reference that must fail, and how."""
    name = problem.entry_point
    call = f"{problem.canonical}\nright = {name}\n"
    yield call + f"def {name}(*a):\n    right(*a)\n    raise LookupError('no')\n", "exception"
    yield call + f"def {name}(*a):\n    right(*a)\n    import sys\n    sys.exit(0)\n", "exception"
    yield call + f"def {name}(*a):\n    right(*a)\n    __import__('os')._exit(0)\n", "killed"
    yield call + f"del {name}\n", "no function"
    if problem.entry_point not in ("are_equivalent", "check_str", "text_match_three"):
        yield call + f"def {name}(*a):\n    return [right(*a)]\n", "wrong answer"
        yield call + f"class Liar:\n    __eq__ = lambda *_: True\ndef {name}(*a):\n    return Liar()\n", "wrong answer"


def noisy(problem: Problem) -> str:
    """Right, with much said beside."""
    name = problem.entry_point
    return (
        f"{problem.canonical}\nright = {name}\nprint('loaded')\ndef {name}(*a):\n    import sys\n    out = right(*a)\n"
        "    print('x' * 100_000, file=sys.stderr)\n    print('said')\n    return out\n"
    )


async def test_references_pass_and_what_is_said_beside_does_not_matter(tmp_path: Path) -> None:
    async with scorer(tmp_path, memory_mb=MEMORY_MB) as scoring:
        problems = tuple(few().values())
        await scoring.prepare(problems)
        for number, problem in enumerate(problems):
            for code in (problem.canonical, noisy(problem)) if number % 3 == 0 else (problem.canonical,):
                score = await scoring.score(problem, code, "plus")
                assert score.passed, (problem.id, score)


async def test_other_right_solutions_pass(tmp_path: Path) -> None:
    problems = few()
    async with scorer(tmp_path, memory_mb=MEMORY_MB) as scoring:
        for identity, code in OTHER_RIGHT.items():
            score = await scoring.score(problems[identity], code, "plus")
            assert score.passed, (identity, score)


async def test_wrong_solutions_fail(tmp_path: Path) -> None:
    async with scorer(tmp_path, memory_mb=MEMORY_MB) as scoring:
        problems = tuple(few().values())
        await scoring.prepare(problems)
        for number, problem in enumerate(problems):
            for code, status in [*wrong(problem)][number % 2 :: 2]:
                score = await scoring.score(problem, code, "plus")
                assert (score.passed, score.status) == (False, status), (problem.id, code, score)


@pytest.mark.skipif(not WHOLE, reason="OCI_DATA names no folder of datasets")
@pytest.mark.parametrize(
    ("name", "version", "problems"),
    [("humaneval", "v0.1.9", 164), ("humaneval", "v0.1.10", 164), ("mbpp", "v0.1.0", 399), ("mbpp", "v0.2.0", 378)],
)
async def test_all_references_pass(tmp_path: Path, name: str, version: str, problems: int) -> None:
    dataset = load(f"{name}+", Path(WHOLE), version)
    assert len(dataset.problems) == problems
    async with scorer(tmp_path, workers=2, memory_mb=4096) as scoring:
        await scoring.prepare(dataset.problems)
        scores = await asyncio.gather(*(scoring.score(each, each.canonical, "plus") for each in dataset.problems))
    failed = [(each.id, score) for each, score in zip(dataset.problems, scores, strict=True) if not score.passed]
    assert failed == []


def test_the_few_are_those_that_need_care() -> None:
    names = {problem.entry_point for problem in few().values()}
    assert names >= {"find_zero", "are_equivalent", "sum_div", "surface_Area", "digit_distance_nums", "check_str", "larg_nnum"}
