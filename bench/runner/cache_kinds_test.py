"""The figures of a herd and of a purge, and the origin that takes its time."""
import socket
import subprocess
import sys
import time
import unittest

from runner import herd, purge
from runner.probe import ask, wait_until_ready
from runner.problem import Problem
from runner.process import free_ports
from runner.servers import SLOW_ORIGIN


def said(first_byte_us: float, errors: int = 0) -> dict:
    return {"first_byte_us": {"p50": first_byte_us / 2, "max": first_byte_us},
            "whole_us": {"max": first_byte_us * 3}, "errors": errors}


class HerdTest(unittest.TestCase):
    def test_the_last_is_compared_with_one_who_asks_the_origin(self):
        found = herd.figures(said(200.0), said(220.0), 1)
        self.assertAlmostEqual(found["first_byte_ratio"], 1.1)
        self.assertEqual((found["fetches"], found["whole_max_us"]), (1, 660.0))

    def test_without_an_answer_of_the_origin_there_is_nothing_to_compare(self):
        with self.assertRaises(Problem):
            herd.figures(said(200.0, errors=1), said(220.0), 1)


class PurgeTest(unittest.TestCase):
    def test_hits_are_compared_with_hits_without_a_purge(self):
        def hits(p99: float, errors: int) -> dict:
            return {"latency_us": {"p99": p99, "max": 2 * p99}, "requests_per_s": 1.0,
                    "errors": errors}
        found = purge.figures(hits(100, 1), hits(150, 2), 40.5, 100_000)
        self.assertEqual((found["p99_ratio"], found["errors"]), (1.5, 3))
        self.assertEqual((found["purge_ms"], found["purged"]), (40.5, 100_000))


class Started:
    """What wait_until_ready() wants to know of a process."""

    command = ["slow_origin"]

    def complain_if_ended(self):
        pass


class SlowOriginTest(unittest.TestCase):
    def test_it_takes_its_time_twice_and_counts(self):
        port, = free_ports(1)
        child = subprocess.Popen([sys.executable, str(SLOW_ORIGIN), "--listen",
                                  f"127.0.0.1:{port}", "--body-bytes", "5000", "--delay-ms", "50"])
        try:
            wait_until_ready(Started(), port, "/fetches", "a")
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                start = time.monotonic()
                answer = ask(connection, "/", "a")
                self.assertGreaterEqual(time.monotonic() - start, 0.1)
                self.assertEqual((answer.status, answer.body_bytes), (200, 5000))
            self.assertEqual(herd._fetches(port), 1)
        finally:
            child.terminate()
            child.wait(10)


if __name__ == "__main__":
    unittest.main()
