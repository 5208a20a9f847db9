"""The programs that measure: fallow_bench, and peers that are programs of their own. All are run alike:

    PROGRAM --benchmark_list_tests=true                 prints the names of its rows, one a line
    PROGRAM --benchmark_filter=REGEX --benchmark_min_time=SECONDS --benchmark_out=FILE
                                                        measures the rows that match; FILE is Google Benchmark's JSON
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .names import filter_of, plain

# Where each program is, from the build folder or else from the repository: a new one is a line here.
PROGRAMS = (
    ("fallow_bench", "bench/fallow_bench"),
    ("OnnxRuntime", "bench/peers/onnxruntime.mjs"),
    ("PyTorchTraining", "bench/peers/torch_epochs.py"),
)

# Peers that one expects rows of, from whichever program: named where they are missing.
PEERS = ("PyTorch", "OnnxRuntime", "Random123")

# What Google Benchmark says of a row beside its counters.
_NO_COUNTERS = {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads", "iterations",
                "real_time", "cpu_time"}
_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# A row takes well under a minute; a program that hangs must not hang the night's run.
_TIMEOUT_SECONDS = 900
# OpenMP's threads, PyTorch's, else spin after their work: in the way of whatever is measured next, and of each other
# for milliseconds as soon as the machine has anything else to do.
_ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}


class ProgramError(Exception):
    """A program failed; the message says which and how."""


@dataclass(frozen=True)
class Sample:
    """One measurement of a row: nanoseconds a call, and counters."""

    name: str
    nanoseconds: float
    counters: dict[str, float]
    error: str = ""


@dataclass(frozen=True)
class Program:
    name: str
    path: Path

    def rows(self) -> list[str]:
        """The names of all rows."""
        return [plain(line) for line in self._run(["--benchmark_list_tests=true"]).splitlines() if "/" in line]

    def measure(self, rows: list[str], min_time: float, repetitions: int = 1) -> tuple[dict, list[Sample]]:
        """Runs the rows in a new process; the context that it writes, and a sample a repetition."""
        with tempfile.TemporaryDirectory(prefix="fallow-bench-") as folder:
            out = Path(folder) / "out.json"
            arguments = [f"--benchmark_filter={filter_of(rows)}", f"--benchmark_min_time={min_time:g}",
                         f"--benchmark_out={out}"]
            if repetitions > 1:
                arguments.append(f"--benchmark_repetitions={repetitions}")
            self._run(arguments)
            try:
                written = json.loads(out.read_text())
                return written["context"], samples_of(written)
            except (OSError, ValueError, KeyError) as error:
                raise ProgramError(f"{self.name}: wrote no results ({error})") from error

    def _run(self, arguments: list[str]) -> str:
        try:
            done = subprocess.run([self.path, *arguments], capture_output=True, text=True, check=False,
                                  timeout=_TIMEOUT_SECONDS, env=_ENVIRONMENT | os.environ)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProgramError(f"{self.name}: {error}") from error
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
            raise ProgramError(f"{self.name}: exit code {done.returncode}: {last}")
        return done.stdout


def samples_of(written: dict) -> list[Sample]:
    """The samples in Google Benchmark's JSON, without its aggregates."""
    samples = []
    for row in written["benchmarks"]:
        if row.get("run_type", "iteration") != "iteration":
            continue
        if row.get("error_occurred"):
            samples.append(Sample(plain(row["name"]), 0.0, {}, row.get("error_message", "error")))
            continue
        counters = {key: float(value) for key, value in row.items()
                    if key not in _NO_COUNTERS and isinstance(value, (int, float)) and not isinstance(value, bool)}
        samples.append(Sample(plain(row["name"]), row["real_time"] * _NANOSECONDS[row["time_unit"]], counters))
    return samples


def find(build: Path, repository: Path) -> tuple[list[Program], list[str]]:
    """The programs that are there, and a line for each that is not."""
    found, missing = [], []
    for name, path in PROGRAMS:
        at = next((folder / path for folder in (build, repository) if (folder / path).is_file()), None)
        if at is None:
            missing.append(f"{name}: skipped, not found ({path})")
        else:
            found.append(Program(name, at))
    return found, missing
