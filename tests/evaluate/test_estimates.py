"""The estimates are what brute force and the equations behind them say."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

import pytest

from oci_tui.evaluate.estimates import bootstrap, pass_at_k, wilson


@pytest.mark.parametrize("tries", range(1, 8))
def test_pass_at_k_is_the_share_of_all_choices_that_hold_one_that_passed(tries: int) -> None:
    for passed in range(tries + 1):
        outcomes = [number < passed for number in range(tries)]
        for k in range(1, tries + 1):
            choices = list(combinations(outcomes, k))
            assert pass_at_k(tries, passed, k) == pytest.approx(sum(map(any, choices)) / len(choices))


@pytest.mark.parametrize(("passed", "tries"), [(95, 164), (1, 20), (19, 20), (5, 10)])
def test_the_wilson_interval_ends_where_the_observed_share_is_1_96_deviations_off(passed: int, tries: int) -> None:
    for end in wilson(passed, tries):
        assert abs(passed / tries - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / tries))


def test_the_wilson_interval_at_the_ends() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_bootstrap_agrees_with_wilson_where_both_hold_and_is_the_same_each_time() -> None:
    values = [1.0] * 95 + [0.0] * 69
    assert bootstrap(values) == bootstrap(values)
    assert bootstrap(values) == pytest.approx(wilson(95, 164), abs=0.02)
    assert bootstrap([0.5] * 9) == (0.5, 0.5)
    assert bootstrap([]) == (0.0, 1.0)
