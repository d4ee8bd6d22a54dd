"""What makes differences of pairs into figures."""
import unittest
from pathlib import Path

from runner import figures, pairs, question, report
from runner.problem import Problem


def run(server: str, number: int, cpu_us: float) -> dict:
    return {"server": server, "round": number, "cpu_us": cpu_us}


class DifferencesTest(unittest.TestCase):
    def test_a_difference_is_of_one_pair(self):
        found = pairs.differences([run("off", 1, 4.0), run("on", 1, 4.05)], "off", 0)
        self.assertNotIn("more_ns", found[0])
        self.assertAlmostEqual(found[1]["more_ns"], 50)
        self.assertNotIn("more_percent_of_node", found[1])

    def test_200_ns_a_request_are_a_thousandth_of_two_cores_at_10000_a_second(self):
        found = pairs.differences([run("on", 1, 10.2), run("off", 1, 10.0)], "off", 10_000)
        self.assertAlmostEqual(found[0]["more_percent_of_node"], 0.1)

    def test_costs_are_read_by_part(self):
        text = ('# TYPE telemetry_cpu_time_total counter\n'
                'telemetry_cpu_time_total{part="recording"} 0.25\n'
                'telemetry_cpu_time_total{part="export"} 1e-3\ntelemetry_cpu_share 0.1\n')
        self.assertEqual(pairs.parse_costs(text), {"recording": 0.25, "export": 0.001})


class DuosTest(unittest.TestCase):
    servers = [question.Server(name, "weir") for name in ("off", "a", "b", "c")]

    def test_each_other_one_has_a_pair_with_the_base_in_every_round(self):
        for number in range(1, 7):
            found = pairs.duos("off", self.servers, number)
            self.assertEqual(sorted("".join(sorted(s.name for s in duo)) for duo in found),
                             ["aoff", "boff", "coff"])

    def test_over_the_rounds_everyone_comes_first_as_often_as_last(self):
        firsts = [duo[0].name for number in range(6)
                  for duo in pairs.duos("off", self.servers, number)]
        self.assertEqual({name: firsts.count(name) for name in ("off", "a", "b", "c")},
                         {"off": 9, "a": 3, "b": 3, "c": 3})


class SamplesTest(unittest.TestCase):
    def test_between_two_samples_the_time_goes_on_evenly(self):
        samples = [(1.0, 5.0), (2.0, 5.5), (4.0, 6.5)]
        self.assertAlmostEqual(pairs.at(samples, 1.5), 5.25)
        self.assertAlmostEqual(pairs.at(samples, 3.0), 6.0)

    def test_what_nobody_saw_is_not_made_up(self):
        for moment in (0.5, 4.5):
            with self.assertRaises(Problem):
                pairs.at([(1.0, 5.0), (4.0, 6.0)], moment)


class IntervalTest(unittest.TestCase):
    def test_thirty_values_leave_nine_on_each_side(self):
        self.assertEqual(figures.median_interval([float(n) for n in range(1, 31)]), (10, 21))

    def test_five_are_too_few_to_say(self):
        self.assertIsNone(figures.median_interval([1.0, 2.0, 3.0, 4.0, 5.0]))

    def test_it_is_told_beside_the_median(self):
        asked = question.Question(Path(), "?", "pairs", question.Workload(base="off"), [], [])
        runs = [{**run("on", n, 1.0), "more_ns": float(n)} for n in range(1, 31)]
        self.assertIn("- on, 30 pairs: 16 ns a request (95 %: 10 to 21)",
                      report.pair_lines(asked, runs))


if __name__ == "__main__":
    unittest.main()
