"""Which outputs count as the expected one, beside the rules of EvalPlus."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import pytest

from oci_tui.evaluate import oracles, values
from oci_tui.evaluate.datasets import Family, Problem


def agrees(
    out: Any, exp: Any, entry_point: str = "f", family: Family = "humaneval", arguments: tuple[Any, ...] = (), atol: float = 0.0
) -> bool:
    problem = Problem("X/1", family, "", entry_point, "", atol=atol)
    expected = oracles.expected_of(problem, values.line(exp))
    return oracles.agrees(problem, arguments, values.line(out), expected)


@pytest.mark.parametrize(
    ("out", "exp", "passes"),
    [
        (1, 1, True),
        (1, 2, False),
        (1.0, 1, True),
        (True, 1, True),
        ("1", 1, False),
        ([1], (1,), False),
        ({1, 2}, frozenset({2, 1}), True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        (Counter("aab"), {"a": 2, "b": 1}, True),
        (None, None, True),
        (None, False, False),
        (re.compile("a"), re.compile("a"), False),
        # tolerance: only where floats are expected, of the same type and length
        (0.1 + 0.2, 0.3, True),
        (0.3 + 1e-5, 0.3, False),
        (1e9 * (1 + 1e-8), 1e9, True),
        ([0.1 + 0.2], [0.3], True),
        ([0.1 + 0.2, 1], [0.3, 1], False),
        ((0.1 + 0.2,), [0.3], False),
        ([0.3], [0.3, 0.3], False),
        (1, 1 + 1e-9, False),
        (1 + 1e-9, 1, False),
        (math.inf, math.inf, True),
        (math.inf, 1e308, False),
        (math.nan, math.nan, False),
        ([math.nan], [math.nan], True),
        # long ones
        (list(range(10**5)), list(range(10**5)), True),
        ([float(n) for n in range(10**5)], list(range(10**5)), True),
        (list(range(10**5)), list(range(1, 10**5 + 1)), False),
    ],
)
def test_equality_and_tolerance(out: Any, exp: Any, passes: bool) -> None:
    assert agrees(out, exp) is passes


def test_a_problem_s_own_tolerance() -> None:
    assert agrees(0.50005, 0.5, atol=1e-4)
    assert agrees([[0.50005], [1]], [[0.5], [1]], atol=1e-4)
    assert not agrees(0.5005, 0.5, atol=1e-4)
    assert not agrees("0.50005", "0.5", atol=1e-4)
    assert not agrees({"a": 0.50005}, {"a": 0.5}, atol=1e-4)
    assert not agrees([0.50005, None], [0.5, 1], atol=1e-4)


def test_a_zero_of_a_polynomial_is_any_zero() -> None:
    """HumanEval/32: what is expected does not matter, the polynomial's value there does."""
    cubic = ([-6, 11, -6, 1],)
    for zero in (1, 2, 3, 1.000001):
        assert agrees(zero, 1.0, "find_zero", arguments=cubic, atol=1e-4)
    for other in (1.5, None, "1", [1], math.nan, 1e200, 1j):
        assert not agrees(other, 1.0, "find_zero", arguments=cubic, atol=1e-4)
    assert not agrees(3, 1, "find_zero", "mbpp", cubic)


@pytest.mark.parametrize(
    ("entry_point", "arguments", "exp", "right", "wrong"),
    [
        ("similar_elements", (), (4, 5), [(5, 4), [4, 5, 5], {5, 4}], [(4,), None, 4, ([4], 5)]),
        ("are_equivalent", (), True, [True, False, None, 7], []),
        ("sum_div", (), 7, [7, 0], [8, None]),
        ("surface_Area", (3, 4), 33, [33, 35], [34, None, "35"]),
        ("digit_distance_nums", (1, 23), 2, [2, 4], [3]),
        ("digit_distance_nums", (23, 56), 6, [6], [5, None]),
        ("check_str", (), re.match("a", "a"), [True, "x", 1, 0], [None, False]),
        ("check_str", (), None, [None, False], [True, "x", 0]),
    ],
)
def test_problems_with_an_oracle(
    entry_point: str, arguments: tuple[Any, ...], exp: Any, right: list[Any], wrong: list[Any]
) -> None:
    for out in right:
        assert agrees(out, exp, entry_point, "mbpp", arguments), out
    for out in wrong:
        assert not agrees(out, exp, entry_point, "mbpp", arguments), out


def test_oracles_are_mbpp_s_alone() -> None:
    assert not agrees((5, 4), (4, 5), "similar_elements", "humaneval")
    assert not agrees(0, 7, "sum_div", "humaneval")
