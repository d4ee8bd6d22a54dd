"""Hostile input to the cache: what clients send to poison, deceive or fill it."""
import json
import threading

from support import origin, process, raw
from support.cached import FRESH, Cached, Counting, get


class Hostile(Cached):
    def test_a_field_that_is_not_in_the_key_cannot_plant_an_answer(self):
        def script(connection, request):
            planted = request.get("x-original-url") or request.get("x-forwarded-host")
            connection.send(origin.plain(f"for {planted}", fields=FRESH))
        edge = self.edge(script)
        self.ask(edge, fields="X-Original-URL: /evil\r\nX-Forwarded-Host: evil.test\r\n")
        self.assertEqual(self.ask(edge).body, b"for shop.test")

    def test_the_port_of_the_host_is_part_of_the_key(self):
        def script(connection, request):
            connection.send(origin.plain(request.get("host"), fields=FRESH))
        edge = self.edge(script)
        raw.ask(edge.port, b"GET /x HTTP/1.1\r\nHost: shop.test:1337\r\n\r\n")
        self.assertEqual(self.ask(edge).body, b"shop.test")

    def test_a_page_under_a_deceptive_suffix_is_not_shared(self):
        def script(connection, request):
            connection.send(origin.plain(f"account of {request.get('cookie')}"))
        edge = self.edge(script, **{"edge.cache.default_ttl": "5m"})
        self.ask(edge, "/account/x.css", "Cookie: user=1\r\n")
        self.assertEqual(self.ask(edge, "/account/x.css").body, b"account of None")

    def test_fields_that_pretend_another_address_never_reach_an_origin_whose_answer_is_stored(self):
        fields = ["X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Host",
                  "X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Scheme",
                  "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-For", "Forwarded"]

        def script(connection, request):
            said = ",".join(name for name in fields if "evil" in (request.get(name) or ""))
            connection.send(origin.plain(f"planted: {said}", fields=FRESH))
        edge = self.edge(script)
        for number, name in enumerate(fields):
            self.ask(edge, f"/{number}", f"{name}: evil.test\r\n")
            self.assertEqual(self.ask(edge, f"/{number}").body, b"planted: ", name)

    def test_a_body_of_a_get_cannot_plant_an_answer(self):
        def script(connection, request):
            connection.send(origin.plain(b"got " + request.body, fields=FRESH))
        edge = self.edge(script)
        self.ask(edge, fields="Content-Length: 4\r\n\r\nevil")
        self.assertEqual(self.ask(edge).body, b"got ")

    def test_what_the_key_leaves_out_of_the_query_never_reaches_the_origin(self):
        def script(connection, request):
            connection.send(origin.plain(request.first_line.split(" ")[1], fields=FRESH))
        scripted = self.origin(script)
        edge = self.weir(scripted.port, config='edge:\n  cache:\n    keys:\n'
                         '      - {query: except, names: ["utm_*"]}\n')
        for query in ("id=1&utm_source=evil", "utm_x=%26id=evil&id=1", "%75tm_y=evil&id=1"):
            self.assertEqual(self.ask(edge, f"/x?{query}").body, b"/x?id=1")

    def test_spellings_of_a_path_are_addresses_of_their_own(self):
        def script(connection, request):
            connection.send(origin.plain(request.first_line.split(" ")[1], fields=FRESH))
        edge = self.edge(script)
        for path in ("/a/b", "/a%2fb", "/a/./b", "//a/b", "/a/b;c", "/A/b", "/a/b?", "/a/b?c"):
            self.assertEqual(self.ask(edge, path).body, path.encode())

    def test_a_deceptive_suffix_makes_no_page_of_a_user_public(self):
        """The origin ignores the suffix, gives the account, and names no lifetime of its own."""
        def script(connection, request):
            who = request.get("cookie") or request.get("authorization")
            connection.send(origin.plain(f"account of {who}", fields="Last-Modified: Sun, 06 Nov "
                                         "1994 08:49:37 GMT\r\n"))
        edge = self.edge(script, **{"edge.cache.default_ttl": "5m"})
        for suffix in ("/x.css", ";x.css", "%2fx.css", "%00.css", "?x.css", "/..%2fx.css"):
            for field in ("Cookie: user=1", "Authorization: Bearer user1"):
                path = f"/account{suffix}{'&' if '?' in suffix else '?'}{field[:3]}"
                self.ask(edge, path, field + "\r\n")
                self.assertEqual(self.ask(edge, path).body, b"account of None", path)

    def test_a_large_part_that_nobody_reads_is_not_fetched_to_its_end(self):
        sent, left = [], threading.Event()

        def script(connection, request):
            first = int(request.get("range").split("=")[1].split("-")[0])
            size = 64 * 1024 * 1024
            connection.send(f'HTTP/1.1 206 Partial Content\r\n{FRESH}ETag: "e"\r\n'
                            f"Content-Range: bytes {first}-{size - 1}/{size}\r\n"
                            f"Content-Length: {size - first}\r\n\r\n".encode())
            connection.send(b"x" * 100_000)
            left.wait(20)
            try:
                for _ in range(600):
                    connection.send(b"x" * 100_000)
                    sent.append(100_000)
            except OSError:
                return
            connection.close()
        edge = self.edge(script)
        client = raw.connect(edge.port)
        client.send(get("/x", "Range: bytes=1-\r\n"))
        client.read_to(b"\r\n\r\n")
        client.reset()
        left.set()
        process.wait_until(lambda: sum(sent) > 0, 10, "the origin to go on")
        process.wait_until(lambda: self.filling(edge) == 0, 20, "the end of the fill")
        self.assertLess(sum(sent), 50_000_000)

    def filling(self, edge):
        return next(float(line.split()[-1]) for line in edge.metrics().splitlines()
                    if line.startswith("edge_cache_fills_running"))

    def test_a_vary_that_names_everything_is_not_followed(self):
        many = ", ".join(f"X-Field-{number}" for number in range(40))
        for vary in (many, "X-" + "a" * 2000, "*"):
            edge = self.edge(Counting(fields=f"{FRESH}Vary: {vary}\r\n"))
            answer = self.ask(edge)
            self.assertIn("detail=vary-", answer.get("cache-status"))
            self.assertEqual(self.ask(edge).body, b"answer 2 to /x")

    def test_long_values_of_what_vary_names_make_no_variant(self):
        edge = self.edge(Counting(fields=FRESH + "Vary: X-Any\r\n"))
        long = f"X-Any: {'a' * 5000}\r\n"
        self.assertNotIn("; stored", self.ask(edge, fields=long).get("cache-status"))
        self.assertEqual(self.ask(edge, fields=long).body, b"answer 2 to /x")

    def test_endless_ranges_are_answered_whole(self):
        edge = self.edge(Counting(body="0123456789" * 100))
        self.ask(edge)
        ranges = ",".join(f"{i}-{i}" for i in range(0, 900, 3))
        answer = self.ask(edge, fields=f"Range: bytes={ranges}\r\n")
        self.assertEqual((answer.status, len(answer.body)), (200, 1000))


