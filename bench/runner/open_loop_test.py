import json
import unittest

from .open_loop import parse
from .problem import Problem

REPORT = {"requests": 1010, "answered": 1000, "answered_total": 1100, "requests_per_s": 499.5,
          "errors": 10, "client_cpu": 0.25, "latency_us": {"p50": 81.5, "p99.9": 900.0}}


class OpenLoopTest(unittest.TestCase):
    def test_a_report_counts_answers_and_those_of_the_warm_up(self):
        found = parse(json.dumps(REPORT))
        self.assertEqual((found["requests"], found["requests_total"]), (1000, 1100))
        self.assertEqual(found["latency_us"]["p99.9"], 900.0)
        self.assertEqual(found["client_cpu"], 0.25)

    def test_what_is_no_report_is_named(self):
        for text in ("", "{}", "weir load http: cannot connect"):
            with self.assertRaises(Problem):
                parse(text)


if __name__ == "__main__":
    unittest.main()
