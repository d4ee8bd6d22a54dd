"""Origins that speak HTTP/2: nginx, and a second edge."""
import concurrent.futures
import hashlib
import json
import os
import socket
import time

from support import certificates, nginx, origin, process
from support.case import Case

HTTP2 = {"edge.origin.http2.use": "on"}
UNCACHED = {"edge.cache.enabled": "false"}


class BehindNginx(Case):
    """nginx speaks HTTP/2 in clear, where it expects nothing else, and over TLS by ALPN."""

    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.nginx = nginx.Nginx(tls=cls.authority.issue("origin", "127.0.0.1"))
        cls.addClassCleanup(cls.nginx.end)

    def edge(self, **options):
        return self.weir(self.nginx.http2_port, options={**HTTP2, **options})

    def test_files_come_whole_and_from_the_cache_the_second_time(self):
        # By its date of change alone a file that is new would be stale at once.
        edge = self.edge(**{"edge.cache.default_ttl": "1m"})
        for expected in ("fwd=uri-miss", "hit"):
            status, fields, body = edge.get("/small.txt")
            self.assertEqual((status, body), (200, b"small and plain\n"))
            self.assertIn(expected, fields["cache-status"])
            self.assertEqual(fields["via"], "2 weir")
        status, fields, body = edge.get("/large.bin")
        self.assertEqual(hashlib.sha256(body).hexdigest(), self.nginx.large_hash)
        status, fields, body = edge.get("/large.bin", headers={"Range": "bytes=5-9"})
        self.assertEqual((status, body), (206, self.nginx.large[5:10]))

    def test_head_empty_answers_redirects_and_errors_pass(self):
        edge = self.edge(**UNCACHED)
        status, fields, body = edge.get("/large.bin", method="HEAD")
        self.assertEqual((status, fields["content-length"], body),
                         (200, str(nginx.LARGE_BYTES), b""))
        self.assertEqual(edge.get("/empty")[0], 204)
        self.assertEqual(edge.get("/moved")[0], 302)
        self.assertEqual(edge.get("/none")[0], 404)
        etag = edge.get("/small.txt")[1]["etag"]
        status, _, body = edge.get("/small.txt", headers={"If-None-Match": etag})
        self.assertEqual((status, body), (304, b""))

    def test_bodies_reach_the_origin_whole(self):
        edge = self.edge(**UNCACHED)
        for size in (1, 70_000, 3_000_000):
            body = os.urandom(size)
            for sent in (body, iter([body])):  # with a length, and in chunks
                status, _, _ = edge.get("/uploads/x", method="POST", body=sent)
                self.assertEqual(status, 201)
                self.assertEqual(self.nginx.newest_upload(), body)

    def test_many_requests_share_a_connection_a_shard(self):
        edge = self.edge(**UNCACHED, **{"runtime.shards": 2})
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: edge.get("/small.txt")[2], range(400)))
        self.assertEqual(set(answers), {b"small and plain\n"})
        self.assertLessEqual(self.sum_of(edge, "origin_connections_opened_total"), 2)
        self.assertGreaterEqual(self.sum_of(edge, "origin_connections_reused_total"), 398)
        self.assertEqual(self.sum_of(edge, "origin_http2_streams"), 0)

    def test_a_slow_reader_holds_up_neither_memory_nor_others(self):
        edge = self.edge(**UNCACHED, **{"runtime.shards": 1})
        slow = socket.socket()
        self.addCleanup(slow.close)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", edge.port))
        slow.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.5)
        for _ in range(20):
            self.assertEqual(hashlib.sha256(edge.get("/large.bin")[2]).hexdigest(),
                             self.nginx.large_hash)

    def test_over_tls_the_origin_chooses(self):
        trust = {"edge.origin.tls.ca_file": self.authority.path}
        for use in ("auto", "on", "off"):
            edge = self.weir(f"https://127.0.0.1:{self.nginx.tls_port}",
                             options={"edge.origin.http2.use": use, "runtime.shards": 1,
                                      **trust, **UNCACHED})
            for _ in range(3):
                self.assertEqual(edge.get("/small.txt")[2], b"small and plain\n")
            opened = self.sum_of(edge, "origin_connections_opened_total")
            self.assertEqual(opened, 1, use)

    def test_in_clear_an_origin_of_http1_alone_fails_and_auto_leaves_it_alone(self):
        scripted = self.origin(origin.answering(origin.plain("old")))
        edge = self.weir(scripted.port, options={"edge.origin.http2.use": "auto"})
        self.assertEqual(edge.get("/a")[2], b"old")
        strict = self.weir(scripted.port, options=HTTP2)
        self.assertEqual(strict.get("/a")[0], 502)


