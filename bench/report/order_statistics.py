"""Confidence intervals of medians, for any distribution: neighbours on a shared machine make times that no normal
distribution describes, so an interval is a pair of order statistics, and its error is the binomial's."""

from __future__ import annotations

import math
from collections.abc import Sequence


def tail(n: int, k: int) -> float:
    """The probability that fewer than k of n values lie below the median of their distribution."""
    return sum(math.comb(n, i) for i in range(k)) / 2.0**n


def rank(n: int, error: float) -> int:
    """The largest k such that [k-th smallest, k-th largest] of n values misses the median with probability at most
    `error`; 0 where even the smallest and the largest do not enclose it surely enough."""
    k = 0
    while 2 * (k + 1) <= n and 2.0 * tail(n, k + 1) <= error:
        k += 1
    return k


def fewest(error: float) -> int:
    """The fewest values that have such an interval: 2^(1 - n) <= error."""
    return max(1, math.ceil(1.0 - math.log2(error)))


def interval(values: Sequence[float], error: float = 0.05) -> tuple[float, float] | None:
    """The interval that encloses the distribution's median but for `error`; None for too few values."""
    k = rank(len(values), error)
    if k == 0:
        return None
    ordered = sorted(values)
    return ordered[k - 1], ordered[-k]
