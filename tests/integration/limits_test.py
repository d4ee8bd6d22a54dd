"""Clients that take too long or send too much are told so, and let go."""
import time

from support import keys, origin, raw
from support.case import Case, ScriptedCase

HEAD = b"GET %s HTTP/1.1\r\nHost: a\r\n"


class SlowClients(Case):
    def setUp(self):
        self.edge, self.scripted = self.behind(origin.echoing_target,
                                               options={keys.HEAD_TIMEOUT: "1s"})
        self.client = raw.connect(self.edge.port)
        self.addCleanup(self.client.close)

    def test_a_head_that_drips_in_is_closed_with_408(self):
        started = time.monotonic()
        self.client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        self.client.socket.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - started < 5:
            try:
                answer = self.client.socket.recv(65536)
            except TimeoutError:
                self.client.send(b"X-A: b\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
        self.assertLess(time.monotonic() - started, 3)
        self.client.socket.settimeout(3)
        self.client.read_to_end()
        self.assertEqual(self.scripted.received, b"")

    def test_a_head_that_stops_is_closed_with_408(self):
        self.client.send(b"GET / HTTP/1.1\r\nHo")
        self.assertEqual(self.client.read_response().status, 408)
        self.assertTrue(self.client.closed_within(3))

    def test_slow_clients_do_not_hold_up_others(self):
        crowd = [raw.connect(self.edge.port) for _ in range(200)]
        for one in crowd:
            self.addCleanup(one.close)
            one.send(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        self.assertEqual(self.edge.get("/")[0], 200)
        self.assertLess(time.monotonic() - started, 0.5)


class Oversize(ScriptedCase):
    def refused(self, data, status):
        client = raw.connect(self.edge.port)
        self.addCleanup(client.close)
        try:
            client.send(data)
        except ConnectionError:
            pass  # it may close before everything is sent
        self.assertEqual(client.read_response().status, status)
        self.assertTrue(client.closed_within(5))
        self.assertEqual(self.scripted.received, b"")

    def test_a_target_that_is_too_long_is_414(self):
        self.refused(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414)

    def test_a_field_that_is_too_long_is_431(self):
        self.refused(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 400_000 + b"\r\n\r\n", 431)

    def test_too_many_fields_are_431(self):
        self.refused(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5_000 + b"\r\n", 431)

    def test_a_field_of_8_kilobytes_is_ordinary(self):
        value = b"a" * 8_000
        answer = raw.ask(self.edge.port, HEAD % b"/ok" + b"X-A: " + value + b"\r\n\r\n")
        self.assertEqual(answer.body, b"/ok")
        self.assertEqual(self.scripted.requests[0].get("x-a"), value.decode())

    def test_the_limits_are_settings(self):
        edge, _ = self.behind(origin.echoing_target, options={
            keys.HEAD_BYTES_MAX: "2KiB", keys.HEAD_LINE_BYTES_MAX: "1KiB"})
        long = raw.ask(edge.port, HEAD % (b"/" + b"a" * 1_500) + b"\r\n")
        large = raw.ask(edge.port, HEAD % b"/" + b"X-A: " + b"a" * 3_000 + b"\r\n\r\n")
        self.assertEqual((long.status, large.status), (414, 431))
