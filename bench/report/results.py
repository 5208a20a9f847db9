"""Results of a run: its context, and of each row the median over the rounds, its confidence interval, and counters."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from . import order_statistics
from .names import Name, parse
from .programs import Sample


@dataclass(frozen=True)
class Result:
    """Nanoseconds a call. `low` and `high` enclose the median with 95 %; None below six rounds."""

    name: str
    median: float
    low: float | None
    high: float | None
    minimum: float
    rounds: int
    counters: dict[str, float] = field(default_factory=dict)

    @cached_property
    def parsed(self) -> Name:
        return parse(self.name)

    @property
    def per_element(self) -> float:
        """Nanoseconds an element; of rows that say their number of elements."""
        n = self.parsed.n
        if n is None:
            raise ValueError(f"{self.name} does not say n")
        return self.median / n


@dataclass(frozen=True)
class Results:
    context: dict
    rows: list[Result]
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def default_target(self) -> str:
        return self.context.get("default_target", "")

    def find(self, operation: str, *, peer: str = "", type: str = "f32", rate: float | None = None,
             n: int | None = None, threads: int | None = None, target: str | None = None,
             shape: str = "", **values: str) -> Result | None:
        """The row that is so; without `target`, of the default one or of the only one there is."""
        def fits(name: Name) -> bool:
            return ((name.peer, name.operation, name.type, name.rate, name.n, name.shape)
                    == (peer, operation, type, rate, n, shape)
                    and (threads is None or name.threads == threads)
                    and (target is None or name.target == target)
                    and all(name.value(key) == value for key, value in values.items()))

        found = [row for row in self.rows if fits(row.parsed)]
        return next((row for row in found if row.parsed.target == self.default_target), found[0] if found else None)

    def select(self, **wanted: object) -> Iterator[Result]:
        """All rows whose names' attributes are these."""
        return (row for row in self.rows
                if all(getattr(row.parsed, key) == value for key, value in wanted.items()))

    @property
    def peers(self) -> list[str]:
        return sorted({row.parsed.peer for row in self.rows} - {""})

    def save(self, path: Path) -> None:
        """A line a row, so that differences can be read."""
        rows = ",\n  ".join(json.dumps(asdict(row)) for row in self.rows)
        context, errors = json.dumps(self.context, indent=2), json.dumps(self.errors)
        path.write_text(f'{{"context": {context},\n"errors": {errors},\n"rows": [\n  {rows}\n]}}\n', encoding="utf-8")


def load(path: Path) -> Results:
    written = json.loads(path.read_text(encoding="utf-8"))
    return Results(written["context"], [Result(**row) for row in written["rows"]], written.get("errors", {}))


def reduce(context: dict, samples: Iterable[Sample]) -> Results:
    """One result a row, in the order in which rows first appear; a row that failed once has none."""
    by_name: dict[str, list[Sample]] = defaultdict(list)
    errors: dict[str, str] = {}
    for sample in samples:
        if sample.error:
            errors[sample.name] = sample.error
        else:
            by_name[sample.name].append(sample)
    rows = [_reduce_row(name, row) for name, row in by_name.items() if name not in errors]
    return Results(context, rows, errors)


def _reduce_row(name: str, samples: list[Sample]) -> Result:
    times = [sample.nanoseconds for sample in samples]
    low, high = order_statistics.interval(times) or (None, None)
    counters = {key: _short(statistics.median(sample.counters[key] for sample in samples if key in sample.counters))
                for key in samples[0].counters}
    return Result(name, _short(statistics.median(times)), low and _short(low), high and _short(high),
                  _short(min(times)), len(times), counters)


def _short(value: float) -> float:
    """Five digits are more than any measurement has."""
    return float(f"{value:.5g}")
