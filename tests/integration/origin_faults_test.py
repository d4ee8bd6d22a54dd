"""Origins that are dead, slow, broken or lying: an honest answer, never a torn body as whole."""
import itertools
import json
import time

from support import keys, origin, process, raw
from support.case import Case, ScriptedCase

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
BREAKER = {"edge.cache.enabled": "false", "edge.origin.breaker.open_time": "1s"}
OPTIONS = {keys.RESPONSE_TIMEOUT: "1s", keys.CONNECT_TIMEOUT: "1s"}


class DeadOrigin(Case):
    def test_an_origin_that_nobody_is_at_is_502(self):
        (port,) = process.free_ports(1)
        edge = self.weir(port)
        started = time.monotonic()
        status, _, body = edge.get("/")
        self.assertEqual(status, 502)
        self.assertLess(time.monotonic() - started, 5)
        self.assertNotIn(str(port).encode(), body, "the page tells where the origin is")

    def test_an_error_is_small_and_carries_the_request_id(self):
        (port,) = process.free_ports(1)
        edge = self.weir(port)
        status, fields, body = edge.get("/", headers={"Accept": "application/json"})
        self.assertEqual(status, 502)
        self.assertLess(len(body), 2_000)
        request_id = fields["x-request-id"]
        self.assertIn(request_id, json.dumps(json.loads(body)))

    def test_an_origin_that_comes_back_is_used_again(self):
        edge, scripted = self.behind(origin.echoing_target)
        self.assertEqual(edge.get("/a")[0], 200)
        port = scripted.port
        scripted.close()
        self.assertEqual(edge.get("/b")[0], 502)
        again = self.origin_at(port)
        process.wait_until(lambda: edge.status_of("/c") == 200, 15, "the origin to be used again")
        self.assertGreater(len(again.requests), 0)

    def test_what_the_breaker_refuses_takes_no_retry_from_those_that_come_later(self):
        """More requests than the budget has retries; then an origin that needs some."""
        (port,) = process.free_ports(1)
        log = process.new_folder("log") / "access.json"
        edge = self.weir(port, options={"runtime.shards": 1, keys.ACCESS_LOG: log, **BREAKER})
        self.assertEqual({edge.status_of("/") for _ in range(250)}, {502})
        process.wait_until(lambda: log.read_bytes().count(b"\n") == 250, 5, "the access log")
        attempts = [json.loads(line)["attempts"] for line in log.read_text().splitlines()]
        asked = [count for count in attempts if count > 0]
        self.assertLess(len(asked), 50)
        self.assertEqual(self.sum_of(edge, "origin_retries_total"), sum(asked) - len(asked))

        def once(connection, request):
            if getattr(connection, "used", False):
                return connection.close()
            connection.used = True
            connection.send(origin.plain("well"))
        self.origin_at(port, once)
        process.wait_until(lambda: edge.status_of("/") == 200, 15, "the origin to be used again")
        self.assertEqual([edge.status_of("/") for _ in range(8)], [200] * 8)
        self.assertEqual(self.sum_of(edge, "origin_retries_refused_total"), 0)

    def test_a_connection_fails_for_a_reason_of_its_own_and_not_the_breaker_s(self):
        (port,) = process.free_ports(1)
        edge = self.weir(port, options=BREAKER)
        process.wait_until(lambda: edge.status_of("/") == 502 and self.state(edge) == ["2"], 10,
                           "the breaker to open")
        failures = [line for line in edge.metrics().splitlines()
                    if line.startswith("origin_connect_failures_total{")]
        self.assertIn('reason="refused"', "".join(failures))
        self.assertNotIn('reason="breaker_open"', "".join(failures))

    def test_a_retry_that_the_breaker_forbids_is_none(self):
        """Of what is fetched for the cache, and of what is passed on."""
        for method in ("GET", "OPTIONS"):
            with self.subTest(method):
                (port,) = process.free_ports(1)
                log = process.new_folder("log") / "access.json"
                edge = self.weir(port, options={"runtime.shards": 1, keys.ACCESS_LOG: log,
                                                "edge.origin.breaker.failures_in_row": 1})
                self.assertEqual(edge.get("/", method=method)[0], 502)
                self.assertEqual(self.sum_of(edge, "origin_breaker_refused_total"), 1)
                self.assertEqual(self.sum_of(edge, "origin_retries_total"), 0)
                process.wait_until(lambda: log.read_bytes(), 5, "the access log")
                line = json.loads(log.read_text())
                self.assertEqual(line["error"], "cannot connect")
                self.assertEqual((line["origin"], line["attempts"]), (f"127.0.0.1:{port}", 1))

    def test_the_breaker_has_one_state_which_is_shown_whoever_has_seen_it_change(self):
        (port,) = process.free_ports(1)
        edge = self.weir(port, options={"runtime.shards": 2, **BREAKER})
        process.wait_until(lambda: edge.status_of("/") == 502 and self.state(edge) == ["2"], 10,
                           "the breaker to open")
        self.becomes(edge, "1")
        self.origin_at(port)
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        for _ in range(20):
            client.send(GET)
            self.assertEqual(client.read_response().status, 200)
        self.becomes(edge, "0")

    def state(self, edge):
        return [line.rsplit(" ", 1)[1] for line in edge.metrics().splitlines()
                if line.startswith("origin_breaker_state{")]

    def becomes(self, edge, state):
        process.wait_until(lambda: self.state(edge) == [state], 10,
                           f"the breaker's state to be {state}")

    def test_an_answer_of_which_nothing_has_left_becomes_502_whatever_was_sent_before_it(self):
        def breaks_off(connection, request):
            if b"/x" in request.first_line.encode():
                return connection.send(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n")
            return connection.send(origin.plain("well"))
        # What may be stored goes out head first.
        edge, _ = self.behind(breaks_off, options={"edge.cache.enabled": "false"})
        client = raw.connect(edge.port, seconds=5)
        self.addCleanup(client.close)
        for _ in range(2):
            client.send(GET.replace(b"/x", b"/well"))
            self.assertEqual(client.read_response().body, b"well")
            client.send(GET)
            self.assertEqual(client.read_response().status, 502)

    def origin_at(self, port, script=origin.echoing_target):
        class Again(origin.ScriptedOrigin):
            """The same port as the origin that died."""
            PORT = port
        again = Again(script)
        self.addCleanup(again.close)
        return again


class FaultyOrigin(ScriptedCase):
    OPTIONS = OPTIONS

    def ask(self, data=GET):
        return raw.ask(self.edge.port, data)

    def torn(self, script):
        """The client must see that the answer is not complete."""
        self.use(script)
        client = raw.connect(self.edge.port, seconds=5)
        self.addCleanup(client.close)
        client.send(GET)
        try:
            answer = client.read_response()
        except (raw.Truncated, ConnectionError):
            return
        self.assertEqual(answer.status, 502, f"a torn body was passed on as whole: {answer}")

    def test_an_origin_that_never_answers_is_504(self):
        self.use(lambda connection, request: time.sleep(4))
        started = time.monotonic()
        self.assertEqual(self.ask().status, 504)
        self.assertLess(time.monotonic() - started, 3.5)

    def test_a_body_shorter_than_its_length_is_never_complete(self):
        def short(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900)
            connection.close()
        self.torn(short)

    def test_a_reset_in_the_body_is_never_complete(self):
        def resetting(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900)
            time.sleep(0.1)
            connection.reset()
        self.torn(resetting)

    def test_chunks_without_their_end_are_never_complete(self):
        def endless(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            time.sleep(0.1)
            connection.close()
        self.torn(endless)

    def test_broken_chunks_are_never_complete(self):
        def broken(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz")
            time.sleep(0.1)
            connection.close()
        self.torn(broken)

    def test_a_body_that_stalls_is_never_complete(self):
        def stalling(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 900)
            time.sleep(6)
        self.use(stalling)
        client = raw.connect(self.edge.port, seconds=15)
        self.addCleanup(client.close)
        client.send(GET)
        with self.assertRaises((raw.Truncated, ConnectionError, TimeoutError)):
            client.read_response()

    def test_more_body_than_its_length_is_cut_and_poisons_nothing(self):
        def long(connection, request):
            extra = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood" + extra)
        self.use(long)
        client = raw.connect(self.edge.port)
        self.addCleanup(client.close)
        for _ in range(5):
            client.send(GET)
            self.assertEqual(client.read_response().body, b"good")

    def test_what_an_origin_sends_unasked_is_nobodys_answer(self):
        poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        # What is large may pass by without being read.
        for size, pause in itertools.product((1, 25_000), (0, 0.1)):
            body = "mine" * size
            with self.subTest(f"{pause} s behind an answer of {len(body)} bytes"):
                def chatty(connection, request, body=body, pause=pause):
                    mine = origin.plain(body)
                    if "/well" in request.first_line:
                        connection.send(mine)
                    elif pause:
                        connection.send(mine)
                        time.sleep(pause)
                        connection.send(poison)
                    else:
                        connection.send(mine + poison)
                self.use(chatty)
                client = raw.connect(self.edge.port, seconds=5)
                self.addCleanup(client.close)
                for _ in range(3):
                    for request in (GET.replace(b"/x", b"/well"), GET):
                        client.send(request)
                        self.assertEqual(client.read_response().body, body.encode())
                    time.sleep(3 * pause)

    def test_garbage_is_502(self):
        answers = (b"hello\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                   b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"3\r\nabc\r\n0\r\n\r\n")
        for answer in answers:
            with self.subTest(answer):
                self.use(origin.answering(answer))
                self.assertEqual(self.ask().status, 502)

    def test_a_head_without_end_is_502(self):
        self.use(lambda connection, request: connection.send(
            b"HTTP/1.1 200 OK\r\n" + b"X-A: bbbbbbbbbbbbbbbbbbbbbbbb\r\n" * 50_000))
        self.assertEqual(self.ask().status, 502)

    def test_an_origin_that_hangs_up_without_an_answer_is_502(self):
        self.use(lambda connection, request: connection.close())
        self.assertEqual(self.ask().status, 502)

    def test_a_purchase_is_never_sent_twice(self):
        self.use(lambda connection, request: connection.close())
        post = b"POST /buy HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"
        self.assertEqual(self.ask(post).status, 502)
        self.assertEqual(len(self.scripted.requests), 1)

    def test_a_connection_that_the_origin_closed_while_idle_costs_no_answer(self):
        def once(connection, request):
            origin.echoing_target(connection, request)
            connection.close()
        self.use(once)
        for number in range(20):
            data = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number
            self.assertEqual(self.ask(data).body, b"/%d" % number)
            time.sleep(0.01)

    def test_after_every_fault_the_edge_serves_on(self):
        self.use(lambda connection, request: connection.reset())
        self.assertEqual(self.ask().status, 502)
        self.use(origin.echoing_target)
        process.wait_until(lambda: self.edge.status_of("/on") == 200, 15, "a good answer")

    def test_one_slow_request_does_not_hold_up_another(self):
        def slow_for_one(connection, request):
            if "/slow" in request.first_line:
                time.sleep(0.8)
            origin.echoing_target(connection, request)
        self.use(slow_for_one)
        slow = raw.connect(self.edge.port)
        self.addCleanup(slow.close)
        slow.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        started = time.monotonic()
        self.assertEqual(self.ask().body, b"/x")
        self.assertLess(time.monotonic() - started, 0.5)
        self.assertEqual(slow.read_response().body, b"/slow")
