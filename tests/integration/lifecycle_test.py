"""Starting, stopping, reloading and replacing a running weir, without losing a request."""
import contextlib
import http.client
import itertools
import os
import signal
import socket
import threading
import time

from support import certificates, http2, keys, origin, process, raw, weir
from support.case import Case

GET = b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"


def refused(port):
    """Whether nobody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


class Stopping(Case):
    def slow_origin(self, seconds, options=None):
        def slow(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            time.sleep(seconds)
            connection.send(b"-last")
        return self.behind(slow, options=options)[0]

    def test_sigterm_ends_an_idle_weir_with_status_0(self):
        edge, _ = self.behind(origin.echoing_target)
        edge.get("/")
        started = time.monotonic()
        self.assertEqual(edge.stop(), 0)
        self.assertLess(time.monotonic() - started, 5)

    def test_ctrl_c_ends_it_the_same_way(self):
        edge, _ = self.behind(origin.echoing_target)
        edge.signal(signal.SIGINT)
        self.assertEqual(edge.wait(10), 0)

    def test_sigterm_lets_a_request_in_flight_finish(self):
        edge = self.slow_origin(1.5)
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(GET)
        client.read_head()
        edge.signal(signal.SIGTERM)
        self.assertEqual(client.read_exactly(10), b"first-last")
        self.assertEqual(edge.wait(10), 0)

    def test_after_sigterm_new_clients_are_refused_at_once(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("server", "edge.test")
        secure_port, = process.free_ports(1)
        secure = {"edge.listen_tls": f"127.0.0.1:{secure_port}",
                  "edge.tls.certificate": certificate, "edge.tls.key": key}
        for reactor in ("io_uring", "epoll"):
            with self.subTest(reactor):
                edge = self.slow_origin(3, {"runtime.reactor": reactor, **secure})
                client = raw.connect(edge.port)
                self.addCleanup(client.close)
                client.send(GET)
                client.read_head()
                edge.signal(signal.SIGTERM)
                process.wait_until(lambda: refused(edge.port) and refused(secure_port), 2,
                                   "both sockets to be closed")
                self.assertEqual(edge.status_of("/health/ready", edge.admin), 503)
                self.assertTrue(edge.running(), "it did not wait for the request in flight")
                self.assertEqual(client.read_exactly(10), b"first-last")
                self.assertEqual(edge.wait(10), 0)

    def test_sigterm_closes_idle_connections(self):
        edge, _ = self.behind(origin.echoing_target)
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(GET)
        client.read_response()
        edge.signal(signal.SIGTERM)
        self.assertTrue(client.closed_within(5))
        self.assertEqual(edge.wait(10), 0)

    def test_draining_is_bounded(self):
        edge, _ = self.behind(lambda connection, request: time.sleep(20),
                              options={keys.DRAIN_TIMEOUT: "1s"})
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(GET)
        time.sleep(0.3)
        started = time.monotonic()
        self.assertEqual(edge.stop(), 0)
        self.assertLess(time.monotonic() - started, 5)


class Reloading(Case):
    def answer(self, edge):
        return edge.get("/", headers={"Host": "site.test"})[2]

    def test_sighup_takes_a_new_configuration(self):
        edge = self.weir(config=keys.fixed_answer_site("site.test", "one"))
        self.assertEqual(self.answer(edge), b"one")
        edge.config.write_text(keys.fixed_answer_site("site.test", "two"))
        edge.signal(signal.SIGHUP)
        process.wait_until(lambda: self.answer(edge) == b"two", 5, "the new answer")

    def test_sighup_keeps_connections_open(self):
        edge = self.weir(config=keys.fixed_answer_site("site.test", "one"))
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(GET)
        self.assertEqual(client.read_response().body, b"one")
        edge.config.write_text(keys.fixed_answer_site("site.test", "two"))
        edge.signal(signal.SIGHUP)
        process.wait_until(lambda: self.answer(edge) == b"two", 5, "the new answer")
        client.send(GET)
        self.assertEqual(client.read_response().body, b"two")

    def test_lower_limits_hold_for_what_a_connection_of_http2_goes_on_repeating(self):
        site = keys.fixed_answer_site("site.test", "one")
        edge = self.weir(config=site)
        client = http2.Client(edge.port)
        self.addCleanup(client.close)
        fields = [(f"x-{number}", "y") for number in range(20)]
        streams = itertools.count(1, 2)

        def ask():
            stream = next(streams)
            client.request(stream, authority="site.test", fields=fields)
            return client.answer(stream)[1]

        self.assertEqual([ask() for _ in range(3)], [b"one"] * 3)
        edge.config.write_text(site + "http:\n  server:\n    fields_max: 8\n")
        edge.signal(signal.SIGHUP)
        process.wait_until(lambda: b"larger than this server accepts" in ask(), 5, "a refusal")

    def test_a_broken_configuration_changes_nothing_and_is_named(self):
        edge = self.weir(config=keys.fixed_answer_site("site.test", "one"))
        edge.config.write_text("edge:\n  no_such_key: 1\n")
        edge.signal(signal.SIGHUP)
        process.wait_until(lambda: "no_such_key" in edge.output(), 5, "the error in the log")
        self.assertEqual(self.answer(edge), b"one")

    def test_sigusr1_opens_the_access_log_again(self):
        log = process.new_folder("log") / "access.json"
        edge, _ = self.behind(origin.echoing_target, options={keys.ACCESS_LOG: log})
        edge.get("/before")
        moved = log.with_suffix(".1")
        process.wait_until(lambda: log.exists() and b"/before" in log.read_bytes(), 5, "the line")
        log.rename(moved)
        edge.signal(signal.SIGUSR1)
        process.wait_until(log.exists, 5, "a new log file")
        edge.get("/after")
        process.wait_until(lambda: b"/after" in log.read_bytes(), 5, "the line in the new file")
        self.assertNotIn(b"/after", moved.read_bytes())


class Load:
    """Threads that ask until told to stop; every failure is kept.

    On a fresh connection each time or, with `keep`, on one for as long as the server keeps it.
    """

    def __init__(self, edge, threads=4, keep=False):
        self.edge, self.failures, self.answered = edge, [], 0
        self.ask = self.ask_on_kept if keep else self.ask_on_fresh
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask_on) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def ask_on(self):
        while not self.over.is_set():
            try:
                self.ask()
            except (OSError, raw.Truncated) as error:
                self.failures.append(repr(error))

    def count(self, answer):
        if answer.status != 200:
            self.failures.append(answer.status)
        self.answered += 1
        time.sleep(0.002)

    def ask_on_fresh(self):
        self.count(raw.ask(self.edge.port, GET))

    def ask_on_kept(self):
        with contextlib.closing(raw.connect(self.edge.port)) as connection:
            while not self.over.is_set():
                connection.send(GET)
                answer = connection.read_response()
                self.count(answer)
                if answer.get("connection") == "close":
                    return

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Replacing(Case):
    def test_sigusr2_hands_over_to_the_new_program_without_a_failed_request(self):
        self.hand_over_under_load(keep=False)

    def test_a_connection_in_use_is_not_cut_off_between_two_requests(self):
        self.hand_over_under_load(keep=True)

    def hand_over_under_load(self, keep):
        edge, _ = self.behind(origin.echoing_target)
        load = Load(edge, keep=keep)
        self.addCleanup(load.stop)
        time.sleep(0.5)
        edge.signal(signal.SIGUSR2)
        self.assertEqual(edge.wait(20), 0)
        at_handover = load.answered
        process.wait_until(lambda: load.answered > at_handover + 100, 10, "further answers")
        load.stop()
        self.assertEqual(load.failures, [])
        successors = edge.group()
        self.assertTrue(successors)
        self.assertNotIn(edge.pid, successors)
        self.assertEqual(edge.status_of("/health/ready", edge.admin), 200)
        for pid in successors:
            os.kill(pid, signal.SIGTERM)
        process.wait_until(lambda: not edge.group(), 20, "the end of the successor")

    def test_a_purge_is_put_off_while_a_successor_that_would_not_know_of_it_starts(self):
        edge, _ = self.behind(origin.echoing_target)
        seen = self.put_off(edge, lambda: edge.get("/cache/purge?tag=x", edge.admin, method="POST"))
        self.assertIn((503, True), [(status, b"take" in body) for status, _, body in seen])

    def test_so_is_one_that_a_trusted_peer_asks_for_by_method(self):
        options = {"edge.cache.purge_method": "true", keys.TRUSTED_PEERS: "127.0.0.1/32"}
        edge, _ = self.behind(origin.echoing_target, options=options)
        self.put_off(edge, lambda: edge.get("/x", method="PURGE"))

    def put_off(self, edge, ask):
        def purge():
            try:
                return ask()
            except (OSError, http.client.HTTPException):
                return 0, {}, b""
        self.assertEqual(purge()[0], 200)
        edge.signal(signal.SIGUSR2)
        seen = []
        while edge.running():
            seen.append(purge())
        statuses = {status for status, _, _ in seen}
        self.assertIn(503, statuses)
        self.assertLessEqual(statuses, {0, 200, 503})
        self.assertEqual(purge()[0], 200)
        for pid in edge.group():
            os.kill(pid, signal.SIGTERM)
        return seen

    def test_a_request_in_flight_is_finished_by_the_old_program(self):
        def slow(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            time.sleep(2)
            connection.send(b"-last")
        edge, _ = self.behind(slow)
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(GET)
        client.read_head()
        edge.signal(signal.SIGUSR2)
        self.assertEqual(client.read_exactly(10), b"first-last")
        self.assertEqual(edge.wait(20), 0)


class Starting(Case):
    def test_a_port_that_is_taken_is_a_clear_error(self):
        edge, _ = self.behind(origin.echoing_target)
        status, _, errors = weir.run_weir("edge", "--listen", f"127.0.0.1:{edge.port}", "--admin",
                                          "127.0.0.1:0", "--origin", "http://127.0.0.1:9",
                                          "--data", process.new_folder("data"))
        self.assertNotEqual(status, 0)
        self.assertIn(str(edge.port), errors)

    def test_up_serves_a_demo_site_without_any_origin(self):
        up = self.weir(service="up")
        status, fields, body = up.get("/")
        self.assertEqual(status, 200)
        self.assertIn("text/html", fields["content-type"])
        self.assertGreater(len(body), 200)
        self.assertIn(str(up.port), up.output(), "it does not say where it listens")
        self.assertEqual(up.stop(), 0)

    def test_up_stands_in_front_of_any_origin(self):
        scripted = self.origin(origin.echoing_target)
        self.assertEqual(self.weir(scripted.port, service="up").get("/mine")[2], b"/mine")

    def test_it_runs_on_the_cores_that_it_is_given(self):
        edge, _ = self.behind(origin.echoing_target, arguments=("--cores", "0"))
        self.assertEqual(edge.get("/")[0], 200)
