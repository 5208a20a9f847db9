"""How two builds' measurements of the same rows become verdicts.

Each round measures a row with both builds, one right after the other, in new processes. Their ratio cancels what both
met: the clock, and neighbours that stay for longer than a moment. The median of the ratios has a confidence interval of
order statistics, which holds for any distribution. Its error is FAMILY_ERROR shared equally (Bonferroni) over all rows
and over the times at which a run looks whether it may stop.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from . import order_statistics

# The probability that any interval of a run misses its median at any look.
FAMILY_ERROR = 0.005
# In numbers of the fewest rounds that have an interval at all. Few rows need the last: those that noise hides.
LOOKS = (1.0, 1.5, 2.0, 4.0)
# A row is slower or faster only if its whole interval lies beyond this. Code that did not change may differ by as much
# where it lies at other addresses: 0.97 was seen.
EFFECT = 0.03
# An interval within this is "same": so narrow that a difference of 10 % cannot hide.
SAME = 0.06


@dataclass(frozen=True)
class Verdict:
    """B's time over A's."""

    ratio: float
    low: float
    high: float
    rounds: int

    @property
    def word(self) -> str:
        if self.low > 1.0 + EFFECT:
            return "slower"
        if self.high < 1.0 / (1.0 + EFFECT):
            return "faster"
        if 1.0 / (1.0 + SAME) <= self.low and self.high <= 1.0 + SAME:
            return "same"
        return "unsure"

    @property
    def clear(self) -> bool:
        return self.word != "unsure"


def row_error(rows: int) -> float:
    """The error that one row's interval may have at one look."""
    return FAMILY_ERROR / (rows * len(LOOKS))


def looks(rows: int, most: int | None) -> list[int]:
    """After which numbers of rounds to look; `most` bounds them. Fewer than have an interval is a ValueError."""
    first = order_statistics.fewest(row_error(rows))
    if most is None:
        return [round(first * times) for times in LOOKS]
    if most < first:
        raise ValueError(f"{rows} rows need at least {first} rounds")
    return sorted({round(first + (most - first) * (times - 1.0) / (LOOKS[-1] - 1.0)) for times in LOOKS})


def judge(ratios: Sequence[float], rows: int) -> Verdict:
    """The verdict over one of so many rows."""
    found = order_statistics.interval(ratios, row_error(rows))
    low, high = found if found is not None else (0.0, math.inf)
    return Verdict(statistics.median(ratios), low, high, len(ratios))