class Many(Cached):
    """Floods: each is far more than what is kept of it."""
    SECONDS = 240
    AT_ONCE = 16

    def flood(self, edge, requests):
        """Sends all requests, over a few connections at a time."""
        def send(share):
            connection = raw.connect(edge.port, 120)
            for each in share:
                connection.send(each)
                connection.read_response()
            connection.close()
        threads = [threading.Thread(target=send, args=(requests[first::self.AT_ONCE],))
                   for first in range(self.AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_ten_thousand_variants_of_one_address_stay_bounded(self):
        script = Counting(fields=FRESH + "Vary: X-Any\r\n")
        edge = self.edge(script)
        self.flood(edge, [get("/x", f"X-Any: {number}\r\n") for number in range(10_000)])
        self.assertGreater(script.count, 9_000)
        status, answer = self.admin(edge, "/debug/cache?url=http%3A%2F%2Fshop.test%2Fx", "GET")
        self.assertEqual(status, 200)
        self.assertLessEqual(len(json.loads(answer)["variants"]), 64)

    def test_many_addresses_stay_within_the_memory(self):
        budget = 4 * 1024 * 1024
        edge = self.edge(Counting(body="x" * 3000), **{"edge.cache.memory.bytes": str(budget)})
        self.flood(edge, [get(f"/x?{number}") for number in range(3000)])
        held = [line for line in edge.metrics().splitlines()
                if line.startswith(("edge_cache_bytes ", "edge_cache_bytes{"))]
        self.assertTrue(held)
        self.assertLessEqual(sum(float(line.split()[-1]) for line in held), budget)

    def test_a_flood_of_ranges_keeps_few_parts(self):
        def script(connection, request):
            first = int(request.get("range").split("=")[1].split("-")[0])
            connection.send(origin.plain("x", "206 Partial Content", f'{FRESH}ETag: "e"\r\n'
                                         f"Content-Range: bytes {first}-{first}/100000\r\n"))
        edge = self.edge(script, **{"edge.cache.fill.range_bytes_max": "0"})
        self.flood(edge, [get("/x", f"Range: bytes={first}-{first}\r\n")
                          for first in range(0, 6000, 2)])
        _, answer = self.admin(edge, "/debug/cache?url=http%3A%2F%2Fshop.test%2Fx", "GET")
        parts = [each for each in json.loads(answer)["variants"] if "part" in each]
        self.assertTrue(0 < len(parts) <= 16, len(parts))
