"""HTTP/1.1 as RFC 9112 has it, between a client by hand and an origin by script."""
import time

from support import origin, raw
from support.case import ScriptedCase


def get(path, fields=b""):
    return b"GET " + path.encode() + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"


class Http1(ScriptedCase):
    def client(self):
        connection = raw.connect(self.edge.port)
        self.addCleanup(connection.close)
        return connection

    def ask(self, data, to="GET"):
        return raw.ask(self.edge.port, data, to)

    def test_pipelined_requests_are_answered_in_their_order(self):
        def first_is_slow(connection, request):
            if request.first_line.startswith("GET /0 "):
                time.sleep(0.4)
            origin.echoing_target(connection, request)
        self.use(first_is_slow)
        client = self.client()
        client.send(b"".join(get(f"/{number}") for number in range(16)))
        bodies = [client.read_response().body for _ in range(16)]
        self.assertEqual(bodies, [f"/{number}".encode() for number in range(16)])

    def test_requests_with_bodies_can_be_pipelined(self):
        self.use(lambda connection, request: connection.send(origin.plain(request.body)))
        client = self.client()
        post = b"POST / HTTP/1.1\r\nHost: a\r\n"
        client.send(post + b"Content-Length: 3\r\n\r\none" +
                    post + b"Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" +
                    post + b"Content-Length: 5\r\n\r\nthree")
        self.assertEqual([client.read_response().body for _ in range(3)],
                         [b"one", b"two", b"three"])

    def test_a_request_that_comes_byte_by_byte_is_the_same_request(self):
        client = self.client()
        client.send_slowly(get("/slowly", b"X-A: b\r\n"), 0.002)
        self.assertEqual(client.read_response().body, b"/slowly")
        self.assertEqual(self.scripted.requests[0].get("x-a"), "b")

    def test_connections_to_the_origin_are_used_again(self):
        before = self.scripted.connections
        client = self.client()
        for number in range(200):
            client.send(get(f"/{number}"))
            self.assertEqual(client.read_response().status, 200)
        self.assertLessEqual(self.scripted.connections - before, 2)

    def test_expect_100_continue_is_answered_before_the_body_comes(self):
        client = self.client()
        client.send(b"POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                    b"Expect: 100-continue\r\n\r\n")
        self.assertEqual(client.read_response(interim=True).status, 100)
        client.send(b"hello")
        self.assertEqual(client.read_response().body, b"/e")
        self.assertEqual(self.scripted.requests[0].body, b"hello")

    def test_early_hints_reach_the_client_before_the_answer(self):
        def hinting(connection, _request):
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
            time.sleep(0.3)
            connection.send(origin.plain("done"))
        self.use(hinting)
        client = self.client()
        started = time.monotonic()
        client.send(get("/"))
        hints = client.read_response(interim=True)
        self.assertEqual((hints.status, hints.get("link")), (103, "</a.css>; rel=preload"))
        self.assertLess(time.monotonic() - started, 0.25, "the hints waited for the answer")
        self.assertEqual(client.read_response().body, b"done")

    def test_102_processing_is_passed_on(self):
        self.use(lambda connection, request: connection.send(
            b"HTTP/1.1 102 Processing\r\n\r\n" + origin.plain("done")))
        client = self.client()
        client.send(get("/"))
        self.assertEqual(client.read_response(interim=True).status, 102)
        self.assertEqual(client.read_response().body, b"done")

    def test_an_http_1_0_client_gets_no_interim_response(self):
        self.use(lambda connection, request: connection.send(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + origin.plain("done")))
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        self.assertEqual(client.read_response(interim=True).status, 200)

    def test_trailers_of_an_answer_reach_a_client_that_takes_them(self):
        self.use(origin.answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                  b"Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\n"
                                  b"Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\n\r\n"))
        answer = self.ask(get("/", b"TE: trailers\r\nConnection: TE\r\n"))
        self.assertEqual((answer.body, answer.trailers), (b"abc", [("X-Sum", "42")]))

    def test_trailers_of_a_request_reach_the_origin(self):
        self.ask(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                 b"Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n")
        request = self.scripted.requests[0]
        self.assertEqual(request.body, b"abc")
        self.assertIn(("x-sum", "42"), [(name.lower(), value) for name, value in request.trailers])

    def test_an_answer_that_ends_with_its_connection_is_complete_and_delimited(self):
        def until_close(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\n\r\nall there is")
            connection.close()
        self.use(until_close)
        client = self.client()
        client.send(get("/"))
        answer = client.read_response()
        self.assertEqual((answer.body, answer.framing), (b"all there is", "chunked"))

    def test_an_http_1_0_client_gets_a_chunked_answer_without_chunks(self):
        self.use(origin.answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"))
        client = self.client()
        client.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        answer = client.read_response()
        self.assertIsNone(answer.get("transfer-encoding"))
        self.assertEqual(answer.body, b"abcdef")
        self.assertTrue(client.closed_within(3))

    def test_head_is_answered_without_a_body_and_the_connection_goes_on(self):
        self.use(lambda connection, request: connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
            if request.first_line.startswith("HEAD") else origin.plain("after")))
        client = self.client()
        client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"))
        self.assertEqual(client.read_response("HEAD").get("content-length"), "1000")
        self.assertEqual(client.read_response().body, b"after")

    def test_connection_close_is_honoured(self):
        client = self.client()
        client.send(get("/", b"Connection: close\r\n"))
        answer = client.read_response()
        self.assertEqual((answer.get("connection") or "").lower(), "close")
        self.assertTrue(client.closed_within(3))

    def test_any_method_is_passed_on(self):
        for method in ("PROPFIND", "DELETE", "PATCH", "X-OWN.METHOD"):
            with self.subTest(method):
                answer = self.ask(f"{method} /m HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                self.assertEqual(answer.status, 200)
                self.assertTrue(self.scripted.requests[-1].first_line.startswith(f"{method} /m "))

    def test_fields_that_concern_one_connection_stay_on_it(self):
        self.use(origin.answering(origin.plain(
            "x", fields="Connection: X-Own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\nX-Kept: 1\r\n")))
        answer = self.ask(get("/", b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
                              b"Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\n"
                              b"Upgrade: h2c\r\nX-End: 1\r\n"))
        request = self.scripted.requests[0]
        self.assertEqual(request.get("x-end"), "1")
        for name in ("x-hop", "keep-alive", "proxy-connection", "upgrade"):
            self.assertIsNone(request.get(name), f"{name} reached the origin")
        self.assertEqual(answer.get("x-kept"), "1")
        self.assertIsNone(answer.get("x-own"), "X-Own reached the client")

    def test_repeated_fields_keep_their_order(self):
        self.use(origin.answering(origin.plain(
            "x", fields="Set-Cookie: a=1\r\nX-Other: 1\r\nSet-Cookie: b=2\r\n")))
        self.assertEqual(self.ask(get("/")).all("set-cookie"), ["a=1", "b=2"])

    def test_the_target_reaches_the_origin_as_it_was_sent(self):
        target = "/a%2Fb/%7Euser/?q=1&&r=%zz&s=a+b"
        self.assertEqual(self.ask(get(target)).body.decode(), target)

    def test_a_target_in_absolute_form_is_understood(self):
        answer = self.ask(b"GET http://a/path?q HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(answer.body, b"/path?q")

    def test_a_client_that_sends_an_upload_and_leaves_gives_the_origin_no_whole_request(self):
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this")
        time.sleep(0.3)
        client.close()
        time.sleep(0.3)
        self.assertEqual(self.scripted.requests, [])