class BehindAnotherEdge(Case):
    """The second edge speaks HTTP/2 to the first and HTTP/1.1 to a scripted origin."""

    def chain(self, script, **options):
        scripted = self.origin(script)
        log = process.new_folder("log") / "access.log"
        second = self.weir(scripted.port, options={
            "telemetry.access_log.path": log, **UNCACHED, **options})
        first = self.weir(second.port, options={**HTTP2, **UNCACHED})
        return first, second, log

    @staticmethod
    def lines(log):
        return [json.loads(line) for line in log.read_text().splitlines()]

    def test_the_second_sees_http2_and_interim_answers_and_trailers_come_through(self):
        def script(connection, _request):
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
                            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            b"3\r\nabc\r\n0\r\nX-Sum: 294\r\n\r\n")

        first, second, log = self.chain(script)
        with socket.create_connection(("127.0.0.1", first.port), timeout=10) as client:
            client.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n"
                           b"Connection: TE, close\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        self.assertTrue(answer.startswith(b"HTTP/1.1 103 "), answer)
        self.assertIn(b"link: </a.css>", answer.lower())
        self.assertTrue(answer.lower().endswith(b"3\r\nabc\r\n0\r\nx-sum: 294\r\n\r\n"), answer)
        process.wait_until(lambda: log.exists() and self.lines(log), 10, "a line of the log")
        self.assertEqual(self.lines(log)[0]["protocol"], "HTTP/2")

    def test_a_client_that_leaves_takes_its_request_back_everywhere(self):
        def script(connection, _request):
            connection.fill()  # until the second edge has had enough

        first, second, log = self.chain(script)
        client = socket.create_connection(("127.0.0.1", first.port), timeout=10)
        client.sendall(b"GET /hangs HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.5)
        client.close()
        process.wait_until(lambda: log.exists() and self.lines(log), 10, "a line of the log")
        self.assertEqual(self.lines(log)[0]["status"], 499)

    def test_a_torn_answer_is_torn_for_the_client_too(self):
        def script(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(50_000))
            connection.close()

        first, _, _ = self.chain(script)
        with socket.create_connection(("127.0.0.1", first.port), timeout=10) as client:
            client.sendall(b"GET /torn HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            try:
                while part := client.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass
        self.assertTrue(b" 502 " in answer[:20] or len(answer) < 100_000)

    def test_the_end_of_the_second_is_noticed_and_its_return_too(self):
        scripted = self.origin(origin.echoing_target)
        second = self.weir(scripted.port, options=UNCACHED)
        first = self.weir(second.port, options={**HTTP2, **UNCACHED})
        self.assertEqual(first.get("/a")[2], b"/a")
        second.end()
        self.assertEqual(first.get("/b")[0], 502)

    def test_a_connection_that_has_grown_old_is_renewed_without_an_error(self):
        first, second, _ = self.chain(origin.echoing_target, **{"http.server.http2.age_max": "1s"})
        until = time.monotonic() + 4
        while time.monotonic() < until:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                statuses = set(pool.map(lambda n: first.get(f"/{n}")[0], range(40)))
            self.assertEqual(statuses, {200})

    def test_health_checks_go_over_http2(self):
        scripted = self.origin(origin.echoing_target)
        second = self.weir(scripted.port, options=UNCACHED)
        first = self.weir(second.port, options={
            **HTTP2, **UNCACHED, "edge.origin.health.path": "/alive",
            "edge.origin.health.interval": "50ms"})
        process.wait_until(lambda: any("origin_health_checks" in line and "passed" in line
                                       and not line.endswith(" 0")
                                       for line in first.metrics().splitlines()), 10,
                           "a check that has passed")
        self.assertNotIn("failed", "".join(
            line for line in first.metrics().splitlines()
            if line.startswith("origin_health_checks_total") and not line.endswith(" 0")))
