"""What the cache tells of itself: Cache-Status and /debug/cache are true in every case."""
import json
import time

from support import raw
from support.cached import FRESH, Cached, Counting


class Told(Cached):
    def test_what_is_too_large_to_be_stored_says_so(self):
        edge = self.edge(Counting(body="x" * 3000),
                         **{"edge.cache.memory.object_bytes_max": "2KiB"})
        for _ in range(2):
            self.assertIn("detail=too-large", self.ask(edge).get("cache-status"))

    def test_what_is_left_of_a_life_is_that_of_the_answer_that_is_sent(self):
        script = Counting(fields="Cache-Control: max-age=1\r\n")
        edge = self.edge(script)
        self.ask(edge)
        time.sleep(1.5)
        self.assertNotIn("ttl", self.ask(edge, to="HEAD").get("cache-status"))
        # The answer to HEAD has made it fresh again.
        time.sleep(1.5)
        script.fields = FRESH
        self.assertRegex(self.ask(edge).get("cache-status"),
                         "fwd=stale; fwd-status=200; ttl=(59|60)")
        script.fields = "Cache-Control: private\r\n"
        declined = self.ask(edge, fields="Cache-Control: no-cache\r\n").get("cache-status")
        self.assertIn("fwd=request", declined)
        self.assertIn("detail=private", declined)
        self.assertNotIn("ttl", declined)
        # It is remembered, and why.
        self.assertIn("fwd=miss; fwd-status=200; detail=private",
                      self.ask(edge).get("cache-status"))

    def test_a_request_with_a_body_goes_past_the_cache_whatever_its_method(self):
        edge = self.edge(Counting())
        body = b"GET /x HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1\r\n\r\na"
        self.assertIn("fwd=bypass", raw.ask(edge.port, body).get("cache-status"))
        self.assertIn("fwd=method", self.ask(edge, to="OPTIONS").get("cache-status"))

    def test_what_was_purged_softly_and_what_a_mark_hides_are_explained(self):
        script = Counting()
        edge = self.edge(script)

        def report():
            path = "/debug/cache?url=http%3A%2F%2Fshop.test%2Fx"
            return json.loads(self.admin(edge, path, "GET")[1])
        self.ask(edge)
        self.admin(edge, "/cache/purge?soft=1&url=http%3A%2F%2Fshop.test%2Fx")
        told = report()["variants"][0]
        self.assertEqual((told["made_stale"], told["fresh_for_s"] <= 0), (True, True))
        script.fields = "Cache-Control: private\r\n"
        self.ask(edge)
        mark, old = report()["variants"]
        self.assertEqual((mark["not_stored"], old["made_stale"]), ("private", True))
        self.assertTrue(report()["stored"])
