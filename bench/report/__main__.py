"""The command tools/bench."""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from . import builds, compare, programs, results, suite
from .names import parse
from .plan import Plan, select

OUTPUT = builds.REPOSITORY / "build" / "bench"
_EPILOG = """examples:
  tools/bench                                 measures, and draws build/bench/report.html
  tools/bench --quick                         the same in a minute, with few rows
  tools/bench --filter '^Softmax.*t=1/'       these rows alone
  tools/bench --compare main HEAD             has HEAD become slower?
  tools/bench --compare main .                the same of what build/release was built from
  tools/bench --tables build/bench/results.json

A run that was interrupted continues when the same command is given again, if programs and rows are the same.

exit codes: 0; 1 when a row is slower, failed, or a table is out of date; 2 for bad arguments or a failed build; 130
after Ctrl-C. bench/README.md says how to read the report and how --compare decides."""


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/bench", epilog=_EPILOG, description=(
        "Installs what is missing, builds the benchmarks and runs them in interleaved rounds of new processes; writes\n"
        "results as JSON and draws a report."), formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--compare", nargs=2, metavar=("A", "B"),
                      help="compare two builds, each a git revision (built under build/compare/), a folder with a "
                      "build, or a fallow_bench; exit code 1 if B is slower in some row")
    mode.add_argument("--tables", nargs="?", const="", metavar="RESULTS",
                      help="write the tables of README.md and bench/README.md from results; without, from those that "
                      "are checked in")
    mode.add_argument("--draw", nargs="?", const="", metavar="RESULTS",
                      help="draw the report from results, measure nothing")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="scope", action="store_const", const="quick", default="usual",
                      help="few rows, three rounds, about a minute")
    size.add_argument("--full", dest="scope", action="store_const", const="full", help="every row: hours")
    parser.add_argument("--filter", metavar="REGEX", help="the rows that this finds, instead of the usual ones")
    parser.add_argument("--rounds", type=_positive, metavar="N",
                        help="how often each row is measured: 9, 3 with --quick; with --compare the most")
    parser.add_argument("--repetitions", type=_positive, default=1, metavar="N",
                        help="on a machine that others use: N short repetitions a process, of which the least counts")
    parser.add_argument("--seed", type=int, help="of the order of rows; with --compare a new one each run")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER", help="default: build/bench")
    parser.add_argument("--peers", action="store_true", help="install the libraries to measure against, too")
    parser.add_argument("--check", action="store_true", help="with --tables: write nothing, say what is out of date")
    return parser


def _measure(arguments: argparse.Namespace) -> int:
    builds.install(["build", "bench", "report"])
    if arguments.peers:
        builds.install_peers()
    print("Builds build/release ...", flush=True)
    found, missing = programs.find(builds.build_tree(), builds.REPOSITORY)
    rows, skipped = _rows_of(found, arguments)
    if not rows:
        raise ValueError(f"no row matches {arguments.filter!r}" if arguments.filter else "nothing to measure")
    for line in missing + skipped:
        print(line)
    quick = arguments.scope == "quick"
    repetitions = arguments.repetitions
    plan = Plan(rows, arguments.rounds or (3 if quick else 9), (0.02 if quick else 0.05) / repetitions,
                arguments.seed or 1, repetitions)
    print(f"{sum(map(len, rows.values()))} rows, {plan.rounds} rounds", flush=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    measured = suite.measure(plan, [program for program in found if program.name in rows],
                             arguments.output / "rounds.jsonl")
    measured.save(arguments.output / "results.json")
    for row, error in measured.errors.items():
        print(f"{row}: {error}", file=sys.stderr)
    _draw(measured, arguments.output)
    return 1 if measured.errors else 0


def _rows_of(found: list[programs.Program], arguments: argparse.Namespace) -> tuple[dict[str, list[str]], list[str]]:
    """The rows to measure by program, and a line for each program or peer that has none."""
    rows, skipped, peers = {}, [], set()
    target = ""
    for program in found:
        try:
            listed = program.rows()
        except programs.ProgramError as error:
            skipped.append(f"{program.name}: skipped, {error}")
            continue
        names = [parse(row) for row in listed]
        peers |= {name.peer for name in names}
        # fallow_bench names its targets best first.
        target = target or next((name.target for name in names if name.operation == "DropoutForward"), "")
        if chosen := select(listed, target, arguments.scope, arguments.filter):
            rows[program.name] = chosen
    named = {name for name, _ in programs.PROGRAMS}
    skipped += [f"{peer}: skipped, no rows of it" for peer in programs.PEERS if peer not in peers | named]
    return rows, skipped


def _draw(measured: results.Results, folder: Path) -> None:
    # Imported here, as matplotlib takes a second and only the report needs it.
    from . import page, summary
    path = folder / "report.html"
    path.write_text(page.html(measured), encoding="utf-8")
    print(summary.text(measured))
    print(f"\nreport   {path}\nresults  {folder / 'results.json'}")


def _compare(arguments: argparse.Namespace) -> int:
    builds.install(["build", "bench"])
    a, b = (programs.Program(label, builds.resolve(name)) for label, name in zip("AB", arguments.compare))
    print(f"A  {a.path}\nB  {b.path}", flush=True)
    comparison = compare.start(a, b, arguments.filter)
    if not comparison.rows:
        raise ValueError("A and B have no row in common that is to be compared")
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    compare.run(comparison, a, b, arguments.rounds, seed)
    print(compare.text(comparison))
    return 1 if any(comparison.verdict(row).word == "slower" for row in comparison.rows) else 0


def _tables(arguments: argparse.Namespace) -> int:
    from . import tables
    return tables.update(builds.REPOSITORY, Path(arguments.tables) if arguments.tables else None, arguments.check)


def _redraw(arguments: argparse.Namespace) -> int:
    builds.install(["report"])
    arguments.output.mkdir(parents=True, exist_ok=True)
    _draw(results.load(Path(arguments.draw or arguments.output / "results.json")), arguments.output)
    return 0


def main() -> int:
    arguments = _parser().parse_args()
    if arguments.compare:
        action = _compare
    elif arguments.tables is not None:
        action = _tables
    else:
        action = _measure if arguments.draw is None else _redraw
    try:
        return action(arguments)
    except (builds.BuildError, programs.ProgramError, ValueError, OSError) as error:
        print(f"tools/bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted." + (" The same command continues." if action is _measure else ""), file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
