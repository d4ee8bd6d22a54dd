"""/proc is read as the kernel writes it."""
import unittest

from runner import machine, proc

STAT = ("123 (a b) (c) S 77 123 123 0 -1 4194304 100 0 0 0 250 150 10 5 20 0 1 0 1000 0 0 "
        "18446744073709551615\n")


class ProcTest(unittest.TestCase):
    def test_a_name_with_spaces_and_parentheses_does_not_shift_the_fields(self):
        stat = proc.parse_stat(STAT)
        self.assertEqual(stat.parent, 77)
        self.assertAlmostEqual(stat.user_s, 260 / proc.TICKS_PER_S)
        self.assertAlmostEqual(stat.system_s, 155 / proc.TICKS_PER_S)

    def test_the_rollup_is_in_bytes(self):
        text = "5581-7ffc ---p 00000000 00:00 0  [rollup]\nRss:       1012 kB\nPss:    200 kB\n"
        self.assertEqual(proc.parse_rollup(text), {"Rss": 1012 * 1024, "Pss": 200 * 1024})

    def test_busy_is_user_nice_and_system_of_all_cores(self):
        text = "cpu  100 20 30 4000 5 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n"
        self.assertAlmostEqual(proc.parse_busy(text), 150 / proc.TICKS_PER_S)

    def test_this_very_process_has_cpu_time_and_memory(self):
        import os
        self.assertGreater(sum(proc.tree_cpu(os.getpid())), 0)
        self.assertGreater(proc.tree_memory(os.getpid())["rss"], 1 << 20)


class CompilersTest(unittest.TestCase):
    def test_name_and_state_are_found_whatever_the_name(self):
        self.assertEqual(machine.name_and_state("7 (clang++-19) T 1 2"), ("clang++-19", "T"))
        self.assertEqual(machine.name_and_state("7 (a) R (b)) S 1"), ("a) R (b)", "S"))


if __name__ == "__main__":
    unittest.main()
