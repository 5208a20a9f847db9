"""tools/bench as a user meets it, and comparisons with programs that stand in for two builds."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from report import builds, compare, programs

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = [f"DropoutForward/f32/p={p}/n={n}/t=1/AVX2" for p in ("0.1", "0.5") for n in (4096, 65536)]


class Build(programs.Program):
    """A build whose rows take times that a test gives."""

    def __init__(self, name: str, times: dict[str, float]) -> None:
        super().__init__(name, Path(name))
        object.__setattr__(self, "times", times)

    def rows(self):
        return list(self.times)

    def measure(self, rows, min_time, repetitions=1):
        return {}, [programs.Sample(row, self.times[row], {}) for row in rows for _ in range(repetitions)]


def verdicts_of(a: Build, b: Build, pattern: str | None = None) -> compare.Comparison:
    comparison = compare.start(a, b, pattern)
    compare.run(comparison, a, b, None, seed=1)
    return comparison


class CompareTest(unittest.TestCase):
    A = Build("A", {row: 100.0 for row in ROWS})

    def test_verdicts(self):
        b = Build("B", dict(zip(ROWS, (100.0, 110.0, 90.0, 102.0))))
        comparison = verdicts_of(self.A, b)
        self.assertEqual([comparison.verdict(row).word for row in ROWS], ["same", "slower", "faster", "same"])
        self.assertIn("1 slower, 1 faster, 2 same", compare.text(comparison))

    def test_stops_when_all_is_clear(self):
        comparison = verdicts_of(self.A, self.A)
        rounds = {comparison.verdict(row).rounds for row in ROWS}
        self.assertEqual(rounds, {compare.verdicts.looks(len(ROWS), None)[0]})

    def test_rows_of_one_side_are_named(self):
        b = Build("B", {ROWS[0]: 100.0, "GenerateMask/f32/p=0.1/n=4096/t=1/AVX2": 1.0})
        comparison = verdicts_of(self.A, b)
        self.assertEqual(comparison.rows, ROWS[:1])
        text = compare.text(comparison)
        self.assertIn(f"{ROWS[1]}: in A only", text)
        self.assertIn("GenerateMask/f32/p=0.1/n=4096/t=1/AVX2: in B only", text)

    def test_filter(self):
        self.assertEqual(compare.start(self.A, self.A, "p=0.5").rows, ROWS[2:])

    def test_a_row_that_fails_is_an_error(self):
        failed = ({}, [programs.Sample(ROWS[0], 0.0, {}, "wrong")])
        with mock.patch.object(Build, "measure", return_value=failed):
            with self.assertRaisesRegex(programs.ProgramError, "wrong"):
                verdicts_of(self.A, self.A)


class ResolveTest(unittest.TestCase):
    def test_folders_and_programs(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(builds.BuildError, "has no fallow_bench"):
                builds.resolve(folder)
            program = Path(folder) / "bench" / "fallow_bench"
            program.parent.mkdir()
            program.write_text("")
            program.chmod(0o755)
            self.assertEqual(builds.resolve(folder), program.resolve())
            self.assertEqual(builds.resolve(str(program)), program.resolve())

    def test_nothing(self):
        with self.assertRaisesRegex(builds.BuildError, "no-such is neither"):
            builds.resolve("no-such")


class CommandTest(unittest.TestCase):
    def run_bench(self, *arguments: str) -> subprocess.CompletedProcess:
        # Nothing can be built or installed without a PATH to do it.
        return subprocess.run([REPOSITORY / "tools" / "bench", *arguments], env=os.environ | {"PATH": "/usr/bin:/bin"},
                              capture_output=True, text=True, check=False)

    def test_help(self):
        done = self.run_bench("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("--compare", "--tables", "--quick", "examples", "exit codes"):
            self.assertIn(word, done.stdout)

    def test_bad_arguments(self):
        for arguments in (["--no-such"], ["--compare", "A"], ["--rounds", "0"], ["--rounds", "x"],
                          ["--quick", "--full"]):
            self.assertEqual(self.run_bench(*arguments).returncode, 2, arguments)


if __name__ == "__main__":
    unittest.main()
