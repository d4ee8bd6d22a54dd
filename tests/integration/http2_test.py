"""HTTP/2 from clients: by ALPN and in clear, beside HTTP/1.1; its rules and its limits."""
import hashlib
import json
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

from support import certificates, http2, nginx, origin, process, raw
from support.case import Case, NginxCase, ScriptedCase
from support.http2 import (ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                           ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING, PROTOCOL_ERROR, RST_STREAM,
                           SETTINGS, WINDOW_UPDATE, frame)

CLEAR = "--http2-prior-knowledge"


def curl(*arguments, seconds=20, **options):
    """(stdout, stderr); the transfer has succeeded."""
    done = subprocess.run(["curl", "-s", "-S", "--max-time", str(seconds), *map(str, arguments)],
                          capture_output=True, timeout=seconds + 10, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.decode()


def metric(weir, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in weir.metrics().splitlines()
               if line.startswith(name))


class InClear(ScriptedCase):
    def url(self, path="/"):
        return f"http://127.0.0.1:{self.edge.port}{path}"

    def client(self, **options):
        client = http2.Client(self.edge.port, **options)
        self.addCleanup(client.close)
        return client

    def test_both_protocols_are_spoken_on_one_port(self):
        for option, version in ((CLEAR, b"2"), ("--http1.1", b"1.1"), ("--http2", b"1.1")):
            out, _ = curl(option, "-w", " %{http_version}", self.url("/both"))
            self.assertEqual(out, b"/both " + version)

    def test_the_preface_may_come_in_pieces(self):
        slow = raw.Connection(socket.create_connection(("127.0.0.1", self.edge.port)))
        self.addCleanup(slow.close)
        slow.send_slowly(http2.PREFACE[:10], 0.005)
        slow.send(http2.PREFACE[10:] + frame(SETTINGS, 0, 0))
        slow.fill()
        self.assertEqual(slow.buffer[3], SETTINGS)

    def test_a_body_reaches_the_origin_with_and_without_a_length(self):
        self.use(lambda connection, request: connection.send(origin.plain(request.body)))
        body = b"0123456789" * 20_000
        out, _ = curl(CLEAR, "--data-binary", "@-", self.url(), input=body)
        self.assertEqual(out, body)
        self.assertEqual(self.scripted.requests[-1].get("content-length"), str(len(body)))
        out, _ = curl(CLEAR, "-T", "-", self.url(), input=body)
        self.assertEqual(out, body)
        self.assertEqual(self.scripted.requests[-1].framing, "chunked")

    def test_the_origin_sees_a_request_of_http_1_1(self):
        curl(CLEAR, "-H", "Cookie: a=1", "-H", "X-Mine: yes", self.url("/a?b=c"))
        request = self.scripted.requests[-1]
        self.assertEqual(request.first_line, "GET /a?b=c HTTP/1.1")
        self.assertEqual(request.get("x-mine"), "yes")
        self.assertTrue(request.get("via").startswith("2 "))
        self.assertEqual(request.get("host"), f"127.0.0.1:{self.edge.port}")

    def test_cookies_are_joined(self):
        client = self.client()
        client.request(1, fields=[("cookie", "a=1"), ("cookie", "b=2")])
        client.answer(1)
        self.assertEqual(self.scripted.requests[-1].get("cookie"), "a=1; b=2")

    def test_an_answer_without_body_ends_with_its_head(self):
        self.use(origin.answering(b"HTTP/1.1 204 No Content\r\n\r\n"))
        client = self.client()
        client.request(1)
        self.assertEqual(client.answer(1), (204, b""))
        self.assertEqual(client.all(DATA, 1), [])
        out, _ = curl(CLEAR, "-I", self.url())
        self.assertTrue(out.startswith(b"HTTP/2 204"))

    def test_trailers_go_both_ways(self):
        self.use(origin.answering(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n"))
        client = self.client()
        client.request(1, "/", "POST", fields=[("te", "trailers")], last=False)
        client.send(frame(DATA, 0, 1, b"hello")
                    + frame(HEADERS, END_HEADERS | END_STREAM, 1, http2.literal("x-up", "1")))
        self.assertEqual(client.answer(1), (200, b"abc"))
        self.assertEqual(len(client.all(HEADERS, 1)), 2)
        self.assertTrue(client.all(HEADERS, 1)[1].flags & END_STREAM)
        request = self.scripted.requests[-1]
        self.assertEqual(request.body, b"hello")
        self.assertEqual([(name.lower(), value) for name, value in request.trailers],
                         [("x-up", "1")])

    def test_interim_answers_are_passed_on(self):
        self.use(origin.answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                                  + origin.plain("done")))
        _, err = curl(CLEAR, "-v", self.url())
        self.assertIn("HTTP/2 103", err)
        self.assertIn("HTTP/2 200", err)

    def test_expect_continue_is_answered(self):
        out, err = curl(CLEAR, "-v", "-H", "Expect: 100-continue", "-d", "x", self.url("/e"))
        self.assertEqual(out, b"/e")
        self.assertIn("HTTP/2 100", err)

    def test_an_answer_that_breaks_off_is_reset(self):
        def torn(connection, _):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            connection.close()
        self.use(torn)
        client = self.client()
        client.request(1)
        self.assertNotEqual(client.wait_for(RST_STREAM, 1).number, http2.NO_ERROR)
        self.use(origin.echoing_target)
        client.request(3, "/after")
        self.assertEqual(client.answer(3), (200, b"/after"))

    def test_requests_of_one_connection_do_not_wait_for_each_other(self):
        gate = threading.Event()

        def script(connection, request):
            if request.first_line.split(" ")[1] == "/slow":
                gate.wait(10)
            origin.echoing_target(connection, request)
        self.use(script)
        client = self.client()
        client.request(1, "/slow")
        client.request(3, "/fast")
        self.assertEqual(client.answer(3), (200, b"/fast"))
        gate.set()
        self.assertEqual(client.answer(1), (200, b"/slow"))

    def test_connect_is_refused(self):
        client = self.client()
        client.send(frame(HEADERS, END_HEADERS, 1, http2.block(
            [(":method", "CONNECT"), (":authority", "a.test:443")])))
        client.wait_for(HEADERS, 1)
        self.assertIsNone(client.all(HEADERS, 1)[0].status)  # 501 is in no table

    def test_nothing_can_be_smuggled(self):
        before = len(self.scripted.requests)
        client = self.client()
        streams = iter(range(1, 99, 2))
        for fields, body in (
                ([("content-length", "5")], b"GET / HTTP/1.1\r\n\r\n"),
                ([("content-length", "50")], b"short"),
                ([("transfer-encoding", "chunked")], b"0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"),
                ([("x", "a\r\ntransfer-encoding: chunked")], b"0\r\n\r\n"),
                ([("connection", "close")], b"")):
            stream = next(streams)
            client.request(stream, "/bad", "POST", fields=fields, last=False)
            client.send(frame(DATA, END_STREAM, stream, body))
            self.assertEqual(client.wait_for(RST_STREAM, stream).number, PROTOCOL_ERROR)
        for path in ("/a b HTTP/1.1", "/\r\nx: y"):
            stream = next(streams)
            client.request(stream, path)
            client.wait_for(RST_STREAM, stream)
        self.assertEqual([each.first_line for each in self.scripted.requests[before:]], [])
        self.assertNotIn(b"evil", self.scripted.received)

    def test_a_host_that_contradicts_the_authority_is_refused(self):
        client = self.client()
        client.request(1, fields=[("host", "other.test")])
        self.assertEqual(client.answer(1)[0], 400)

    def test_an_idle_client_that_only_pings_is_answered(self):
        client = self.client()
        client.send(frame(PING, 0, 0, b"12345678"))
        self.assertEqual(client.wait_for(PING).payload, b"12345678")


class Large(NginxCase):
    def test_a_large_file_arrives_whole_with_any_window(self):
        out, _ = curl(CLEAR, f"http://127.0.0.1:{self.edge.port}/large.bin")
        self.assertEqual(len(out), nginx.LARGE_BYTES)
        want = hashlib.sha256(out).hexdigest()
        client = http2.Client(self.edge.port, settings=[(http2.INITIAL_WINDOW_SIZE, 1000)])
        self.addCleanup(client.close)
        client.request(1, "/large.bin")
        got, seen = hashlib.sha256(), 0
        while seen < nginx.LARGE_BYTES:
            client.frames.clear()
            client.read()
            data = b"".join(each.payload for each in client.all(DATA, 1))
            got.update(data)
            seen += len(data)
            if data:
                more = struct.pack(">I", len(data))
                client.send(frame(WINDOW_UPDATE, 0, 1, more) + frame(WINDOW_UPDATE, 0, 0, more))
        self.assertEqual(got.hexdigest(), want)

    def test_many_files_come_over_one_connection(self):
        # Not curl -Z: 7.88 fails at this in clear, whatever the server.
        client = http2.Client(self.edge.port)
        self.addCleanup(client.close)
        streams = range(1, 201, 2)
        for stream in streams:
            client.request(stream, f"/small.txt?{stream}")
        answers = {client.answer(stream) for stream in streams}
        self.assertEqual(len(answers), 1)
        self.assertEqual(answers.pop()[0], 200)


class OverTls(Case):
    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.server = cls.authority.issue("server", "edge.test", "also.test")

    def edge(self, **options):
        scripted = self.origin(origin.echoing_target)
        (self.port,) = process.free_ports(1)
        self.log = process.new_folder("log") / "access.log"
        return self.weir(scripted.port, options={
            "edge.listen_tls": f"127.0.0.1:{self.port}", "edge.tls.certificate": self.server[0],
            "edge.tls.key": self.server[1], "telemetry.access_log.path": self.log, **options})

    def curl(self, *arguments):
        return curl("--cacert", self.authority.path, "-w", " %{http_version} %{http_code}",
                    "--resolve", f"edge.test:{self.port}:127.0.0.1", *arguments,
                    f"https://edge.test:{self.port}/a")[0]

    def test_alpn_chooses(self):
        edge = self.edge()
        self.assertEqual(self.curl("--http2"), b"/a 2 200")
        self.assertEqual(self.curl("--http1.1"), b"/a 1.1 200")
        process.wait_until(lambda: len(self.log.read_text().splitlines()) == 2, 5, "the log")
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        self.assertCountEqual([line["protocol"] for line in lines], ["HTTP/2", "HTTP/1.1"])
        self.assertEqual(metric(edge, 'http_server_http2_connections_total{by="tls"}'), 1)

    def test_it_can_be_switched_off(self):
        edge = self.edge(**{"http.server.http2.enabled": "false"})
        self.assertEqual(self.curl("--http2"), b"/a 1.1 200")
        with self.assertRaises(AssertionError):
            curl(CLEAR, f"http://127.0.0.1:{edge.port}/")

    def test_a_host_that_the_certificate_does_not_cover_is_misdirected(self):
        self.edge()
        self.assertTrue(self.curl("--http2", "-H", "Host: else.test").endswith(b" 2 421"))
        self.assertTrue(self.curl("--http2", "-H", "Host: also.test").endswith(b" 2 200"))


class Limits(Case):
    def edge(self, script=origin.echoing_target, **options):
        edge, self.scripted = self.behind(script, options={
            f"http.server.{key}": value for key, value in options.items()})
        return edge

    def client(self, edge, **options):
        client = http2.Client(edge.port, **options)
        self.addCleanup(client.close)
        return client

    def assert_calmed(self, edge, client, *reasons):
        self.assertEqual(client.wait_for(GOAWAY).goaway[1], ENHANCE_YOUR_CALM)
        self.assert_ended(edge, client, *reasons)

    def assert_ended(self, edge, client, *reasons):
        client.wait_for_end()
        process.wait_until(lambda: sum(metric(
            edge, f'http_server_http2_connections_ended_total{{reason="{reason}"}}')
            for reason in reasons) == 1, 5, f"one connection ended for {reasons}")
        self.assertEqual(edge.status_of("/health/live"), 200)

    def test_floods_end_the_connection_and_no_other(self):
        edge = self.edge()
        for index, piece in enumerate((
                frame(PING, 0, 0, b"12345678"), frame(SETTINGS, 0, 0),
                frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)), frame(0xbe, 0, 0, b"?"))):
            client = self.client(edge)
            for _ in range(100):
                if not client.send(piece * 100):
                    break
            self.assertEqual(client.wait_for(GOAWAY).goaway[1], ENHANCE_YOUR_CALM)
            process.wait_until(lambda want=index + 1: metric(
                edge, 'http_server_http2_connections_ended_total{reason="control"}') == want, 5,
                "the count")
        self.assertEqual(edge.status_of("/"), 200)

    def test_rapid_resets_end_the_connection(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        edge = self.edge(lambda connection, request: (
            gate.wait(20), origin.echoing_target(connection, request)))
        client = self.client(edge)
        reset = struct.pack(">I", CANCEL)
        for stream in range(1, 10_001, 2):
            if not client.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, http2.head())
                               + frame(RST_STREAM, 0, stream, reset)):
                break
        # Those that come while too many are under way are refused, which has a bound of its own.
        self.assertEqual(client.wait_for(GOAWAY).goaway[1], ENHANCE_YOUR_CALM)
        # One that began before its reset came fetches for the cache, too, and goes on.
        gate.set()
        self.assert_ended(edge, client, "resets", "faults")
        self.assertLessEqual(len(self.scripted.requests), 256)

    def test_cancelled_requests_count_until_their_work_is_done(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        edge = self.edge(lambda connection, request: (
            gate.wait(20), origin.echoing_target(connection, request)), **{
                "http2.requests_max": 4})
        client = self.client(edge)
        for stream in range(1, 9, 2):
            client.request(stream, f"/{stream}")
        process.wait_until(lambda: len(self.scripted.requests) == 4, 5, "four at the origin")
        for stream in range(1, 9, 2):
            client.send(frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)))
        client.request(9)
        self.assertEqual(client.wait_for(RST_STREAM, 9).number, http2.REFUSED_STREAM)
        gate.set()
        process.wait_until(lambda: metric(edge, "http_server_http2_active_requests") == 0, 5, "end")
        client.request(11, "/again")
        self.assertEqual(client.answer(11), (200, b"/again"))

    def test_continuations_are_bounded(self):
        edge = self.edge()
        client = self.client(edge)
        client.send(frame(HEADERS, END_STREAM, 1, http2.head()))
        for _ in range(100):
            if not client.send(frame(CONTINUATION, 0, 1)):
                break
        self.assert_calmed(edge, client, "continuations")

    def test_a_head_that_does_not_end_has_a_deadline(self):
        edge = self.edge(head_timeout="300ms")
        client = self.client(edge)
        client.send(frame(HEADERS, END_STREAM, 1, http2.head()))
        self.assert_calmed(edge, client, "stalled")

    def test_a_client_that_says_nothing_is_told_the_end(self):
        edge = self.edge(idle_timeout="300ms")
        client = self.client(edge)
        self.assertEqual(client.wait_for(GOAWAY).goaway, (0, http2.NO_ERROR))
        client.wait_for_end()

    def test_a_client_that_waits_in_silence_is_asked_for_a_sign_of_life(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        edge = self.edge(lambda connection, request: (
            gate.wait(20), origin.echoing_target(connection, request)), **{
                "http2.ping_after": "300ms", "http2.ping_timeout": "300ms"})
        client = self.client(edge)
        client.request(1, "/slow")
        for _ in range(3):  # one that gives it is waited for
            client.wait_for(PING)
            client.send(frame(PING, ACK, 0, bytes(8)))
            client.frames.clear()
        client.wait_for(PING)
        reason = 'http_server_http2_connections_ended_total{reason="silent"}'
        process.wait_until(lambda: metric(edge, reason) == 1, 5, "the connection to be counted")
        gate.set()  # what is fetched for the cache is fetched to its end
        client.wait_for_end()
        process.wait_until(lambda: metric(edge, "http_server_http2_active_requests") == 0, 5, "end")

    def test_an_answer_that_the_client_does_not_take_is_given_up(self):
        edge = self.edge(write_timeout="400ms")
        client = self.client(edge, settings=[(http2.INITIAL_WINDOW_SIZE, 0)])
        client.request(1, "/waits")
        self.assertEqual(client.wait_for(RST_STREAM, 1).number, CANCEL)
        self.assertEqual(metric(edge, "http_server_http2_streams_stalled_total"), 1)
        client.send(frame(SETTINGS, 0, 0, struct.pack(">HI", http2.INITIAL_WINDOW_SIZE, 1000)))
        client.request(3, "/goes")
        self.assertEqual(client.answer(3), (200, b"/goes"))

    def test_a_large_head_is_answered_431(self):
        edge = self.edge(head_bytes_max="2KiB")
        client = self.client(edge)
        client.request(1, fields=[(f"x-{index}", "v" * 100) for index in range(20)])
        client.answer(1)
        self.assertEqual(edge.status_of("/"), 200)
        self.assertEqual(self.scripted.requests[:-1], [])

    def test_memory_stays_bounded_while_a_slow_origin_makes_uploads_wait(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def hold(connection, _):
            gate.wait(20)
            return False
        self.scripted = self.origin(origin.echoing_target, hold)
        edge = self.weir(self.scripted.port)
        client = self.client(edge)
        client.request(1, "/", "POST", last=False)
        client.wait_for(SETTINGS)
        sent = 0
        for _ in range(4):
            client.send(frame(DATA, 0, 1, bytes(16_000)))
            sent += 16_000
        time.sleep(0.5)
        client.socket.settimeout(0.2)
        try:
            client.read()
        except TimeoutError:
            pass
        given = sum(each.number for each in client.all(WINDOW_UPDATE, 1))
        self.assertLess(given, 1 << 20)

    def test_a_stop_lets_what_runs_end_and_says_so_in_two_steps(self):
        gate = threading.Event()
        edge = self.edge(lambda connection, request: (
            gate.wait(20), origin.echoing_target(connection, request)))
        client = self.client(edge)
        client.request(1, "/runs")
        process.wait_until(lambda: self.scripted.requests, 5, "the request at the origin")
        edge.signal(signal.SIGTERM)
        self.assertEqual(client.wait_for(GOAWAY).goaway, (0x7fffffff, http2.NO_ERROR))
        client.request(3, "/late")
        gate.set()
        self.assertEqual(client.answer(1), (200, b"/runs"))
        self.assertEqual(client.answer(3), (200, b"/late"))
        client.wait_for_end()
        self.assertEqual(client.all(GOAWAY)[-1].goaway, (3, http2.NO_ERROR))
        self.assertEqual(edge.wait(10), 0)

    def test_an_old_connection_is_wound_up(self):
        edge = self.edge(**{"http2.age_max": "1s"})
        client = self.client(edge)
        client.request(1, "/young")
        self.assertEqual(client.answer(1), (200, b"/young"))
        self.assertEqual(client.wait_for(GOAWAY).goaway, (0x7fffffff, http2.NO_ERROR))
        client.wait_for_end()


class Peers(NginxCase):
    PEERS = True

    def output(self, name, *arguments):
        found = shutil.which(name)
        if not found:
            self.skipTest(f"{name} is not installed")
        done = subprocess.run([found, *arguments], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_h2load_gets_every_answer(self):
        url = f"http://127.0.0.1:{self.edge.port}/small.txt"
        for windows in ((), ("-w16", "-W16")):
            out = self.output("h2load", "-n20000", "-c16", "-m32", *windows, url)
            self.assertRegex(out, r"20000 succeeded, 0 failed, 0 errored, 0 timeout")

    def test_nghttp_fetches_a_large_file(self):
        out = self.output("nghttp", "-ns", f"http://127.0.0.1:{self.edge.port}/large.bin")
        self.assertIn("200", out)


class Idle(Case):
    KIB_EACH_MAX = 10
    CONNECTIONS = 3600  # so many that what else the process takes meanwhile is little beside them

    def served(self, edge, count):
        """Connections that have had an answer each and wait."""
        clients = []
        for _ in range(count):
            client = http2.Client(edge.port)
            self.addCleanup(client.close)
            client.request(1)
            self.assertEqual(client.answer(1)[0], 200)
            clients.append(client)
        return clients

    def resident_bytes(self, edge):
        with open(f"/proc/{edge.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096

    def test_a_connection_that_rests_takes_little_memory(self):
        edge = self.weir(config="edge: {sites: [{host: ['*'], respond: {body: well}}]}",
                         options={"runtime.shards": 1})
        self.served(edge, 2400)  # what the process takes for the first time, buffers and all
        time.sleep(1.5)
        before = self.resident_bytes(edge)
        self.served(edge, self.CONNECTIONS)
        time.sleep(2)
        each = (self.resident_bytes(edge) - before) / self.CONNECTIONS
        self.assertLess(each, self.KIB_EACH_MAX * 1024)
