"""Which rows a run measures, and in which order."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .names import Name, parse

SCOPES = ("quick", "usual", "full")
# Rows a process: few, so that a row meets many placements of its memory over the rounds.
_CHUNK = 12
# An epoch takes seconds, and a row has four; what varies from round to round is little beside its length.
_EPOCH_ROUNDS = 3
_YARDSTICKS = {"Memcpy", "StreamCopy", "Scale"}
# Measured on every instruction set; with all sizes and threads on the default one.
_EVERY_TARGET = {"DropoutForward", "DropoutBackwardFromKey", "DropoutBackwardFromMask", "GenerateMask", "Scale"}
_EVERY_SIZE = _EVERY_TARGET | _YARDSTICKS | {
    "DropoutForwardPhilox7", "SoftmaxDropout", "BiasGeluDropoutResidual", "BiasGeluDropoutResidualUnfused",
    "StdMt19937", "Xoshiro128p"}
# Where the curves over n bend.
_EVERY_CURVE = _YARDSTICKS | {"DropoutForward", "DropoutBackwardFromMask", "DropoutForwardPhilox7"}
_SIZES = (4096, 65536, 1 << 20, 64 << 20)
# Of what has fewer rows: in cache alone, in memory with company.
_TWO_PLACES = ((65536, 1), (64 << 20, 2))


def wanted(name: Name, default_target: str, scope: str) -> bool:
    """Whether a scope has the row. The usual one has what the report draws and the tables say."""
    if scope == "full":
        return True
    of_default = name.target in ("", default_target)
    if scope == "quick":
        return of_default and name.type == "f32" and name.n in (4096, 65536) and name.threads == 1
    place = (name.n, name.threads)
    if name.n is None:
        return True
    if not of_default:
        return name.operation in _EVERY_TARGET and name.type == "f32" and name.threads == 1
    if name.type != "f32":
        return place == _TWO_PLACES[0]
    if name.n not in _SIZES:
        return name.operation in _EVERY_CURVE
    if name.peer:
        return name.threads == 1 or place in _TWO_PLACES
    return name.operation in _EVERY_SIZE or place in _TWO_PLACES


@dataclass(frozen=True)
class Chunk:
    """Rows that one process measures."""

    program: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    rows: dict[str, list[str]]  # By program.
    rounds: int
    min_time: float
    seed: int
    repetitions: int = 1  # Of each, the least counts.

    def fingerprint(self, binaries: dict[str, str]) -> str:
        """Equal for runs whose rounds may be put together: of the same binaries (their hashes) and rows."""
        plan = [self.rows, self.rounds, self.min_time, self.seed, self.repetitions]
        text = json.dumps([plan, binaries], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def chunks(self, round_number: int) -> list[Chunk]:
        """One round, in an order of its own that is the same whenever it is asked for. Rows of a chunk share their size
        and type, so that large buffers are not filled anew for each."""
        order = random.Random(f"{self.seed}/{round_number}")
        chunks = [Chunk(program, part) for program, group in self._groups(round_number)
                  for part in _parts(order, group)]
        order.shuffle(chunks)
        return chunks

    def _groups(self, round_number: int) -> Iterator[tuple[str, list[str]]]:
        groups: dict[tuple, list[str]] = defaultdict(list)
        for program, rows in self.rows.items():
            for row in rows:
                name = parse(row)
                if name.operation != "TrainingEpoch" or round_number < _EPOCH_ROUNDS:
                    groups[program, name.n, name.type].append(row)
        for (program, _, _), group in groups.items():
            yield program, group


def _parts(order: random.Random, group: list[str]) -> Iterator[tuple[str, ...]]:
    shuffled = group[:]
    order.shuffle(shuffled)
    for first in range(0, len(shuffled), _CHUNK):
        yield tuple(shuffled[first:first + _CHUNK])


def select(rows: list[str], default_target: str, scope: str, pattern: str | None) -> list[str]:
    """The rows of a scope; with a pattern, all rows that it finds."""
    if pattern is not None:
        return [row for row in rows if re.search(pattern, row)]
    return [row for row in rows if wanted(parse(row), default_target, scope)]
