"""Measures a plan: rounds, in each of which every row is measured once, by processes in shuffled order."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

from . import machine
from .journal import Journal
from .plan import Plan
from .programs import Program, ProgramError, Sample
from .progress import Progress
from .results import Results, reduce


def measure(plan: Plan, programs: list[Program], journal_path: Path) -> Results:
    """Measures what the journal does not have yet. What a program fails at becomes an error of its rows."""
    by_name = {program.name: program for program in programs}
    journal = Journal(journal_path, plan.fingerprint({program.name: _hash(program.path) for program in programs}))
    done = {(entry["round"], entry["chunk"]) for entry in journal.entries}
    if done:
        print(f"Continues after {len(done)} processes of an interrupted run.")
    pending = [(number, index, chunk) for number in range(plan.rounds)
            for index, chunk in enumerate(plan.chunks(number)) if (number, index) not in done]
    progress = Progress(sum(len(chunk.rows) for _, _, chunk in pending))
    try:
        for number, index, chunk in pending:
            context, samples = _measure(by_name[chunk.program], chunk.rows, plan)
            journal.append({"round": number, "chunk": index, "context": context,
                            "samples": [asdict(sample) for sample in samples]})
            progress.advance(len(chunk.rows), f"round {number + 1} of {plan.rounds}")
        journal.finish()
    finally:
        progress.end()
        journal.close()
    return _results(journal.entries, plan)


def _measure(program: Program, rows: tuple[str, ...], plan: Plan) -> tuple[dict, list[Sample]]:
    try:
        context, samples = program.measure(list(rows), plan.min_time, plan.repetitions)
    except ProgramError as error:
        return {}, [Sample(row, 0.0, {}, str(error)) for row in rows]
    silent = set(rows) - {sample.name for sample in samples}
    return context, _least(samples) + [Sample(row, 0.0, {}, "not measured") for row in sorted(silent)]


def _least(samples: list[Sample]) -> list[Sample]:
    """One sample a row: the fastest, or a failed one."""
    least: dict[str, Sample] = {}
    for sample in samples:
        other = least.setdefault(sample.name, sample)
        if not other.error and (sample.error or sample.nanoseconds < other.nanoseconds):
            least[sample.name] = sample
    return list(least.values())


def _results(entries: list[dict], plan: Plan) -> Results:
    context = machine.context_of([entry["context"] for entry in entries], plan)
    results = reduce(context, (Sample(**sample) for entry in entries for sample in entry["samples"]))
    order = {row: index for index, row in enumerate(row for rows in plan.rows.values() for row in rows)}
    return Results(context, sorted(results.rows, key=lambda row: order[row.name]), results.errors)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
