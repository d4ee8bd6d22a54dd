"""Medians, spreads, ratios and goals."""
import unittest

from runner.figures import judge, per_request_us, ratio, spread, summarise
from runner.question import Goal

RUNS = [{"server": "weir", "round": 1, "cpu_us": 5.0, "p99_us": None},
        {"server": "nginx", "round": 1, "cpu_us": 10.0, "p99_us": 3},
        {"server": "weir", "round": 2, "cpu_us": 7.0, "p99_us": None},
        {"server": "nginx", "round": 2, "cpu_us": 12.0, "p99_us": 4},
        {"server": "weir", "round": 3, "cpu_us": 6.0, "p99_us": None}]


class FiguresTest(unittest.TestCase):
    def setUp(self):
        self.summary = summarise(RUNS)

    def test_a_server_has_its_median_and_its_extremes(self):
        found = self.summary["weir"]["cpu_us"]
        self.assertEqual((found.median, found.min, found.max), (6, 5, 7))

    def test_what_was_not_measured_has_no_figure(self):
        self.assertNotIn("p99_us", self.summary["weir"])
        self.assertIsNone(spread([None]))
        self.assertIsNone(per_request_us(1.0, 0))

    def test_a_ratio_is_of_medians(self):
        self.assertAlmostEqual(ratio(self.summary, "cpu_us", "weir", "nginx"), 6 / 11)
        self.assertIsNone(ratio(self.summary, "cpu_us", "weir", "h2o"))
        self.assertIsNone(ratio(self.summary, "p99_us", "weir", "nginx"))

    def test_a_goal_is_met_missed_or_open(self):
        def met(**goal):
            return [found["met"] for found in judge(Goal(**goal), self.summary)]
        self.assertEqual(met(figure="cpu_us", against=["nginx", "h2o"], at_most=0.8), [True, None])
        self.assertEqual(met(figure="cpu_us", against=["nginx"], at_most=0.5), [False])
        self.assertEqual(met(figure="cpu_us", at_least=6), [True])
        self.assertEqual(met(figure="cpu_us", at_most=5.9), [False])


if __name__ == "__main__":
    unittest.main()
