"""Compares two builds: rounds of pairs, and a verdict a row."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from . import verdicts
from .names import parse
from .programs import Program, ProgramError
from .progress import Progress

# Each process takes the least of a few short repetitions, which a neighbour's time slice does not reach.
_REPETITIONS = 25
_MIN_TIME = 0.002

_HOT = [f"{operation}/{type}/p={rate}/n={n}/t=1" for operation, type, rates, sizes in (
    ("DropoutForward", "f32", ("0.1", "0.5"), (4096, 65536)),
    ("DropoutForward", "bf16", ("0.1", "0.5"), (65536,)),
    ("DropoutForwardPhilox7", "f32", ("0.1",), (65536,)),
    ("DropoutBackwardFromKey", "f32", ("0.1",), (4096, 65536)),
    ("DropoutBackwardFromMask", "f32", ("0.1",), (4096, 65536)),
    ("GenerateMask", "f32", ("0.1", "0.5"), (4096, 65536)),
    ("SoftmaxDropout", "f32", ("0.1",), (65536,)),
    ("DropoutLayerNorm", "f32", ("0.1",), (65536,)),
    ("BiasGeluDropoutResidual", "f32", ("0.1",), (65536,)),
    ("BiasGeluDropoutBackward", "f32", ("0.1",), (65536,)),
) for rate in rates for n in sizes]


@dataclass
class Comparison:
    rows: list[str]
    only_a: list[str]
    only_b: list[str]
    ratios: dict[str, list[float]] = field(default_factory=dict)

    def verdict(self, row: str) -> verdicts.Verdict:
        return verdicts.judge(self.ratios[row], len(self.rows))

    @property
    def open_rows(self) -> list[str]:
        return [row for row in self.rows if not self.verdict(row).clear]


def _chosen(program: Program, pattern: str | None) -> list[str]:
    rows = program.rows()
    if pattern is not None:
        return [row for row in rows if re.search(pattern, row)]
    # A program names its targets best first, and the first is the default.
    targets = [parse(row).target for row in rows if row.startswith(_HOT[0])]
    hot = {f"{row}/{targets[0]}" for row in _HOT} if targets else set()
    return [row for row in rows if row in hot]


def start(a: Program, b: Program, pattern: str | None) -> Comparison:
    """Chooses the rows that both have."""
    in_a, in_b = _chosen(a, pattern), _chosen(b, pattern)
    return Comparison([row for row in in_a if row in in_b], [row for row in in_a if row not in in_b],
                      [row for row in in_b if row not in in_a])


def run(comparison: Comparison, a: Program, b: Program, most_rounds: int | None, seed: int) -> None:
    """Measures rounds until every verdict is clear, or the rounds are used up. Rows whose verdict is clear at a look
    are measured no more: their verdict stands."""
    order = random.Random(seed)
    comparison.ratios = {row: [] for row in comparison.rows}
    looks = verdicts.looks(len(comparison.rows), most_rounds)
    progress = Progress(looks[-1] * len(comparison.rows))
    rows = comparison.rows
    try:
        for number in range(looks[-1]):
            for row in order.sample(rows, len(rows)):
                comparison.ratios[row].append(_ratio(a, b, row, order))
                progress.advance(1, f"round {number + 1} of at most {looks[-1]}, {len(rows)} rows")
            if number + 1 in looks:
                rows = comparison.open_rows
                if not rows:
                    break
    finally:
        progress.end()


def _ratio(a: Program, b: Program, row: str, order: random.Random) -> float:
    """B's time over A's, measured in random order."""
    if order.random() < 0.5:
        first = _least(a, row)
        return _least(b, row) / first
    second = _least(b, row)
    return second / _least(a, row)


def _least(program: Program, row: str) -> float:
    _, samples = program.measure([row], _MIN_TIME, _REPETITIONS)
    failed = next((sample.error for sample in samples if sample.error), "" if samples else "not measured")
    if failed:
        raise ProgramError(f"{program.name}: {row}: {failed}")
    return min(sample.nanoseconds for sample in samples)


def text(comparison: Comparison) -> str:
    """The table of verdicts, for people."""
    width = max(map(len, comparison.rows))
    error = 100 * verdicts.FAMILY_ERROR
    lines = [f"{'row':{width}}  verdict  B / A  interval        rounds"]
    for row in comparison.rows:
        v = comparison.verdict(row)
        lines.append(f"{row:{width}}  {v.word:7}  {v.ratio:5.3f}  {v.low:5.3f} to {v.high:5.3f}  {v.rounds:6}")
    lines += [f"{row}: in A only" for row in comparison.only_a] + [f"{row}: in B only" for row in comparison.only_b]
    words = [comparison.verdict(row).word for row in comparison.rows]
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("slower", "faster", "same", "unsure")
                       if word in words)
    lines.append(f"{counts}. slower, faster: by more than {100 * verdicts.EFFECT:g} %; intervals miss any row's median "
                 f"with probability {error:g} % at most.")
    if "unsure" in words:
        lines.append("unsure: the interval is too wide; try more --rounds, or a quieter machine.")
    return "\n".join(lines)
