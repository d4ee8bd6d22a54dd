"""What instructions.py makes of counts and bounds."""
import unittest

import instructions


class Comparing(unittest.TestCase):
    def test_one_above_its_bound_is_a_fault_and_is_marked(self):
        lines, well = instructions.compare({"a": 10.0, "b": 11.5}, {"a": 10, "b": 11})
        self.assertFalse(well)
        self.assertNotIn("TOO MANY", lines[0])
        self.assertIn("TOO MANY", lines[1])

    def test_all_within_their_bounds_are_well(self):
        self.assertTrue(instructions.compare({"a": 10.0}, {"a": 10})[1])


if __name__ == "__main__":
    unittest.main()
