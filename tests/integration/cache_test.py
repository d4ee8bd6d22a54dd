"""The cache: what is stored, served, shared by a herd, made stale, purged and explained."""
import json
import threading
import time

from support import keys, origin, process, raw
from support.cached import FRESH, Cached, Counting, get
from support.case import NginxCase
from support.weir import run_weir


class Hits(Cached):
    def test_a_fresh_answer_is_served_from_the_cache(self):
        script = Counting()
        edge = self.edge(script)
        first, second = self.ask(edge), self.ask(edge)
        self.assertEqual((first.body, second.body), (b"answer 1 to /x", b"answer 1 to /x"))
        self.assertEqual(script.count, 1)
        self.assertIn("hit", second.get("cache-status"))
        self.assertIn("fwd=uri-miss", first.get("cache-status"))
        self.assertIn("stored", first.get("cache-status"))
        self.assertIsNotNone(second.get("age"))
        self.assertEqual(second.get("via"), "1.1 weir")

    def test_a_length_of_nothing_is_no_body(self):
        edge = self.edge(Counting())
        self.ask(edge)
        again = self.ask(edge, fields="Content-Length: 0\r\n")
        self.assertIn("; hit", again.get("cache-status"))

    def test_an_address_that_is_only_asked_for_with_conditions_is_stored(self):
        def script(connection, request):
            if request.get("if-none-match") == '"e"':
                connection.send(b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n')
            else:
                connection.send(origin.plain("whole", fields=FRESH + 'ETag: "e"\r\n'))
        edge = self.edge(script)
        condition = 'If-None-Match: "e"\r\n'
        self.assertEqual(self.ask(edge, fields=condition).status, 304)
        process.wait_until(lambda: "; hit" in self.ask(edge, fields=condition).get("cache-status"),
                           5, "a hit")
        self.assertEqual(self.ask(edge).body, b"whole")

    def test_what_names_no_lifetime_is_fetched_each_time(self):
        script = Counting(fields="")
        edge = self.edge(script)
        self.ask(edge)
        self.assertEqual(self.ask(edge).body, b"answer 2 to /x")

    def test_a_default_lifetime_is_never_for_cookies_in_either_direction(self):
        script = Counting(fields="")
        edge = self.edge(script, **{"edge.cache.default_ttl": "5m"})
        self.ask(edge, "/plain")
        self.assertEqual(self.ask(edge, "/plain").body, b"answer 1 to /plain")
        self.ask(edge, "/cookie", "Cookie: a=1\r\n")
        self.assertEqual(self.ask(edge, "/cookie", "Cookie: a=1\r\n").body, b"answer 3 to /cookie")
        script.fields = "Set-Cookie: id=7\r\n"
        before = script.count
        self.ask(edge, "/set")
        self.ask(edge, "/set")
        self.assertEqual(script.count, before + 2)

    def test_private_and_no_store_are_not_stored(self):
        for value in ("private, max-age=60", "no-store", "no-store, max-age=60"):
            script = Counting(fields=f"Cache-Control: {value}\r\n")
            edge = self.edge(script)
            self.ask(edge)
            self.ask(edge)
            self.assertEqual(script.count, 2, value)

    def test_an_answer_to_authorization_is_not_shared(self):
        script = Counting()
        edge = self.edge(script)
        self.ask(edge, fields="Authorization: Basic YTpi\r\n")
        self.assertEqual(self.ask(edge).body, b"answer 2 to /x")

    def test_head_is_answered_from_what_get_stored(self):
        script = Counting()
        edge = self.edge(script)
        length = len(self.store(edge).body)
        head = self.ask(edge, to="HEAD")
        self.assertEqual(int(head.get("content-length")), length)
        self.assertEqual(script.count, 1)

    def test_preconditions_hold_for_stored_answers(self):
        edge = self.edge(Counting(fields=FRESH + 'ETag: "one"\r\n'))
        self.store(edge)
        same = self.ask(edge, fields='If-None-Match: "one"\r\n')
        self.assertEqual((same.status, same.body, same.get("etag")), (304, b"", '"one"'))
        self.assertEqual(self.ask(edge, fields='If-None-Match: "two"\r\n').status, 200)

    def test_ranges_come_from_the_whole(self):
        edge = self.edge(Counting(body="0123456789"))
        self.store(edge)
        part = self.ask(edge, fields="Range: bytes=2-4\r\n")
        self.assertEqual((part.status, part.body), (206, b"234"))
        self.assertEqual(part.get("content-range"), "bytes 2-4/10")
        beyond = self.ask(edge, fields="Range: bytes=20-\r\n")
        self.assertEqual((beyond.status, beyond.get("content-range")), (416, "bytes */10"))
        several = self.ask(edge, fields="Range: bytes=0-1,5-6\r\n")
        self.assertEqual(several.status, 206)
        self.assertIn("multipart/byteranges", several.get("content-type"))
        self.assertIn(b"bytes 0-1/10\r\n\r\n01\r\n", several.body)
        self.assertIn(b"bytes 5-6/10\r\n\r\n56\r\n", several.body)

    def test_variants_are_told_apart_and_spellings_are_not(self):
        script = Counting(fields=FRESH + "Vary: Accept-Encoding\r\n")
        edge = self.edge(script)
        plain = self.ask(edge)
        gzip = self.ask(edge, fields="Accept-Encoding: gzip, br\r\n")
        self.assertNotEqual(plain.body, gzip.body)
        self.assertEqual(self.ask(edge, fields="Accept-Encoding: br,gzip;q=0.8\r\n").body,
                         gzip.body)
        self.assertEqual(self.ask(edge).body, plain.body)
        self.assertEqual(script.count, 2)

    def test_a_large_body_is_stored_and_served_whole(self):
        body = bytes(range(256)) * 20_000
        script = Counting(body=body)
        edge = self.edge(script)
        self.assertEqual(self.ask(edge).body, body)
        self.assertEqual(self.ask(edge).body, body)
        self.assertEqual(script.count, 1)

    def test_a_chunked_answer_gets_a_length_once_it_is_whole(self):
        def script(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        edge = self.edge(script)
        self.assertEqual(self.ask(edge).body, b"abcde")
        again = self.ask(edge)
        self.assertEqual((again.body, again.framing), (b"abcde", "length"))

    def test_the_log_and_the_metrics_tell_hits(self):
        edge = self.edge(Counting())
        self.ask(edge)
        self.ask(edge)
        metrics = edge.metrics()
        self.assertIn("cache_hits_total 1", metrics)
        self.assertIn("cache_requests_total 2", metrics)
        self.assertIn('edge_cache_hit_rate_total{hit="true"} 1', metrics)


class Herds(Cached):
    SECONDS = 120

    def herd(self, edge, size, path="/herd"):
        connections = [raw.connect(edge.port, 60) for _ in range(size)]
        for connection in connections:
            connection.send(get(path))
        return connections

    def test_a_herd_on_one_cold_key_is_one_fetch(self):
        script = Counting(body=b"x" * 2000)

        def slow(connection, request):
            time.sleep(1)
            script(connection, request)
        edge = self.edge(slow)
        herd = self.herd(edge, 1000)
        answers = [connection.read_response() for connection in herd]
        for connection in herd:
            connection.close()
        self.assertTrue(all(answer.body == b"x" * 2000 for answer in answers))
        shared = [answer for answer in answers if "collapsed" in answer.get("cache-status")]
        self.assertTrue(all(answer.get("age") for answer in shared))
        self.assertGreater(len(shared), 900)
        self.assertEqual(script.count, 1)

    def test_a_herd_gets_the_first_bytes_while_the_rest_is_still_to_come(self):
        more = threading.Event()

        def script(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
                            b"Content-Length: 10\r\n\r\nfirst")
            more.wait(20)
            connection.send(b"later")
        edge = self.edge(script)
        herd = self.herd(edge, 50)
        for connection in herd:
            head = connection.read_head()
            self.assertEqual(head.status, 200)
            if "collapsed" in head.get("cache-status"):
                self.assertIsNotNone(head.get("age"))
            self.assertEqual(connection.read_exactly(5), b"first")
        more.set()
        for connection in herd:
            self.assertEqual(connection.read_exactly(5), b"later")
            connection.close()

    def test_a_client_that_leaves_does_not_end_the_fetch(self):
        more = threading.Event()
        script = Counting()

        def slow(connection, _request):
            script.count += 1
            connection.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n"
                            b"Content-Length: 6\r\n\r\nabc")
            more.wait(20)
            connection.send(b"def")
        edge = self.edge(slow)
        leader = self.herd(edge, 1)[0]
        leader.read_head()
        leader.reset()
        time.sleep(0.2)
        more.set()
        time.sleep(0.2)
        self.assertEqual(self.ask(edge, "/herd").body, b"abcdef")
        self.assertEqual(script.count, 1)

    def test_a_failed_fetch_is_one_failure_for_all_who_waited(self):
        asked = []

        def script(connection, request):
            asked.append(request)
            time.sleep(0.5)
            connection.close()
        edge = self.edge(script, **{"edge.origin.retry.attempts_max": "1"})
        herd = self.herd(edge, 100)
        statuses = {connection.read_response().status for connection in herd}
        for connection in herd:
            connection.close()
        self.assertEqual(statuses, {502})
        self.assertLess(len(asked), 5)

    def test_what_cannot_be_stored_does_not_make_requests_wait_for_each_other(self):
        def script(connection, _request):
            time.sleep(0.3)
            connection.send(origin.plain("own", fields="Cache-Control: private\r\n"))
        edge = self.edge(script)
        self.ask(edge, "/herd")
        began = time.monotonic()
        herd = self.herd(edge, 20)
        for connection in herd:
            self.assertEqual(connection.read_response().body, b"own")
            connection.close()
        self.assertLess(time.monotonic() - began, 3)



class Staleness(Cached):
    def test_the_origin_is_asked_whether_a_stale_answer_still_holds(self):
        asked = []

        def script(connection, request):
            asked.append(request)
            if request.get("if-none-match") == '"one"':
                connection.send(b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n'
                                b"Cache-Control: max-age=60\r\nX-New: yes\r\n\r\n")
            else:
                connection.send(origin.plain("body", fields='Cache-Control: max-age=1\r\n'
                                                            'ETag: "one"\r\n'))
        edge = self.edge(script)
        self.ask(edge)
        time.sleep(1.5)
        answer = self.ask(edge)
        self.assertEqual((answer.status, answer.body), (200, b"body"))
        self.assertEqual(answer.get("x-new"), "yes")
        self.assertIn("fwd=stale", answer.get("cache-status"))
        self.assertIn("fwd-status=304", answer.get("cache-status"))
        self.assertRegex(answer.get("cache-status"), r"; ttl=(59|60);")
        self.assertIn("hit", self.ask(edge).get("cache-status"))
        self.assertEqual(len(asked), 2)

    def test_stale_while_revalidate_serves_at_once_and_fetches_behind(self):
        script = Counting(fields="Cache-Control: max-age=1, stale-while-revalidate=60\r\n")
        edge = self.edge(script)
        self.ask(edge)
        time.sleep(1.5)
        self.assertEqual(self.ask(edge).body, b"answer 1 to /x")
        time.sleep(0.3)
        self.assertEqual(self.ask(edge).body, b"answer 2 to /x")
        self.assertEqual(script.count, 2)

    def test_stale_if_error_serves_while_the_origin_is_dead(self):
        edge = self.edge(Counting(fields="Cache-Control: max-age=1, stale-if-error=60\r\n"))
        self.ask(edge)
        self.scripted.close()
        time.sleep(1.5)
        answer = self.ask(edge)
        self.assertEqual((answer.status, answer.body), (200, b"answer 1 to /x"))
        self.assertGreaterEqual(int(answer.get("age")), 1)

    def test_must_revalidate_is_an_error_while_the_origin_is_dead(self):
        edge = self.edge(Counting(fields="Cache-Control: max-age=1, must-revalidate\r\n"))
        self.ask(edge)
        self.scripted.close()
        time.sleep(1.5)
        self.assertIn(self.ask(edge).status, (502, 504))

    def test_a_change_makes_the_stored_answer_void(self):
        script = Counting()
        edge = self.edge(script)
        self.ask(edge)
        raw.ask(edge.port, b"POST /x HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(self.ask(edge).body, b"answer 3 to /x")

    def test_only_if_cached_never_asks_the_origin(self):
        script = Counting()
        edge = self.edge(script)
        self.assertEqual(self.ask(edge, fields="Cache-Control: only-if-cached\r\n").status, 504)
        self.assertEqual(script.count, 0)


class Purges(Cached):
    def filled(self, **options):
        script = Counting(fields=FRESH + "Surrogate-Key: all fruit\r\n")
        edge = self.edge(script, **options)
        for path in ("/a/1", "/a/2", "/b/1"):
            self.ask(edge, path)
        return edge, script

    def stored(self, edge, path):
        return "; hit" in self.ask(edge, path).get("cache-status")

    def test_a_url_is_purged_at_once(self):
        edge, _ = self.filled()
        status, answer = self.admin(edge, "/cache/purge?url=http%3A%2F%2Fshop.test%2Fa%2F1")
        self.assertEqual((status, json.loads(answer)["purged"]), (200, 1))
        self.assertFalse(self.stored(edge, "/a/1"))
        self.assertTrue(self.stored(edge, "/a/2"))

    def test_a_prefix_is_purged(self):
        edge, _ = self.filled()
        status, answer = self.admin(edge, "/cache/purge?prefix=http%3A%2F%2Fshop.test%2Fa%2F")
        self.assertEqual((status, json.loads(answer)["purged"]), (200, 2))
        self.assertFalse(self.stored(edge, "/a/2"))
        self.assertTrue(self.stored(edge, "/b/1"))

    def test_a_prefix_may_name_the_port_that_its_scheme_implies(self):
        edge, _ = self.filled()
        status, answer = self.admin(edge, "/cache/purge?prefix=http%3A%2F%2Fshop.test%3A80%2Fa%2F")
        self.assertEqual((status, json.loads(answer)["purged"]), (200, 2))
        self.assertFalse(self.stored(edge, "/a/2"))
        status, answer = self.admin(edge, "/cache/purge?prefix=http%3A%2F%2Fshop.test%3A81%2Fb%2F")
        self.assertEqual((status, json.loads(answer)["purged"]), (200, 0))

    def test_a_tag_is_purged(self):
        edge, _ = self.filled()
        status, answer = self.admin(edge, "/cache/purge?tag=fruit")
        self.assertEqual((status, json.loads(answer)["purged"]), (200, 3))
        self.assertFalse(self.stored(edge, "/b/1"))

    def test_a_soft_purge_has_the_origin_asked(self):
        edge, script = self.filled()
        self.admin(edge, "/cache/purge?tag=fruit&soft=1")
        self.ask(edge, "/a/1")
        self.assertEqual(script.count, 4)

    def test_what_a_soft_purge_made_stale_is_served_no_longer_than_its_windows_allow(self):
        script = Counting(fields="Cache-Control: max-age=60, stale-while-revalidate=1\r\n"
                          "Surrogate-Key: fruit\r\n")
        edge = self.edge(script)
        for path in ("/1", "/2"):
            self.ask(edge, path)
        self.admin(edge, "/cache/purge?tag=fruit&soft=1")
        self.assertEqual(self.ask(edge, "/1").body, b"answer 1 to /1")
        time.sleep(1.5)
        # Purging again makes it usable no longer.
        self.admin(edge, "/cache/purge?tag=fruit&soft=1")
        self.assertRegex(self.ask(edge, "/2").body, b"^answer [34] to /2")

    def test_a_purge_needs_to_say_what(self):
        edge, _ = self.filled()
        self.assertEqual(self.admin(edge, "/cache/purge")[0], 400)
        self.assertEqual(self.admin(edge, "/cache/purge?url=nonsense")[0], 400)
        both = "/cache/purge?tag=a&url=http%3A%2F%2Fshop.test%2Fx"
        self.assertEqual(self.admin(edge, both)[0], 400)

    def test_a_purge_with_a_parameter_that_it_does_not_know_removes_nothing(self):
        edge, _ = self.filled()
        for parameter in ("sfot=1", "soft=yes", "Soft=1", "soft"):
            status, answer = self.admin(edge, f"/cache/purge?tag=fruit&{parameter}")
            self.assertEqual(status, 400, parameter)
            self.assertIn("soft", answer.decode() if isinstance(answer, bytes) else answer)
        self.assertTrue(self.stored(edge, "/a/1"))


class Operators(Cached):
    def test_a_key_is_explained(self):
        edge = self.edge(Counting(fields=FRESH + 'ETag: "e"\r\n'))
        self.ask(edge)
        path = "/debug/cache?url=http%3A%2F%2Fshop.test%2Fx"
        status, answer = self.admin(edge, path, "GET")
        report = json.loads(answer)
        self.assertEqual((status, report["stored"]), (200, True))
        self.assertEqual(report["variants"][0]["lifetime_s"], 60)
        self.assertEqual(report["variants"][0]["lifetime_from"], "max-age")

    def test_a_key_whose_answer_may_not_be_stored_says_why(self):
        edge = self.edge(Counting(fields="Cache-Control: private\r\n"))
        self.ask(edge)
        path = "/debug/cache?url=http%3A%2F%2Fshop.test%2Fx"
        report = json.loads(self.admin(edge, path, "GET")[1])
        self.assertEqual((report["stored"], report["variants"][0]["not_stored"]),
                         (False, "private"))

    def test_prewarming_fetches_what_the_list_names(self):
        script = Counting()
        edge = self.edge(script)
        urls = "".join(f"http://shop.test/p/{i}\n" for i in range(50))
        self.assertEqual(self.admin(edge, "/cache/prewarm", body=urls)[0], 202)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            state = json.loads(self.admin(edge, "/cache/prewarm/state", "GET")[1])
            if state["done"] == state["total"]:
                break
            time.sleep(0.05)
        self.assertEqual(state["stored"], 50)
        again = self.ask(edge, "/p/7", "Accept-Encoding: gzip, deflate, br, zstd\r\n")
        self.assertIn("; hit", again.get("cache-status"))
        self.assertEqual(script.count, 50)


    def test_prewarming_fetches_the_variant_of_browsers_beside_another_one(self):
        script = Counting(fields=FRESH + "Vary: Accept-Encoding\r\n")
        edge = self.edge(script)
        self.ask(edge)
        self.ask(edge, "/q?")
        self.admin(edge, "/cache/prewarm", body="http://shop.test/x\nhttp://shop.test/q?\n")
        process.wait_until(
            lambda: json.loads(self.admin(edge, "/cache/prewarm/state", "GET")[1])["stored"] == 2,
            10, "both to be stored")
        browser = "Accept-Encoding: gzip, deflate, br, zstd\r\n"
        for path in ("/x", "/q?"):
            answer = self.ask(edge, path, browser)
            self.assertIn("; hit", answer.get("cache-status"))
            self.assertTrue(answer.body.endswith(f"to {path}".encode()))



class CommandLine(Cached):
    def command(self, edge, *words, stdin=None):
        return run_weir("edge", words[0], "--admin", f"127.0.0.1:{edge.admin}", *words[1:],
                        stdin=stdin)

    def test_weir_edge_purge_removes_by_url_prefix_and_tag(self):
        edge = self.edge(Counting(fields=FRESH + "Cache-Tag: one, two\r\n"))
        for words in (["http://shop.test/x"], ["--prefix", "http://shop.test/"], ["--tag", "two"]):
            self.ask(edge)
            self.assertIn("; hit", self.ask(edge).get("cache-status"))
            status, said, complaint = self.command(edge, "purge", *words)
            self.assertEqual((status, complaint), (0, ""))
            self.assertIn('"purged":1', said)
            self.assertNotIn("; hit", self.ask(edge).get("cache-status"))

    def test_weir_edge_purge_says_when_nobody_answers(self):
        for place in ("127.0.0.1:1", "nobody.invalid:9080"):
            status, _, complaint = run_weir("edge", "purge", "--admin", place, "http://a.test/")
            self.assertEqual(status, 1)
            self.assertIn(f"cannot reach {place}", complaint)
            self.assertIn("--admin says where", complaint)
            self.assertNotIn("file or directory", complaint)

    def test_weir_edge_purge_says_what_is_wrong_with_a_token(self):
        folder = process.new_folder("token")
        token, other, empty = (folder / name for name in ("token", "other", "empty"))
        token.write_text("a-token-of-many-letters\n")
        other.write_text("another-token-of-many\n")
        empty.write_text("")
        edge = self.edge(Counting(fields=FRESH), **{"admin.token_file": token})
        self.ask(edge)
        for words, said in (((), "--token-file names a file"),
                            (("--token-file", other), "has another one"),
                            (("--token-file", empty), "begins with no token")):
            status, _, complaint = self.command(edge, "purge", *words, "http://shop.test/x")
            self.assertEqual(status, 1)
            self.assertIn(said, complaint)
        self.assertIn("; hit", self.ask(edge).get("cache-status"))
        status, said, _ = self.command(edge, "purge", "--token-file", token, "http://shop.test/x")
        self.assertEqual((status, '"purged":1' in said), (0, True))

    def test_weir_edge_purge_goes_on_behind_what_it_is_refused(self):
        edge = self.edge(Counting(fields=FRESH))
        self.ask(edge)
        status, said, complaint = self.command(edge, "purge", "nonsense", "http://shop.test/x")
        self.assertEqual(status, 1)
        self.assertIn("nonsense", complaint)
        self.assertIn('"purged":1', said)
        self.assertNotIn("; hit", self.ask(edge).get("cache-status"))

    def test_weir_edge_purge_wants_to_know_what_its_arguments_are(self):
        status, _, complaint = run_weir("edge", "purge", "--tag", "--prefix", "x")
        self.assertEqual(status, 2)
        self.assertIn("cannot be both", complaint)

    def test_weir_edge_prewarm_says_which_flag_tells_where_the_sitemap_is(self):
        status, _, complaint = run_weir("edge", "prewarm", "--edge", "127.0.0.1:1",
                                        "http://a.test/sitemap.xml")
        self.assertEqual(status, 1)
        self.assertIn("--edge says where", complaint)

    def test_weir_edge_prewarm_follows_a_sitemap_of_sitemaps(self):
        index = ("<sitemapindex><sitemap><loc>http://shop.test/one.xml</loc></sitemap>"
                 "</sitemapindex>")
        one = "<urlset>" + "".join(f"<url><loc>http://shop.test/page?id={i}&amp;x=1</loc></url>"
                                   for i in range(20)) + "</urlset>"
        pages = {"/map.xml": index, "/one.xml": one}

        def script(connection, request):
            target = request.first_line.split(" ")[1]
            connection.send(origin.plain(pages.get(target, target), fields=FRESH))
        edge = self.edge(script)
        status, said, _ = self.command(edge, "prewarm", "--edge", f"127.0.0.1:{edge.port}",
                                       "http://shop.test/map.xml")
        self.assertEqual(status, 0)
        self.assertIn("20 URLs: 20 stored", said)
        self.assertIn("; hit", self.ask(edge, "/page?id=7&x=1").get("cache-status"))

    def test_weir_edge_prewarm_takes_a_list_and_tells_what_failed(self):
        edge = self.edge(Counting(fields="Cache-Control: no-store\r\n"))
        status, said, _ = self.command(edge, "prewarm", "-",
                                       stdin="http://shop.test/a\nhttp://shop.test/b\nnonsense\n")
        self.assertEqual(status, 1)
        self.assertIn("2 may not be stored", said)
        self.assertIn("1 are of no site here", said)

    def test_what_was_hot_is_saved_at_stop_and_fetched_at_the_next_start(self):
        script = Counting()
        edge = self.edge(script)
        for _ in range(3):
            self.ask(edge, "/hot")
        self.assertEqual(edge.stop(), 0)
        saved = (edge.data / "hot-keys.txt").read_text()
        self.assertIn("http://shop.test/hot\n", saved)
        again = self.weir(self.scripted.port, options={"edge.cache.hot.load": "true"},
                          arguments=("--set", f"runtime.data={edge.data}"))
        deadline = time.monotonic() + 10
        while script.count < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        self.assertIn("; hit", self.ask(again, "/hot").get("cache-status"))

    def test_purge_as_a_method_is_for_trusted_peers(self):
        script = Counting()
        options = {"edge.cache.purge_method": "true", keys.TRUSTED_PEERS: "127.0.0.1/32"}
        edge = self.edge(script, **options)
        self.ask(edge)
        purge = b"PURGE /x HTTP/1.1\r\nHost: shop.test\r\n\r\n"
        self.assertEqual(raw.ask(edge.port, purge).body, b"purged\n")
        self.assertEqual(self.ask(edge).body, b"answer 2 to /x")
        # What clients get over TLS is purged as well by who asks in clear.
        secure = "X-Forwarded-Proto: https\r\n"
        self.ask(edge, fields=secure)
        self.assertEqual(raw.ask(edge.port, purge).body, b"purged\n")
        self.assertEqual(self.ask(edge, fields=secure).body, b"answer 4 to /x")
        other = self.edge(script, **{"edge.cache.purge_method": "true"})
        self.assertNotEqual(raw.ask(other.port, purge).body, b"purged\n")

    def test_weir_up_gives_answers_without_a_lifetime_five_minutes(self):
        script = Counting(fields="")
        scripted = self.origin(script)
        edge = self.weir(scripted.port, service="up")
        self.ask(edge)
        self.assertEqual(self.ask(edge).body, b"answer 1 to /x")


class BeforeNginx(NginxCase):
    """A real origin: validators, ranges and sizes as nginx has them."""
    OPTIONS = {"edge.cache.default_ttl": "1m"}

    def test_a_large_file_is_served_from_the_cache_byte_for_byte(self):
        for _ in range(2):
            status, _, body = self.edge.get("/large.bin")
            self.assertEqual((status, body == self.nginx.large), (200, True))
        status, fields, _ = self.edge.get("/large.bin", method="HEAD")
        self.assertIn("hit", fields["cache-status"])

    def test_parts_of_it_are_what_nginx_would_send(self):
        self.edge.get("/large.bin")
        for first, last in ((0, 0), (5_000_000, 5_100_000), (10_485_000, 10_485_759)):
            headers = {"Range": f"bytes={first}-{last}"}
            status, fields, body = self.edge.get("/large.bin", headers=headers)
            _, wanted, _ = self.edge.get("/large.bin", port=self.nginx.port, headers=headers)
            self.assertEqual((status, body == self.nginx.large[first:last + 1]), (206, True))
            self.assertEqual(fields["content-range"], wanted["content-range"])

    def test_a_condition_of_nginx_holds_at_the_edge(self):
        _, fields, _ = self.edge.get("/small.txt")
        status, again, body = self.edge.get("/small.txt",
                                            headers={"If-None-Match": fields["etag"]})
        self.assertEqual((status, body, again["etag"]), (304, b"", fields["etag"]))

    def test_a_part_of_what_is_not_stored_brings_the_whole_after_it(self):
        (self.nginx.root / "part.bin").write_bytes(b"0123456789" * 1000)
        status, _, body = self.edge.get("/part.bin", headers={"Range": "bytes=10-14"})
        self.assertEqual((status, body), (206, b"01234"))
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            _, fields, _ = self.edge.get("/part.bin", headers={"Range": "bytes=20-24"})
            if "; hit" in fields["cache-status"]:
                return
            time.sleep(0.1)
        self.fail("the whole never came")
