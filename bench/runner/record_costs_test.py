"""What programs say of their costs becomes figures, and a table with a row for each operation."""
import unittest
from pathlib import Path

from runner import record_costs, report
from runner.question import Question, Server, Workload

COSTS = [{"operation": "counter", "ns": 2.0, "two_threads_ns": 3.0, "allocations": 0.0},
         {"operation": "span", "ns": 20.0, "two_threads_ns": 20.0, "allocations": 1.5}]


class FiguresTest(unittest.TestCase):
    def test_each_operation_has_three_figures_and_the_worst_is_told(self):
        found = record_costs.figures(COSTS)
        self.assertEqual(found["span: ns"], 20)
        self.assertEqual(found["counter: ns with two threads"], 3)
        self.assertEqual(found["span: allocations"], 1.5)
        self.assertEqual(found["most allocations"], 1.5)
        self.assertEqual(found["most that a second thread adds"], 1.5)


class TableTest(unittest.TestCase):
    def test_operations_are_rows_and_programs_columns_and_what_one_lacks_is_a_dash(self):
        question = Question(Path("x"), "?", "record_costs", Workload(),
                            [Server("weir", "weir"), Server("go", "go")], [])
        runs = [{"server": "weir", **record_costs.figures(COSTS)},
                {"server": "go", **record_costs.figures(COSTS[:1])}]
        lines = report.table(question, report.summarise(runs))
        self.assertEqual(lines[2], "| counter | 2.0 | 3.0 | 0.00 | 2.0 | 3.0 | 0.00 |")
        self.assertEqual(lines[3], "| span | 20.0 | 20.0 | 1.50 | - | - | - |")


if __name__ == "__main__":
    unittest.main()
