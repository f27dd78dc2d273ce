"""What counts of solved problems say about a model: pass@k, and how far chance reaches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import comb, sqrt
from typing import NamedTuple

_Z = 1.959964
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""


class Interval(NamedTuple):
    """Where the true share lies with 95 % confidence, both from 0 to 1."""

    low: float
    high: float


def pass_at_k(tries: int, passed: int, k: int) -> float:
    """The chance that one of `k` replies passes, of which `passed` of `tries` did; unbiased (Chen et al., arXiv 2107.03374)."""
    return 1.0 - comb(tries - passed, k) / comb(tries, k)


def wilson(passed: int, tries: int) -> Interval:
    """For a share of independent tries, each of which passed or did not."""
    if not tries:
        return Interval(0.0, 1.0)
    share, spread = passed / tries, _Z**2 / tries
    middle = (share + spread / 2) / (1 + spread)
    reach = _Z * sqrt(share * (1 - share) / tries + spread / (4 * tries)) / (1 + spread)
    return Interval(max(middle - reach, 0.0), min(middle + reach, 1.0))


def bootstrap(values: Sequence[float], draws: int = 2_000) -> Interval:
    """For the mean of values that are no plain yes or no; the same each time, as the draws are seeded."""
    if not values:
        return Interval(0.0, 1.0)
    chance = random.Random(0)
    means = sorted(sum(chance.choices(values, k=len(values))) / len(values) for _ in range(draws))
    return Interval(means[int(draws * 0.025)], means[int(draws * 0.975) - 1])
