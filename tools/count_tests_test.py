"""How count_tests.py reads a ctest report."""
import unittest
import xml.etree.ElementTree

import count_tests

DOCTEST = "[doctest] test cases:  5 |  4 passed | 1 failed | 0 skipped"


class Counting(unittest.TestCase):
    def test_a_doctest_program_counts_with_its_cases(self):
        self.assertEqual(count_tests.count_program("fail", DOCTEST), (4, 1, 0))

    def test_a_unittest_program_counts_with_its_cases(self):
        text = "Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=2)"
        self.assertEqual(count_tests.count_program("fail", text), (3, 2, 2))

    def test_any_other_program_is_one_test(self):
        self.assertEqual(count_tests.count_program("run", "hello"), (1, 0, 0))
        self.assertEqual(count_tests.count_program("fail", "crash"), (0, 1, 0))

    def test_a_program_that_failed_behind_passing_cases_is_a_failure(self):
        text = "[doctest] test cases: 5 | 5 passed | 0 failed | 0 skipped\nleak found"
        self.assertEqual(count_tests.count_program("fail", text), (5, 1, 0))

    def test_a_program_that_could_not_run_is_a_failure(self):
        self.assertEqual(count_tests.count_program("notrun", ""), (0, 1, 0))

    def test_a_report_is_summed(self):
        report = ('<testsuite><testcase status="run"/><testcase status="fail"><system-out>'
                  f"{DOCTEST}</system-out></testcase></testsuite>")
        root = xml.etree.ElementTree.fromstring(report)
        self.assertEqual(count_tests.count(root), [5, 1, 0])


if __name__ == "__main__":
    unittest.main()
