"""Clients that leave, or seem to, while the origin takes its time."""
import json
import socket
import ssl
import struct
import threading
import time

from support import certificates, origin, process, raw
from support.case import Case

GET = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET /slow HTTP/1.0\r\nHost: a\r\n\r\n"


class SlowOrigin:
    """A script that answers after `seconds`; says when the request came and when its end did."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.asked, self.left = threading.Event(), threading.Event()

    def __call__(self, connection, request):
        self.asked.set()
        if connection.closed_within(self.seconds):
            self.left.set()
            return connection.close()
        connection.socket.settimeout(10)
        return connection.send(origin.plain("late"))


class ClientAborts(Case):
    REACTORS = ("automatic", "epoll")

    def start(self, seconds=2.0, **options):
        script = SlowOrigin(seconds)
        self.log = process.new_folder("log") / "access.log"
        # What is fetched for the cache is fetched to its end, whoever has left.
        edge, _ = self.behind(script, options={"telemetry.access_log.path": self.log,
                                               "edge.cache.enabled": "false", **options})
        return edge, script

    def status_logged(self):
        lines = process.wait_until(lambda: self.log.read_text().splitlines(), 5, "a line")
        return json.loads(lines[0])["status"]

    def leave(self, edge, how, request=GET, script=None):
        client = raw.connect(edge.port)
        client.send(request)
        self.assertTrue(script.asked.wait(5))
        if how == "reset":
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    def test_a_client_that_leaves_is_noticed_at_once_and_the_origin_is_let_go(self):
        for reactor in self.REACTORS:
            for how in ("reset", "close"):
                with self.subTest(f"{how} on {reactor}"):
                    edge, script = self.start(**{"runtime.reactor": reactor})
                    self.leave(edge, how, script=script)
                    self.assertTrue(script.left.wait(1), "the origin still works for nobody")
                    self.assertEqual(self.status_logged(), 499)
                    self.assertIn("edge_client_aborts_total 1", edge.metrics())

    def test_a_client_that_leaves_behind_its_body_is_noticed(self):
        edge, script = self.start()
        self.leave(edge, "close", b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
                   script)
        self.assertTrue(script.left.wait(1))
        self.assertEqual(self.status_logged(), 499)

    def test_a_client_that_only_ends_its_own_side_gets_its_answer(self):
        for reactor in self.REACTORS:
            for request in (GET, OLD):
                with self.subTest(f"{request[:19]} on {reactor}"):
                    edge, _ = self.start(0.6, **{"runtime.reactor": reactor})
                    client = raw.connect(edge.port)
                    client.send(request)
                    client.socket.shutdown(socket.SHUT_WR)
                    first = client.read_response(interim=True)
                    if request == GET:
                        self.assertEqual(first.status, 100, "the probe")
                        first = client.read_response()
                    self.assertEqual((first.status, first.body), (200, b"late"))
                    self.assertEqual(self.status_logged(), 200)

    def test_an_end_counts_as_leaving_where_the_operator_says_so(self):
        edge, script = self.start(**{"edge.client_abort": "end"})
        client = raw.connect(edge.port)
        client.send(GET)
        self.assertTrue(script.asked.wait(5))
        client.socket.shutdown(socket.SHUT_WR)
        self.assertTrue(script.left.wait(1))
        self.assertEqual(client.read_to_end(), b"")

    def test_the_origin_may_be_waited_for_whatever_the_client_does(self):
        edge, script = self.start(0.5, **{"edge.client_abort": "ignore"})
        self.leave(edge, "reset", script=script)
        self.assertFalse(script.left.wait(1))
        self.assertNotIn("edge_client_aborts_total 1", edge.metrics())

    def test_a_client_that_waits_for_a_connection_to_the_origin_leaves_the_queue(self):
        edge, script = self.start(1.5, **{"edge.origin.connections_max": 1})
        first = raw.connect(edge.port)
        first.send(GET)
        self.assertTrue(script.asked.wait(5))
        second = raw.connect(edge.port)
        second.send(GET)
        time.sleep(0.2)
        self.assertIn('origin_waiting{', edge.metrics())
        second.close()
        self.assertEqual(self.status_logged(), 499)
        self.assertEqual(first.read_response().body, b"late")

    def test_a_client_over_tls_that_leaves_is_noticed(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("server", "edge.test")
        (port,) = process.free_ports(1)
        edge, script = self.start(**{"edge.listen_tls": f"127.0.0.1:{port}",
                                     "edge.tls.certificate": certificate, "edge.tls.key": key})
        context = ssl.create_default_context(cafile=str(authority.path))
        client = context.wrap_socket(socket.create_connection(("127.0.0.1", port)),
                                     server_hostname="edge.test")
        client.sendall(GET)
        self.assertTrue(script.asked.wait(5))
        client.close()
        self.assertTrue(script.left.wait(1))
        self.assertEqual(self.status_logged(), 499)
        self.assertTrue(edge.running())
