"""An origin that says "not modified" although nobody asked whether a copy still holds."""
import time

from support import origin
from support.cached import FRESH, Cached

SAME = b'HTTP/1.1 304 Not Modified\r\nETag: "new"\r\n\r\n'
TAG = 'ETag: "one"\r\n'
STALE_SOON = "Cache-Control: max-age=1, stale-if-error={0}\r\n"


class Unasked304(Cached):
    def always(self, **options):
        return self.edge(origin.answering(SAME), **options)

    def stored_then(self, fields, answer=SAME):
        """An edge with an answer that is stale by now, of an origin that only says `answer`."""
        first = [origin.plain("body", fields=fields)]
        edge = self.edge(lambda connection, request: connection.send(
            first.pop() if first else answer))
        self.assertEqual(self.ask(edge).status, 200)
        time.sleep(1.5)
        return edge

    def test_it_is_no_answer_to_who_has_no_copy(self):
        edge = self.always()
        self.assertEqual(self.ask(edge).status, 502)
        self.assertEqual(len(self.scripted.requests), 1)

    def test_nor_past_the_cache_to_get_and_head(self):
        edge = self.always()
        self.assertEqual(self.ask(edge, to="HEAD").status, 502)
        self.assertEqual(self.ask(edge, fields="Range: bytes=0-1, 4-5\r\n").status, 502)

    def test_nor_to_who_asked_about_a_copy_when_the_edge_asked_about_another(self):
        edge = self.stored_then(TAG + STALE_SOON.format(0))
        asked = self.ask(edge, fields='If-None-Match: "mine"\r\n')
        self.assertEqual(asked.status, 502)
        conditions = [request.get("if-none-match") for request in self.scripted.requests]
        self.assertEqual(conditions, [None, '"one"', None])

    def test_nor_about_a_stored_answer_that_has_no_validator(self):
        edge = self.stored_then(STALE_SOON.format(0))
        self.assertEqual(self.ask(edge).status, 502)

    def test_a_stored_answer_stands_in_where_it_may(self):
        edge = self.stored_then(TAG + STALE_SOON.format(60))
        answer = self.ask(edge)
        self.assertEqual((answer.status, answer.body), (200, b"body"))
        self.assertNotIn("stored", answer.get("cache-status"))

    def test_it_is_passed_on_to_who_asked_whether_a_copy_still_holds(self):
        edge = self.always()
        for condition in ('If-None-Match: "new"\r\n',
                          "If-Modified-Since: Thu, 26 Nov 2026 12:00:00 GMT\r\n"):
            for method in ("GET", "HEAD"):
                self.assertEqual(self.ask(edge, fields=condition, to=method).status, 304)

    def test_nor_to_who_asked_what_the_origin_was_not_told(self):
        scripted = self.origin(origin.answering(SAME))
        deaf = self.weir(config=f"""\
edge:
  sites:
    - host: ["*"]
      headers: {{request_remove: [if-none-match]}}
      origins:
        - url: "http://127.0.0.1:{scripted.port}"
""")
        condition = 'If-None-Match: "new"\r\n'
        for method in ("GET", "HEAD"):
            self.assertEqual(self.ask(deaf, fields=condition, to=method).status, 502)
            of_connection = condition + "Connection: If-None-Match\r\n"
            self.assertEqual(self.ask(self.always(), fields=of_connection, to=method).status, 502)
        self.assertEqual([request.get("if-none-match") for request in scripted.requests],
                         [None, None])

    def test_other_methods_and_sites_without_a_cache_get_it_as_it_comes(self):
        edge = self.always()
        self.assertEqual(self.ask(edge, fields="Content-Length: 0\r\n", to="POST").status, 304)
        edge = self.always(**{"edge.cache.enabled": "false"})
        self.assertEqual(self.ask(edge).status, 304)

    def test_what_it_says_of_a_part_is_as_if_it_had_said_nothing(self):
        whole = bytes(range(100))

        def script(connection, request):
            if not request.get("range"):
                connection.send(origin.plain(whole, fields=FRESH + TAG))
            elif request.get("if-range"):
                connection.send(SAME)
            else:
                connection.send(origin.plain(
                    whole[:10], "206 Partial Content",
                    FRESH + TAG + "Content-Range: bytes 0-9/100\r\n"))
        edge = self.edge(script, **{"edge.cache.fill.range_bytes_max": 0})
        self.assertEqual(self.ask(edge, fields="Range: bytes=0-9\r\n").body, whole[:10])
        self.assertEqual(self.ask(edge).body, whole)
