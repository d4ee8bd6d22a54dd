"""Several origins of a site: which is asked, and which not."""
import collections
import concurrent.futures
import re

from support import keys, origin, process
from support.case import Case

SITE = """\
edge:
  sites:
    - host: ["*"]
      origins:
"""
CHECKED = ('        - {{url: "http://127.0.0.1:{port}", health: {{path: /alive, interval: 30ms, '
           "timeout: 500ms, unhealthy_after: 2}}}}\n")
UNCACHED = {"edge.cache.enabled": "false"}


class Server:
    """An origin that says its name, and to checks whether it is well."""

    def __init__(self, case, name):
        self.name, self.status = name, "200 OK"
        self.origin = case.origin(self.answer)

    def answer(self, connection, request):
        if request.first_line.startswith("GET /alive "):
            connection.send(origin.plain("", status=self.status))
        else:
            connection.send(origin.plain(self.name))


class OriginHealth(Case):
    def start(self, count=3):
        self.servers = [Server(self, str(number)) for number in range(count)]
        config = SITE + "".join(CHECKED.format(port=each.origin.port) for each in self.servers)
        return self.weir(config=config, options={"runtime.shards": 2, **UNCACHED})

    def asked(self, edge, times=30):
        return collections.Counter(edge.get("/")[2].decode() for _ in range(times))

    def healthy(self, edge):
        return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines()
                   if line.startswith("origin_healthy{"))

    def becomes(self, edge, count):
        process.wait_until(lambda: self.healthy(edge) == count, 10, f"{count} healthy origins")

    def await_asked(self, edge, names):
        """The faster one is preferred, until what is known of the slower one is forgotten."""
        seen = set()
        process.wait_until(lambda: seen.update(self.asked(edge, 20)) or names <= seen, 30,
                           f"{names} to be asked")

    def test_an_origin_that_fails_its_checks_is_not_asked_until_it_passes_them(self):
        edge = self.start()
        self.becomes(edge, 3)
        self.await_asked(edge, {"0", "1", "2"})
        self.servers[1].status = "503 Service Unavailable"
        self.becomes(edge, 2)
        self.assertNotIn("1", self.asked(edge, 60))
        self.assertIn("fails its health checks", edge.log.read_text())
        self.servers[1].status = "200 OK"
        self.becomes(edge, 3)
        self.assertIn("passes its health checks again", edge.log.read_text())
        self.await_asked(edge, {"1"})

    def test_when_all_fail_all_are_asked(self):
        edge = self.start(2)
        for server in self.servers:
            server.status = "500 Internal Server Error"
        self.becomes(edge, 0)
        self.await_asked(edge, {"0", "1"})

    def test_what_is_known_outlives_a_reload(self):
        edge = self.start(2)
        self.servers[0].status = "404 Not Found"
        self.becomes(edge, 1)
        status, _, _ = edge.get("/config/reload", edge.admin, method="POST")
        self.assertEqual(status, 200)
        self.assertEqual(set(self.asked(edge, 40)), {"1"})

    def test_what_fails_is_asked_again_at_the_same_origin_when_the_other_is_left_alone(self):
        """Of what is fetched for the cache, and of what is passed on."""
        seen = set()

        def fails_first(connection, request):
            if request.first_line in seen:
                connection.send(origin.plain("again"))
            else:
                seen.add(request.first_line)
                connection.close()

        hesitant = self.origin(fails_first)
        (closed,) = process.free_ports(1)
        never = "failures_in_row: 0, window_requests_min: 1000000"
        origins = "".join(f'        - {{url: "http://127.0.0.1:{port}", breaker: {{{breaker}}}}}\n'
                          for port, breaker in ((hesitant.port, never),
                                                (closed, "failures_in_row: 1, open_time: 10m")))
        edge = self.weir(config=SITE + origins, options={"runtime.shards": 1})
        process.wait_until(lambda: edge.get("/") and re.search(
            r"^origin_breaker_state\{.* 2$", edge.metrics(), re.MULTILINE), 10,
            "the breaker to open")
        for method in ("GET", "OPTIONS"):
            with self.subTest(method):
                # So that an idle connection is there, whose end tells nothing of the request.
                process.wait_until(lambda: edge.status_of("/idle") == 200, 5, "an answer")
                status, _, body = edge.get("/again", method=method)
                self.assertEqual((status, body), (200, b"again"))
        self.assertEqual(self.sum_of(edge, "origin_breaker_refused_total"), 0)

    def test_asking_the_same_origin_again_takes_from_its_budget(self):
        closed = process.free_ports(2)
        origins = "".join(f'        - {{url: "http://127.0.0.1:{port}", retry: {{share: 0}}, '
                          f"breaker: {{{breaker}}}}}\n" for port, breaker in zip(
                              closed, ("failures_in_row: 0, window_requests_min: 1000000",
                                       "failures_in_row: 1, open_time: 10m")))
        edge = self.weir(config=SITE + origins, options={"runtime.shards": 1, **UNCACHED})
        process.wait_until(lambda: edge.get("/") and re.search(
            r"^origin_breaker_state\{.* 2$", edge.metrics(), re.MULTILINE), 10,
            "the breaker to open")
        before = self.sum_of(edge, "origin_retries_total")
        self.assertEqual(edge.status_of("/"), 502)
        self.assertEqual(self.sum_of(edge, "origin_retries_total"), before)

    def test_a_request_that_one_origin_refuses_goes_to_another(self):
        """Whether its breaker is closed, open, or tries one request now and then."""
        server = Server(self, "up")
        (closed,) = process.free_ports(1)
        origins = "".join(f'        - {{{{url: "http://127.0.0.1:{port}", '
                          "breaker: {{open_time: 3ms, failures_in_row: 5}}}}\n"
                          for port in (closed, server.origin.port))
        edge = self.weir(config=(SITE + origins).replace("{{", "{").replace("}}", "}"),
                         options={"runtime.shards": 2, **UNCACHED})
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            seen = sum(clients.map(lambda _: self.asked(edge, 100), range(8)),
                       collections.Counter())
        self.assertEqual(seen, {"up": 800})
        self.assertIn('origin_breaker_state{', edge.metrics())
