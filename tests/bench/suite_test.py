"""A run with a program that stands in for the benchmarks: results, failures, and going on after a kill."""

import os
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

from report import results, suite
from report.plan import Plan
from report.programs import Program

from fake_bench import ROWS

FAKE = Path(__file__).with_name("fake_bench.py")
ROUNDS = 2
_RUN = """
import sys
from pathlib import Path
from suite_test import fake_plan, FAKE
from report import suite
from report.programs import Program
suite.measure(fake_plan(), [Program("fake", FAKE)], Path(sys.argv[1]))
"""


def fake_plan() -> Plan:
    return Plan({"fake": ROWS}, ROUNDS, 0.01, 1)


class SuiteTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.journal = self.folder / "rounds.jsonl"
        os.environ["FAKE_BENCH_LOG"] = str(self.folder / "log")
        self.addCleanup(os.environ.pop, "FAKE_BENCH_LOG")

    def measure(self, plan: Plan | None = None) -> results.Results:
        return suite.measure(plan or fake_plan(), [Program("fake", FAKE)], self.journal)

    def runs(self) -> int:
        """How many processes measured since last asked."""
        log = self.folder / "log"
        count = len(log.read_text().splitlines()) if log.exists() else 0
        log.write_text("")
        return count

    def test_lists_rows(self):
        self.assertEqual(Program("fake", FAKE).rows(), ROWS)

    def test_results(self):
        measured = self.measure()
        self.assertEqual([row.name for row in measured.rows], fake_plan().rows["fake"])
        row = measured.find("DropoutForward", rate=0.1, n=65536, threads=1)
        self.assertEqual((row.median, row.minimum, row.rounds, row.counters), (1500.0, 1500.0, ROUNDS, {"roof": 0.5}))
        self.assertIsNone(row.low)
        self.assertEqual(measured.context["peers"], {"PyTorch": "1.13.1"})
        self.assertEqual(measured.context["commit"], "0123abc")
        self.assertNotIn("secret", str(measured.context))
        measured.save(self.folder / "results.json")
        self.assertEqual(results.load(self.folder / "results.json"), measured)

    def test_the_least_repetition_counts(self):
        plan = replace(fake_plan(), repetitions=3)
        self.assertEqual({row.median for row in self.measure(plan).rows}, {1500.0})

    def test_goes_on_after_a_kill(self):
        whole = self.measure()
        needed = self.runs()
        killed = subprocess.run([sys.executable, "-c", _RUN, self.journal], env=os.environ | {"FAKE_BENCH_DIE": "3"},
                                cwd=FAKE.parent, check=False)
        self.assertEqual(killed.returncode, -9)
        self.assertEqual(self.runs(), 3)
        # A line that was half written counts for nothing.
        with open(self.journal, "a", encoding="utf-8") as file:
            file.write('{"round": 1, "chu')
        self.assertEqual(self.measure(), whole)
        self.assertEqual(self.runs(), needed - 2)

    def test_starts_anew_after_its_end_and_with_another_plan(self):
        self.measure()
        needed = self.runs()
        self.measure()
        self.assertEqual(self.runs(), needed)
        lines = self.journal.read_text().splitlines()
        self.journal.write_text("\n".join(["{\"plan\": \"another\"}", *lines[1:3]]) + "\n")
        self.measure()
        self.assertEqual(self.runs(), needed)

    def test_a_program_that_fails_spoils_its_rows_alone(self):
        plan = Plan({"fake": fake_plan().rows["fake"], "false": ["Peer/A/f32/n=4/t=1"]}, 1, 0.01, 1)
        measured = suite.measure(plan, [Program("fake", FAKE), Program("false", Path("/bin/false"))], self.journal)
        self.assertEqual(len(measured.rows), len(fake_plan().rows["fake"]))
        self.assertRegex(measured.errors["Peer/A/f32/n=4/t=1"], "false: exit code 1")


if __name__ == "__main__":
    unittest.main()
