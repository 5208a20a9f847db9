"""Names of rows, filters, plans, and what is read from Google Benchmark's JSON."""

import re
import unittest

from report import programs
from report.names import filter_of, parse
from report.plan import Plan, select


class NameTest(unittest.TestCase):
    def test_kernel(self):
        name = parse("DropoutForward/f32/p=0.1/n=65536/t=1/AVX2/real_time")
        self.assertEqual((name.peer, name.operation, name.type, name.rate, name.n, name.threads, name.target),
                         ("", "DropoutForward", "f32", 0.1, 65536, 1, "AVX2"))
        self.assertEqual(name.text, "DropoutForward/f32/p=0.1/n=65536/t=1/AVX2")

    def test_peer(self):
        name = parse("PyTorch/DropoutForward/bf16/p=0.5/n=4096/t=2")
        self.assertEqual((name.peer, name.operation, name.type, name.threads, name.target),
                         ("PyTorch", "DropoutForward", "bf16", 2, ""))

    def test_training(self):
        name = parse("TrainingStep/f32/784-128-64-10/dropout=on/batch=128/t=2")
        self.assertEqual((name.operation, name.shape, name.value("dropout"), name.threads, name.target),
                         ("TrainingStep", "784-128-64-10", "on", 2, ""))
        self.assertEqual((name.n, name.rate), (None, None))

    def test_rate_zero_is_a_rate(self):
        self.assertEqual(parse("SoftmaxDropout/f32/p=0/n=65536/t=1/SSE4").rate, 0.0)
        self.assertIsNone(parse("Memcpy/f32/n=65536/t=1/SSE4").rate)

    def test_other_forms_keep_their_text(self):
        self.assertEqual(parse("Odd name").operation, "Odd name")

    def test_filter_finds_these_rows_alone(self):
        rows = ["A/f32/p=0.1/n=4/t=1/AVX3", "B+x/f32/n=4/t=1"]
        pattern = filter_of(rows)
        for row in rows:
            self.assertTrue(re.search(pattern, row) and re.search(pattern, row + "/real_time"))
        for other in ("A/f32/p=0x1/n=4/t=1/AVX3", rows[0] + "_DL", "PyTorch/" + rows[0], "Bx/f32/n=4/t=1"):
            self.assertIsNone(re.search(pattern, other), other)


class SamplesTest(unittest.TestCase):
    def test_units_counters_errors_and_aggregates(self):
        samples = programs.samples_of({"benchmarks": [
            {"name": "A/f32/n=4", "run_type": "iteration", "real_time": 2.5, "time_unit": "ms", "iterations": 7,
             "roof": 0.5, "items_per_second": 4e9},
            {"name": "A/f32/n=4_mean", "run_type": "aggregate", "real_time": 2.5, "time_unit": "ms"},
            {"name": "B/f32/n=4", "run_type": "iteration", "error_occurred": True, "error_message": "wrong"}]})
        self.assertEqual(samples, [programs.Sample("A/f32/n=4", 2.5e6, {"roof": 0.5, "items_per_second": 4e9}),
                                   programs.Sample("B/f32/n=4", 0.0, {}, "wrong")])


class PlanTest(unittest.TestCase):
    ROWS = [f"{operation}/f32/p=0.1/n={n}/t=1/AVX2" for operation in "ABCDEFGHIJKLMN" for n in (4096, 65536)]

    def test_a_round_has_every_row_once_in_chunks_of_one_size(self):
        plan = Plan({"x": self.ROWS, "y": self.ROWS[:3]}, 3, 0.05, 1)
        for number in range(3):
            chunks = plan.chunks(number)
            of_x = [row for chunk in chunks for row in chunk.rows if chunk.program == "x"]
            self.assertEqual(sorted(of_x), sorted(self.ROWS))
            self.assertTrue(all(len({parse(row).n for row in chunk.rows}) == 1 for chunk in chunks))

    def test_order_is_new_each_round_and_the_same_each_time(self):
        plan = Plan({"x": self.ROWS}, 3, 0.05, 1)
        self.assertEqual(plan.chunks(1), plan.chunks(1))
        self.assertNotEqual(plan.chunks(0), plan.chunks(1))

    def test_scopes(self):
        rows = ["DropoutForward/f32/p=0.1/n=65536/t=1/AVX3", "DropoutForward/f32/p=0.1/n=65536/t=1/SSE4",
                "SoftmaxDropout/f32/p=0.1/n=65536/t=1/SSE4", "DropoutForward/f16/p=0.1/n=65536/t=2/AVX3",
                "PyTorch/DropoutForward/f32/p=0.1/n=65536/t=1"]
        self.assertEqual(select(rows, "AVX3", "full", None), rows)
        self.assertEqual(select(rows, "AVX3", "usual", None), [rows[0], rows[1], rows[4]])
        self.assertEqual(select(rows, "AVX3", "quick", None), [rows[0], rows[4]])
        self.assertEqual(select(rows, "AVX3", "quick", "^Soft"), [rows[2]])


if __name__ == "__main__":
    unittest.main()
