"""Scoring in the real sandbox: what a score says, and what a model is told, in the published words."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from oci_tui.core.errors import DatasetError, SandboxError
from oci_tui.core.ports import Progress
from oci_tui.evaluate.datasets import Problem
from oci_tui.evaluate.scoring import Score, Scorer, confined
from oci_tui.sandbox import images, profile
from oci_tui.sandbox.docker import DockerSandbox
from oci_tui.settings import SandboxSettings
from tests.evaluate.problems import ROWS, own, scorer
from tests.sandbox.running import SESSION, client, of_session

pytestmark = pytest.mark.docker

RIGHT = "def evens(numbers):\n    return [n for n in numbers if not n % 2]\n"
WRONG = "The results aren't as expected.\nInput: {}\nExpected Output: {}\nActual Output: {}"


def returning(value: str) -> str:
    return f"def evens(numbers):\n    return {value}\n"


PLACE = 'File "<string>", line '
NO_FUNCTION = "Please rename your function to evens as there is no function named evens."
UNCLOSED = f"1\n    def evens(numbers:\n{' ' * 13}^\nSyntaxError: '(' was never closed\n"
FIRST = "[[1, 2, 3, 4]]"
TOLD: list[tuple[str, str, Score]] = [
    (RIGHT, "plus", Score(True, "passed", True)),
    (returning("[2, 4]"), "base", Score(False, "wrong answer", False, "[[]]", WRONG.format("[[]]", "[]", "[2, 4]"))),
    # the base tests' message, and that of the others on a line of its own
    (
        returning("[2, 4]"),
        "plus",
        Score(
            False,
            "wrong answer",
            False,
            "[[]]",
            WRONG.format("[[]]", "[]", "[2, 4]") + "\n" + WRONG.format("[[0, -2, 5]]", "[0, -2]", "[2, 4]"),
        ),
    ),
    # where the base tests pass, the other message alone
    (
        returning("[n for n in numbers if n % 2 == 0 and n < 10**9]"),
        "plus",
        Score(False, "wrong answer", True, f"[[{10**20}, 1]]", WRONG.format(f"[[{10**20}, 1]]", f"[{10**20}]", "[]")),
    ),
    (
        "def evens(numbers):\n    return numbers[0] / 0\n",
        "plus",
        Score(False, "exception", False, FIRST, PLACE + "2, in evens\nZeroDivisionError: division by zero\n"),
    ),
    (
        "def evens():\n    return []\n",
        "base",
        Score(False, "exception", False, FIRST, "TypeError: evens() takes 0 positional arguments but 1 was given"),
    ),
    (
        "def evens(numbers:\n",
        "base",
        Score(False, "exception", False, FIRST, PLACE + UNCLOSED),
    ),
    (
        "def evens(numbers):\n    while True: pass\n",
        "plus",
        Score(False, "timeout", False, FIRST, "Execution timed out."),
    ),
    (
        "def even(numbers):\n    return []\n",
        "plus",
        Score(False, "no function", False, FIRST, NO_FUNCTION),
    ),
    ("import os\nos._exit(0)\n", "plus", Score(False, "killed", False, FIRST, "")),
]  # fmt: skip


async def test_what_is_told(tmp_path: Path) -> None:
    problem, _ = own(tmp_path)
    async with scorer(tmp_path) as scoring:
        for code, level, expected in TOLD:
            found = await scoring.score(problem, code, "plus" if level == "plus" else "base")
            assert found.seconds > 0
            assert (found.passed, found.status, found.base_passed, found.failed_input, found.feedback) == (
                expected.passed,
                expected.status,
                expected.base_passed,
                expected.failed_input,
                expected.feedback,
            ), code


async def test_at_most_500_bytes_are_told(tmp_path: Path) -> None:
    problem, _ = own(tmp_path)
    async with scorer(tmp_path) as scoring:
        for code in (
            returning("'é' * 10**6"),
            "def evens(n):\n    raise ValueError('é' * 10**6)\n",
            returning("{'é': 'x' * 999}"),
        ):
            found = await scoring.score(problem, code, "plus")
            assert 490 <= len(found.feedback.encode()) <= 500
            assert "\ufffd" not in found.feedback


async def test_time_is_limited_for_each_input_and_for_all(tmp_path: Path) -> None:
    """Each may take a second, or four times the reference; what cannot be interrupted is ended too."""
    problem, _ = own(tmp_path)
    sleeping = "import time\ndef evens(numbers):\n    time.sleep({})\n    return [n for n in numbers if n % 2 == 0]\n"
    async with scorer(tmp_path) as scoring:
        assert (await scoring.score(problem, sleeping.format(0.6), "plus")).passed
        slow = await scoring.score(problem, sleeping.format(1.3), "plus")
        assert (slow.status, slow.feedback) == ("timeout", "Execution timed out.")
        began = time.monotonic()
        swallowing = (
            "def evens(numbers):\n    while True:\n        try:\n            while True: pass\n        except Exception: pass\n"
        )
        assert (await scoring.score(problem, swallowing, "base")).status == "timeout"
        assert time.monotonic() - began < 60


async def test_by_the_visible_examples(tmp_path: Path) -> None:
    prompt = '"""\nThe even ones.\nassert set(evens([1, 2, 4])) == set([4, 2])\n"""\n'
    (problem,) = own(tmp_path, {**ROWS[0], "task_id": "Mbpp/9999", "prompt": prompt, "canonical_solution": RIGHT})
    async with scorer(tmp_path) as scoring:
        assert (await scoring.score(problem, RIGHT, "visible")).passed
        # what passes here need not be right
        assert (await scoring.score(problem, returning("[2, 4]"), "visible")).passed
        assert not (await scoring.score(problem, returning("[2, 4]"), "base")).passed
        wrong = await scoring.score(problem, returning("[2]"), "visible")
        assert wrong.feedback == WRONG.format("[[1, 2, 4]]", "{2, 4}", "[2]")
        assert (await scoring.score(problem, "x = 1", "visible")).status == "no function"
        raising = await scoring.score(problem, "def evens(n):\n    return n.x\n", "visible")
        assert raising.feedback.endswith("AttributeError: 'list' object has no attribute 'x'\n")


async def test_by_a_test_in_the_place_of_inputs(tmp_path: Path) -> None:
    test = "def check(candidate):\n    assert candidate([1, 2]) == [2]\n    assert candidate([]) == []\n"
    row: dict[str, Any] = {key: value for key, value in ROWS[0].items() if "input" not in key} | {"test": test}
    (problem,) = own(tmp_path, row)
    async with scorer(tmp_path) as scoring:
        assert (await scoring.score(problem, RIGHT, "plus")).passed
        assert (await scoring.score(problem, returning("[2]"), "base")).feedback == WRONG.format("[[]]", "[]", "[2]")


async def test_references_run_once_and_are_kept(tmp_path: Path) -> None:
    problems = own(tmp_path)
    steps: list[Progress] = []
    async with scorer(tmp_path, workers=2) as scoring:
        await scoring.prepare(problems, steps.append)
        assert [step.fraction for step in steps] == [0.5, 1.0]
    async with scorer(tmp_path) as scoring:
        await scoring.prepare(problems, steps.append)
        assert len(steps) == 2
    for file in tmp_path.glob("*.json"):
        file.write_bytes(b"damaged")
    async with scorer(tmp_path) as scoring:
        await scoring.prepare(problems, steps.append)
        assert len(steps) == 4


async def test_a_reference_that_fails_is_told(tmp_path: Path) -> None:
    (problem,) = own(tmp_path, {**ROWS[0], "canonical_solution": "    return numbers['\x1b']\n"})
    async with scorer(tmp_path) as scoring:
        with pytest.raises(DatasetError, match=r"^Own/0: the reference solution fails: TypeError: list indices must be"):
            await scoring.score(problem, RIGHT, "base")


async def test_workers_score_at_the_same_time_in_sandboxes_of_their_own(tmp_path: Path) -> None:
    problem, _ = own(tmp_path)
    meeting = "import time\ndef evens(numbers):\n    time.sleep(0.5)\n    return [n for n in numbers if n % 2 == 0]\n"
    async with scorer(tmp_path, workers=3) as scoring:
        await asyncio.gather(*(scoring.score(problem, RIGHT, "base") for _ in range(3)))
        began = time.monotonic()
        scores = await asyncio.gather(*(scoring.score(problem, meeting, "base") for _ in range(3)))
        assert all(score.passed for score in scores)
        assert time.monotonic() - began < 3 * 1.5


async def test_a_score_that_is_given_up_leaves_the_scorer_of_use(tmp_path: Path) -> None:
    problem, _ = own(tmp_path)
    async with scorer(tmp_path) as scoring:
        assert (await scoring.score(problem, RIGHT, "base")).passed
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await scoring.score(problem, "def evens(n):\n    while True: pass\n", "base")
        assert (await scoring.score(problem, RIGHT, "plus")).passed


async def test_a_container_that_was_removed_is_replaced_and_none_is_left(tmp_path: Path) -> None:
    problem, _ = own(tmp_path)
    session = f"{SESSION}-gone"
    api = client()
    async with Scorer(lambda: DockerSandbox(confined(SandboxSettings(), 256), session, "/r"), 1, tmp_path, 256) as scoring:
        assert (await scoring.score(problem, RIGHT, "base")).passed
        (container,) = of_session(api, session)
        api.kill(container)
        assert (await scoring.score(problem, RIGHT, "base")).passed
        assert of_session(api, session) != [container]
    assert of_session(api, session) == []


async def test_with_numpy_where_the_profile_has_it(tmp_path: Path) -> None:
    """What EvalPlus takes away would keep it from being imported; its numbers are numbers, its arrays no lists."""
    api = client()
    there = images.find(api, profile.load("python-science"))
    api.close()
    if there is None:
        pytest.skip("the image of the profile python-science is not here: `oci-tui sandbox build python-science` makes it")
    settings = confined(SandboxSettings(profile="python-science"))
    problem, mean = own(tmp_path)
    async with Scorer(lambda: DockerSandbox(settings, f"{SESSION}-numpy", "/r"), 1, tmp_path) as scoring:
        for code, passes in [
            ("import numpy as np\ndef mean(n):\n    return np.mean(n)\n", True),
            ("import numpy as np\ndef mean(n):\n    return float(np.mean(n)) + 1e-9\n", True),
            ("import numpy as np\ndef mean(n):\n    return np.array([np.mean(n)])\n", False),
        ]:
            assert (await scoring.score(mean, code, "plus")).passed is passes, code
        code = "from numpy import array\ndef evens(n):\n    return [x for x in array(n, dtype=object) if x % 2 == 0]\n"
        assert (await scoring.score(problem, code, "plus")).passed


async def test_where_there_is_no_docker_that_is_told(tmp_path: Path) -> None:
    problem, _ = own(tmp_path)
    nowhere = SandboxSettings(docker_host=f"unix://{tmp_path}/none.sock")
    async with Scorer(lambda: DockerSandbox(nowhere, f"{SESSION}-none", "/r"), 1, tmp_path) as scoring:
        with pytest.raises(SandboxError):
            await scoring.score(problem, RIGHT, "base")
        with pytest.raises(SandboxError):
            await scoring.prepare([problem])


def test_a_problem_without_a_function_s_name_is_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="entry_point is missing"):
        own(tmp_path, {key: value for key, value in ROWS[0].items() if key != "entry_point"})
    assert isinstance(own(tmp_path)[0], Problem)
