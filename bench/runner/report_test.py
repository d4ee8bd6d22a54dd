"""results.md says what was measured, and keeps what was measured before."""
import tempfile
import unittest
from pathlib import Path

from runner import report
from runner.question import Goal, Question, Server, Workload

MACHINE = {"cpu": "Some CPU", "cores": 2, "kernel": "6.1", "commit": "abc1234",
           "load_average_before": [0.1, 0.1, 0.1]}


def options(time: str, forced: str = "") -> dict:
    return {"time": time, "client": "bench", "rounds": 2, "seconds": 1.0, "forced": forced,
            "versions": {"nginx": "nginx 1.22.1"}}


def runs(weir_us: float) -> list[dict]:
    return [{"server": name, "round": number, "cpu_us": us + number, "requests_per_s": 1000.0}
            for number in (1, 2) for name, us in (("floor", 4.0), ("weir", weir_us))]


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        servers = [Server("floor", "floor"), Server("weir", "weir")]
        self.question = Question(Path(folder.name), "Is it?", "closed_loop", Workload(), servers,
                                 [Goal("cpu_us", at_most=1.15, against=["floor"])])

    def keep(self, time: str, weir_us: float, forced: str = "") -> str:
        result = report.document(self.question, MACHINE, options(time, forced), runs(weir_us))
        report.keep(self.question, result)
        return (self.question.folder / "results.md").read_text()

    def test_medians_spread_ratio_and_verdict_are_shown(self):
        text = self.keep("2026-01-01T00:00:00Z", 4.0)
        self.assertIn("5.50 (5.00-6.00)", text)
        self.assertIn("weir / floor, cpu_us <= 1.15: 1.00, met", text)

    def test_a_missed_goal_is_not_hidden(self):
        self.assertIn("**missed**", self.keep("2026-01-01T00:00:00Z", 8.0))

    def test_the_newest_is_shown_and_the_older_listed(self):
        self.keep("2026-01-01T00:00:00Z", 8.0)
        text = self.keep("2026-01-02T00:00:00Z", 4.0)
        self.assertNotIn("**missed**", text)
        self.assertIn("results/2026-01-01T00-00-00Z-bench.json", text)
        self.assertIn("results/2026-01-02T00-00-00Z-bench.json", text)

    def test_a_forced_result_says_so(self):
        text = self.keep("2026-01-01T00:00:00Z", 4.0, "compilers are running")
        self.assertIn("not a figure to quote", text)

    def test_a_question_without_weir_itself_lists_what_its_goal_is_about(self):
        answer = [run | {"server": "two shards"} for run in runs(4.0) if run["server"] == "weir"]
        goal = Goal("cpu_us", at_most=5.0, subject="two shards")
        asked = Question(**(vars(self.question) | {"goals": [goal]}))
        result = report.document(asked, MACHINE, options("2026-01-01T00:00:00Z"), answer)
        report.keep(asked, result)
        self.assertIn("two shards cpu_us 5.50", (asked.folder / "results.md").read_text())


if __name__ == "__main__":
    unittest.main()
