"""Order statistics and verdicts: small cases worked out by hand, and simulated noise."""

import random
import unittest

from report import order_statistics
from report.verdicts import EFFECT, SAME, Verdict, judge, looks, row_error

ROWS = 20


class IntervalTest(unittest.TestCase):
    def test_ranks_are_those_of_the_sign_test(self):
        # As in tables of the sign test, two-sided 5 %.
        self.assertEqual([order_statistics.rank(n, 0.05) for n in (5, 6, 8, 9, 12, 15, 20)], [0, 1, 1, 2, 3, 4, 6])

    def test_tail(self):
        self.assertEqual(order_statistics.tail(4, 2), 5 / 16)

    def test_interval(self):
        self.assertEqual(order_statistics.interval([9, 1, 8, 2, 7, 3, 6, 4, 5]), (2, 8))
        self.assertIsNone(order_statistics.interval([1, 2, 3, 4, 5]))

    def test_fewest_values_with_an_interval(self):
        for error in (0.05, 0.01, 1e-4):
            n = order_statistics.fewest(error)
            self.assertEqual((order_statistics.rank(n - 1, error), order_statistics.rank(n, error)), (0, 1))

    def test_covers_the_median_of_a_skewed_distribution(self):
        noise = random.Random(1)
        missed = 0
        for _ in range(2000):
            low, high = order_statistics.interval([noise.expovariate(1.0) for _ in range(9)])
            missed += not low <= 0.6931 <= high
        # Expected 2000 * 0.039, standard deviation 9.
        self.assertTrue(45 <= missed <= 115, missed)


class VerdictTest(unittest.TestCase):
    def test_words(self):
        for low, high, word in ((1.031, 1.2, "slower"), (1.029, 1.2, "unsure"), (0.9, 0.97, "faster"),
                                (0.9, 0.98, "unsure"), (0.95, 1.05, "same"), (0.94, 1.05, "unsure"),
                                (0.95, 1.07, "unsure")):
            self.assertEqual(Verdict(1.0, low, high, 15).word, word, (low, high))

    def test_same_excludes_ten_per_cent(self):
        self.assertLess(1.0 + SAME, 1.1)
        self.assertLess(EFFECT, SAME)

    def test_looks(self):
        self.assertEqual(looks(ROWS, None), [15, 22, 30, 60])
        self.assertEqual(looks(ROWS, 90), [15, 28, 40, 90])
        self.assertEqual(looks(ROWS, 15), [15])
        with self.assertRaisesRegex(ValueError, "20 rows need at least 15 rounds"):
            looks(ROWS, 14)

    def test_first_look_has_an_interval(self):
        for rows in (1, 5, 20, 300):
            first = looks(rows, None)[0]
            self.assertGreater(order_statistics.rank(first, row_error(rows)), 0)
            self.assertEqual(judge([1.0] * first, rows).word, "same")
            self.assertEqual(judge([1.0] * (first - 1), rows).word, "unsure")


def pair_ratio(noise: random.Random, effect: float) -> float:
    """As on a busy machine: each side varies by some per cent, and one measurement in ten is disturbed badly."""
    def time() -> float:
        disturbed = noise.uniform(0.05, 1.0) if noise.random() < 0.1 else 0.0
        return 1.0 + abs(noise.gauss(0.0, 0.02)) + disturbed
    return effect * time() / time()


def words(noise: random.Random, effects: list[float]) -> list[str]:
    """One run: every row's verdict at the look at which it became clear, or at the last."""
    rows = len(effects)
    found = []
    for effect in effects:
        ratios: list[float] = []
        for look in looks(rows, None):
            ratios += [pair_ratio(noise, effect) for _ in range(look - len(ratios))]
            verdict = judge(ratios, rows)
            if verdict.clear:
                break
        found.append(verdict.word)
    return found


class SimulatedRunTest(unittest.TestCase):
    def test_equal_builds_stay_quiet(self):
        noise = random.Random(2)
        loud = sum(not {"slower", "faster"}.isdisjoint(words(noise, [1.0] * ROWS)) for _ in range(1000))
        self.assertEqual(loud, 0)

    def test_a_slow_down_of_ten_per_cent_is_found(self):
        noise = random.Random(3)
        found = sum(words(noise, [1.1] + [1.0] * (ROWS - 1))[0] == "slower" for _ in range(200))
        self.assertGreaterEqual(found, 198)

    def test_a_speed_up_is_found(self):
        noise = random.Random(4)
        found = sum(words(noise, [1 / 1.1] + [1.0] * (ROWS - 1))[0] == "faster" for _ in range(100))
        self.assertGreaterEqual(found, 98)

    def test_a_drift_of_the_clock_that_both_see_changes_nothing(self):
        noise = random.Random(5)
        clock = [1.0 + 0.5 * noise.random() for _ in range(15)]
        self.assertEqual(judge([c * 1.01 / (c * 1.0) for c in clock], ROWS).word, "same")


if __name__ == "__main__":
    unittest.main()
