"""Scoring in the real sandbox: what passes, what fails, and what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluate.problems import own, scorer

pytestmark = pytest.mark.docker


async def test_references_pass_and_a_wrong_answer_is_told(tmp_path: Path) -> None:
    problems = own(tmp_path)
    async with scorer(tmp_path) as scoring:
        for problem in problems:
            assert (await scoring.score(problem, problem.canonical, "plus")).passed
        found = await scoring.score(problems[0], "def evens(numbers):\n    return [2, 4]\n", "base")
    assert not found.passed
    assert found.feedback == "The results aren't as expected.\nInput: [[]]\nExpected Output: []\nActual Output: [2, 4]"
    assert found.failed_input == "[[]]"
