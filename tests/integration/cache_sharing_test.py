"""The cache and who may have what: what is one person's, what one request means for others."""
import json
import threading
import time

from support import origin, process, raw
from support.cached import FRESH, Cached, Counting, get


class Persons(Cached):
    def test_who_has_cookies_does_not_keep_an_address_out_of_the_cache_for_others(self):
        script = Counting(fields="")
        edge = self.edge(script, **{"edge.cache.default_ttl": "5m"})
        cookie = "Cookie: a=1\r\n"
        self.assertIn("detail=personal", self.ask(edge, fields=cookie).get("cache-status"))
        # Before long it is known that those with cookies need not wait for each other.
        process.wait_until(
            lambda: "fwd=miss" in self.ask(edge, fields=cookie).get("cache-status"), 5,
            "the second one's way")
        plain = self.ask(edge)
        self.assertIn("fwd=uri-miss", plain.get("cache-status"))
        self.assertIn("stored", plain.get("cache-status"))
        for fields in ("", cookie):
            answer = self.ask(edge, fields=fields)
            self.assertIn("; hit", answer.get("cache-status"))
            self.assertEqual(answer.body, plain.body)

    def test_what_may_be_one_persons_is_never_anothers_unless_the_origin_says_so(self):
        def script(connection, request):
            who = request.get("cookie") or "nobody"
            tag = f'ETag: "{who}"\r\n'
            if request.get("if-none-match") == f'"{who}"':
                connection.send(f"HTTP/1.1 304 Not Modified\r\n{tag}\r\n".encode())
            else:
                connection.send(origin.plain(f"for {who}", fields=tag))
        edge = self.edge(script, **{"edge.cache.stale_if_error": "1h"})
        self.assertEqual(self.ask(edge, fields="Cookie: ann\r\n").body, b"for ann")
        again = self.ask(edge, fields="Cookie: ann\r\n")
        self.assertEqual(again.body, b"for ann")
        self.assertIn("fwd-status=304", again.get("cache-status"))
        self.scripted.close()
        for control in ("", "Cache-Control: max-stale\r\n"):
            for who in ("", "Cookie: bob\r\n"):
                self.assertNotIn(b"for ann", self.ask(edge, fields=control + who).body)

    def test_a_cookie_that_is_set_without_a_lifetime_is_set_for_one_client(self):
        def script(connection, request):
            if request.get("if-none-match"):
                connection.send(b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n')
            else:
                connection.send(origin.plain("x", fields='ETag: "e"\r\nSet-Cookie: id=ann\r\n'
                                                         "Cache-Control: no-cache\r\n"))
        edge = self.edge(script, **{"edge.cache.fill.uncacheable_time": "0s"})
        self.assertEqual(self.ask(edge).get("set-cookie"), "id=ann")
        condition = 'If-None-Match: "e"\r\n'
        self.assertEqual(self.ask(edge, fields=condition).get("set-cookie"), None)

    def each_their_own(self, fields):
        """What three clients get who ask at the same time, and how often the origin was asked."""
        script = Counting()

        def slow(connection, request):
            time.sleep(0.5)
            script.fields = fields
            script.body = f"for {request.get('cookie')}"
            script(connection, request)
        edge = self.edge(slow)
        clients = []
        for who in ("ann", "bob", "cy"):
            clients.append(raw.connect(edge.port))
            clients[-1].send(get("/x", f"Cookie: {who}\r\n"))
            time.sleep(0.05)
        answers = [client.read_response() for client in clients]
        for client in clients:
            client.close()
        return [answer.body.decode() for answer in answers], script.count

    def test_who_waits_never_gets_what_may_not_be_used_without_asking_the_origin(self):
        tag = 'ETag: "e"\r\n'
        for fields in (tag, tag + "Cache-Control: no-cache\r\n",
                       tag + "Cache-Control: max-age=60, no-cache\r\n",
                       tag + "Cache-Control: max-age=0\r\n",
                       tag + "Cache-Control: max-age=9\r\nAge: 20\r\n",
                       "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"):
            got, _ = self.each_their_own(fields)
            self.assertEqual(got, ["for ann", "for bob", "for cy"], fields)

    def test_who_waits_gets_what_is_for_all(self):
        for fields in (FRESH, "Cache-Control: max-age=0, stale-while-revalidate=9\r\n"):
            got, asked = self.each_their_own(fields)
            self.assertEqual(got, ["for ann"] * 3, fields)
            self.assertLessEqual(asked, 2)

    def test_what_a_confirmation_makes_private_is_not_kept(self):
        for window in ("", ", stale-while-revalidate=1"):
            asked = []

            def script(connection, request, window=window, asked=asked):
                asked.append(request.get("if-none-match"))
                fields = 'ETag: "e"\r\nCache-Control: '
                fields += f"max-age=1{window}\r\n" if len(asked) == 1 else "private\r\n"
                if asked[-1]:
                    connection.send(f"HTTP/1.1 304 Not Modified\r\n{fields}\r\n".encode())
                else:
                    connection.send(origin.plain("body", fields=fields))
            edge = self.edge(script, **{"edge.cache.fill.uncacheable_time": "0s"})
            self.ask(edge)
            time.sleep(1.5)
            answer = self.ask(edge)
            if window:
                process.wait_until(lambda asked=asked: len(asked) == 2, 5, "a fetch behind")
                time.sleep(0.3)
                answer = self.ask(edge)
            self.assertEqual((answer.status, answer.body), (200, b"body"))
            self.assertEqual(answer.get("cache-control"), "private")
            self.assertEqual(asked, [None, '"e"', None])
            self.scripted.close()
            self.assertIn(self.ask(edge).status, (502, 504))


class OneAndAll(Cached):
    def test_one_bad_request_does_not_keep_an_address_out_of_the_cache(self):
        script = Counting()

        def picky(connection, request):
            if request.get("x-odd"):
                connection.send(origin.plain("odd", "400 Bad Request"))
            else:
                script(connection, request)
        edge = self.edge(picky)
        self.assertEqual(self.ask(edge, fields="X-Odd: 1\r\n").status, 400)
        self.ask(edge)
        self.assertIn("; hit", self.ask(edge).get("cache-status"))
        script.fields = FRESH + "Vary: User-Agent\r\n"
        long = self.ask(edge, "/y", "User-Agent: " + "a" * 5000 + "\r\n")
        self.assertIn("detail=variant-too-long", long.get("cache-status"))
        self.ask(edge, "/y")
        self.assertIn("; hit", self.ask(edge, "/y").get("cache-status"))

    def test_a_herd_behind_one_bad_request_is_still_one_fetch(self):
        script = Counting()

        def picky(connection, request):
            time.sleep(0.5)
            if request.get("x-odd"):
                connection.send(origin.plain("odd", "400 Bad Request"))
            else:
                script(connection, request)
        edge = self.edge(picky)
        bad = raw.connect(edge.port)
        bad.send(get("/herd", "X-Odd: 1\r\n"))
        time.sleep(0.1)
        herd = [raw.connect(edge.port) for _ in range(50)]
        for connection in herd:
            connection.send(get("/herd"))
        self.assertEqual(bad.read_response().status, 400)
        answers = [connection.read_response() for connection in herd]
        for connection in (bad, *herd):
            connection.close()
        self.assertEqual({answer.body for answer in answers}, {b"answer 1 to /herd"})
        self.assertEqual(script.count, 1)

    def test_who_has_authorization_does_not_end_the_caching_of_what_is_renewed_behind(self):
        script = Counting(fields="Cache-Control: max-age=1, stale-while-revalidate=60\r\n")
        edge = self.edge(script)
        self.ask(edge)
        time.sleep(1.5)
        self.assertEqual(self.ask(edge, fields="Authorization: x\r\n").body, b"answer 1 to /x")
        process.wait_until(lambda: script.count == 2, 5, "the fetch behind")
        # The answer to that was not for others, and says nothing about the next one.
        process.wait_until(lambda: self.ask(edge).body == b"answer 3 to /x", 5, "a new answer")
        self.assertIn("; hit", self.ask(edge).get("cache-status"))
        self.assertEqual(script.count, 3)

    def test_what_failed_to_be_prewarmed_is_stored_when_the_origin_is_well_again(self):
        script = Counting()
        ill = threading.Event()
        ill.set()

        def sometimes(connection, request):
            if ill.is_set():
                connection.send(origin.plain("busy", "503 Service Unavailable"))
            else:
                script(connection, request)
        edge = self.edge(sometimes)
        self.admin(edge, "/cache/prewarm", body="http://shop.test/x\n")

        def state():
            return json.loads(self.admin(edge, "/cache/prewarm/state", "GET")[1])
        process.wait_until(lambda: state()["failed"] == 1, 10, "a failure")
        ill.clear()
        self.ask(edge)
        self.assertIn("; hit", self.ask(edge).get("cache-status"))
