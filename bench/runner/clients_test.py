"""What the clients print is read right, and nothing else is taken for a report."""
import unittest

from runner import clients, open_loop
from runner.problem import Problem

WRK = """Running 1s test @ http://127.0.0.1:7301/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   563.10us  101.96us   3.51ms   95.15%
    Req/Sec   114.39k     4.37k  118.14k    90.91%
  Latency Distribution
     50%  545.00us
     75%  570.00us
     90%  1.50ms
     99%  2.01s
  125209 requests in 1.10s, 138.28MB read
  Socket errors: connect 1, read 2, write 0, timeout 3
  Non-2xx or 3xx responses: 4
Requests/sec: 113870.32
Transfer/sec:    125.76MB
"""


H2LOAD = """finished in 2.00s, 302114.50 req/s, 300.18MB/s
requests: 604229 total, 604741 started, 604229 done, 604200 succeeded, 29 failed, 0 errored, \
0 timeout
status codes: 604200 2xx, 0 3xx, 29 4xx, 0 5xx
traffic: 600.36MB (629523341) total, 5.19MB (5438061) headers (space savings 95.26%), 590.07MB
                     min         max         mean         sd        +/- sd
time for request:      121us     18.16ms      1.67ms       588us    83.86%
time for connect:       95us       350us       210us        70us    62.50%
"""


class TogetherTest(unittest.TestCase):
    def test_clients_beside_each_other_add_up_but_for_the_latency(self):
        one = {"requests": 10, "requests_total": 12, "requests_per_s": 5.0, "errors": 1,
               "client_cpu": 0.4, "latency_us": {"p50": 7, "p99": 90}}
        other = {**one, "requests": 20, "latency_us": {"p50": 9, "p99": 80}}
        found = clients.together([one, other])
        self.assertEqual((found["requests"], found["requests_per_s"], found["errors"]),
                         (30, 10.0, 2))
        self.assertEqual(found["latency_us"], {"p50": 9, "p99": 90})


class H2loadTest(unittest.TestCase):
    def test_requests_that_failed_are_errors(self):
        found = clients.parse_h2load(H2LOAD)
        self.assertEqual((found["requests"], found["requests_total"], found["errors"]),
                         (604200, 604229, 29))
        self.assertEqual(found["requests_per_s"], 302114.5)
        self.assertEqual(found["latency_us"], {"mean": 1670})
        with self.assertRaises(Problem):
            clients.parse_h2load("unable to connect")


class WrkTest(unittest.TestCase):
    def test_times_are_microseconds_whatever_the_unit(self):
        found = clients.parse_wrk(WRK)
        self.assertEqual(found["latency_us"], {"p50": 545, "p90": 1500, "p99": 2.01e6})

    def test_all_kinds_of_errors_are_added_up(self):
        self.assertEqual(clients.parse_wrk(WRK)["errors"], 10)
        clean = "\n".join(line for line in WRK.splitlines() if "rrors" not in line
                          and "Non-2xx" not in line)
        self.assertEqual(clients.parse_wrk(clean)["errors"], 0)

    def test_requests_and_rate(self):
        found = clients.parse_wrk(WRK)
        self.assertEqual((found["requests_total"], found["requests_per_s"]), (125209, 113870.32))

    def test_anything_else_is_refused(self):
        with self.assertRaises(Problem):
            clients.parse_wrk("unable to connect to 127.0.0.1:1 Connection refused\n")


class WeirLoadTest(unittest.TestCase):
    def test_a_report_without_percentiles_is_refused(self):
        with self.assertRaises(Problem):
            open_loop.parse('{"requests": 1, "requests_per_s": 1.0, "errors": 0}')
        with self.assertRaises(Problem):
            open_loop.parse("not JSON")


if __name__ == "__main__":
    unittest.main()
