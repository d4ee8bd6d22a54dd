"""Parts of answers (206): stored, served, put together, and never mixed."""
import re
import threading

from support import origin, process, raw
from support.cached import FRESH, Cached

WHOLE = b"".join(b"%07d\n" % number for number in range(1250))  # 10,000 bytes
LARGE = {"edge.cache.fill.range_bytes_max": "0"}  # of what is "small", the whole would be fetched


class Ranged:
    """One resource that honours Range, If-Range and If-None-Match, and notes what it was asked."""

    def __init__(self, whole=WHOLE, tag='"1"', fields=FRESH):
        self.whole, self.tag, self.fields = whole, tag, fields
        self.asked = []
        self.lie = None  # called with (range, length), answers the value of Content-Range
        self.heeds_if_range = True
        self.cut = None  # this many bytes of a part are sent, then the connection ends
        self.lock = threading.Lock()

    def __call__(self, connection, request):
        with self.lock:
            self.asked.append(request.get("range"))
        fields = self.fields + f"ETag: {self.tag}\r\n"
        if request.get("if-none-match") == self.tag:
            return connection.send(f"HTTP/1.1 304 Not Modified\r\n{fields}\r\n".encode())
        first, last = self.part(request)
        if first is None:
            return connection.send(origin.plain(self.whole, fields=fields))
        said = self.lie and self.lie((first, last), len(self.whole))
        said = said or f"bytes {first}-{last}/{len(self.whole)}"
        answer = origin.plain(self.whole[first:last + 1], "206 Partial Content",
                              fields + f"Content-Range: {said}\r\n")
        if self.cut is None:
            return connection.send(answer)
        connection.send(answer[:answer.index(b"\r\n\r\n") + 4 + self.cut])
        connection.close()

    def part(self, request):
        if self.heeds_if_range and request.get("if-range") not in (None, self.tag):
            return None, None
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", request.get("range") or "")
        if not found:
            return None, None
        first, last = found.groups()
        if not first:
            return max(0, len(self.whole) - int(last)), len(self.whole) - 1
        return int(first), min(int(last or len(self.whole)), len(self.whole) - 1)


class OfParts(Cached):
    def setUp(self):
        self.script = Ranged()

    def edge(self, script=None, **options):
        return super().edge(script or self.script, **(LARGE | options))

    def part(self, edge, text, fields="", whole=WHOLE):
        """Asks for a part, which has to be the right one."""
        answer = self.ask(edge, fields=f"Range: bytes={text}\r\n{fields}")
        self.assertEqual(answer.status, 206, answer)
        said = re.match(r"bytes (\d+)-(\d+)/", answer.get("content-range"))
        first, last = map(int, said.groups())
        self.assertEqual(answer.body, whole[first:last + 1])
        return answer

    def assert_hit(self, answer):
        self.assertIn("; hit", answer.get("cache-status"))

    def assert_torn(self, edge, fields=""):
        """The answer is an error, or one that can be seen to end early."""
        try:
            self.assertGreaterEqual(self.ask(edge, fields=fields).status, 500)
        except (raw.Truncated, OSError):
            pass


class Parts(OfParts):
    def test_a_part_is_stored_and_answers_what_lies_in_it(self):
        edge = self.edge()
        self.part(edge, "1000-1999")
        self.part(edge, "1000-1999")
        for text in ("1000-1999", "1500-1500", "1000-1001"):
            self.assert_hit(self.part(edge, text))
        self.assertEqual(self.script.asked, ["bytes=1000-1999"])

    def test_a_part_at_the_end_answers_however_the_end_is_named(self):
        edge = self.edge()
        self.part(edge, "-100")
        self.part(edge, "-100")
        for text in ("-100", "-1", "9950-", "9900-20000"):
            self.assert_hit(self.part(edge, text))
        self.assertEqual(self.script.asked, ["bytes=-100"])

    def test_only_what_is_missing_is_asked_of_the_origin(self):
        edge = self.edge()
        self.part(edge, "0-999")
        self.part(edge, "0-999")
        self.assertIn("fwd=partial", self.part(edge, "500-1999").get("cache-status"))
        self.assertEqual(self.script.asked, ["bytes=0-999", "bytes=1000-1999"])
        self.assert_hit(self.part(edge, "500-1999"))

    def test_a_request_for_the_whole_completes_it(self):
        edge = self.edge()
        self.part(edge, "4000-5999")
        self.part(edge, "0-999")
        self.part(edge, "9000-")
        whole = self.ask(edge)
        self.assertEqual((whole.status, whole.body), (200, WHOLE))
        self.assertEqual(whole.get("content-range"), None)
        self.assertEqual(self.script.asked[3:], ["bytes=1000-8999"])
        again = self.ask(edge)
        self.assertEqual(again.body, WHOLE)
        self.assert_hit(again)
        self.assert_hit(self.part(edge, "3-7"))

    def test_parts_that_are_enough_need_no_origin(self):
        edge = self.edge()
        self.part(edge, "0-4999")
        self.part(edge, "5000-9999")
        self.part(edge, "5000-9999")
        self.scripted.close()
        self.assert_hit(self.part(edge, "4000-6000"))
        whole = self.ask(edge)
        self.assertEqual((whole.status, whole.body), (200, WHOLE))
        self.assert_hit(whole)

    def test_a_stale_part_is_validated(self):
        self.script.fields = "Cache-Control: max-age=0\r\n"
        edge = self.edge()
        self.part(edge, "0-99")
        again = self.part(edge, "0-99")
        self.assertIn("fwd=stale; fwd-status=304", again.get("cache-status"))

    def test_a_client_with_if_range_never_gets_a_part_of_another_version(self):
        edge = self.edge()
        self.part(edge, "0-999")
        self.assert_hit(self.part(edge, "0-99", 'If-Range: "1"\r\n'))
        other = self.ask(edge, fields='Range: bytes=0-99\r\nIf-Range: "0"\r\n')
        self.assertEqual((other.status, other.body), (200, WHOLE))

    def test_a_resumed_download_is_stored_in_parts(self):
        edge = self.edge()
        for first in range(0, 10_000, 2500):
            self.part(edge, f"{first}-{first + 2499}", 'If-Range: "1"\r\n' if first else "")
        whole = self.ask(edge)
        self.assertEqual(whole.body, WHOLE)
        self.assert_hit(whole)
        self.assertEqual(len(self.script.asked), 4)

    def test_if_range_of_another_version_than_the_stored_parts_is_for_the_origin(self):
        edge = self.edge()
        self.part(edge, "0-999")
        self.script.whole, self.script.tag = WHOLE[::-1], '"2"'
        answer = self.part(edge, "2000-2999", 'If-Range: "2"\r\n', whole=self.script.whole)
        self.assertEqual(answer.get("etag"), '"2"')
        old = self.ask(edge, fields='Range: bytes=2000-2999\r\nIf-Range: "1"\r\n')
        self.assertEqual((old.status, old.body), (200, self.script.whole))

    def test_a_part_in_ones_language_is_not_taken_for_the_whole(self):
        self.script.fields = FRESH + "Vary: Accept-Language\r\nContent-Language: en\r\n"
        edge = self.edge()
        self.part(edge, "0-99", "Accept-Language: en\r\n")
        for language in ("en", "en-GB, en;q=0.9", "de"):
            whole = self.ask(edge, fields=f"Accept-Language: {language}\r\n")
            self.assertEqual((whole.status, whole.body), (200, WHOLE))

    def test_conditions_hold_for_parts(self):
        edge = self.edge()
        self.part(edge, "0-999")
        self.part(edge, "0-999")
        same = self.ask(edge, fields='Range: bytes=0-99\r\nIf-None-Match: "1"\r\n')
        self.assertEqual((same.status, same.body), (304, b""))

    def test_small_wholes_are_completed_behind_a_part(self):
        edge = self.edge(**{"edge.cache.fill.range_bytes_max": "1MiB"})
        self.part(edge, "0-99")
        process.wait_until(lambda: len(self.script.asked) > 1, 5, "the rest")
        process.wait_until(lambda: "; hit" in self.ask(edge).get("cache-status"), 5, "a hit")
        self.assertEqual(self.ask(edge).body, WHOLE)
        self.assertEqual(self.script.asked, ["bytes=0-99", "bytes=100-9999"])

    def test_a_herd_on_one_part_is_one_fetch(self):
        edge = self.edge()
        herd = [threading.Thread(target=self.part, args=(edge, "2000-7999")) for _ in range(50)]
        for each in herd:
            each.start()
        for each in herd:
            each.join()
        self.assertEqual(self.script.asked, ["bytes=2000-7999"])

    def test_a_purge_takes_the_parts_as_well(self):
        edge = self.edge()
        self.part(edge, "0-999")
        self.part(edge, "0-999")
        status, answer = self.admin(edge, "/cache/purge?url=http%3A%2F%2Fshop.test%2Fx")
        self.assertEqual((status, b'"purged":1' in answer), (200, True))
        self.part(edge, "0-999")
        self.assertEqual(len(self.script.asked), 2)

    def test_a_key_with_parts_is_explained(self):
        edge = self.edge()
        self.part(edge, "0-999")
        self.part(edge, "0-999")
        _, answer = self.admin(edge, "/debug/cache?url=http%3A%2F%2Fshop.test%2Fx", "GET")
        self.assertIn(b'"part":"bytes 0-999/10000"', answer)

    def test_parts_may_be_left_to_the_origin(self):
        edge = self.edge(**{"edge.cache.fill.parts_max": "0"})
        self.part(edge, "0-99")
        self.part(edge, "0-99")
        self.assertEqual(len(self.script.asked), 2)


class NeverMixed(OfParts):
    """Origins that change, lie or break off between two parts."""

    def after_first_part(self, edge=None):
        edge = edge or self.edge()
        self.part(edge, "0-4999")
        self.part(edge, "0-4999")
        return edge

    def change(self, tag='"2"'):
        self.script.whole, self.script.tag = WHOLE[::-1], tag
        return self.script.whole

    def test_a_new_version_comes_whole(self):
        edge = self.after_first_part()
        changed = self.change()
        self.assertEqual(self.ask(edge).body, changed)

    def test_an_origin_that_ignores_if_range_is_asked_for_the_whole(self):
        edge = self.after_first_part()
        changed = self.change()
        self.script.heeds_if_range = False
        self.assertEqual(self.ask(edge).body, changed)
        self.assertEqual(self.script.asked[-2:], ["bytes=5000-9999", None])

    def test_a_part_of_a_new_version_is_not_put_behind_one_of_the_old(self):
        edge = self.after_first_part()
        changed = self.change()
        self.script.heeds_if_range = False
        self.part(edge, "4000-5999", whole=changed)
        self.part(edge, "4000-5999", whole=changed)
        self.assertNotIn("; hit", self.part(edge, "0-10", whole=changed).get("cache-status"))

    def test_weak_validators_combine_nothing(self):
        self.script.tag = 'W/"1"'
        edge = self.after_first_part()
        changed = self.change('W/"1"')
        self.assertEqual(self.ask(edge).body, changed)

    def test_a_contradicting_content_range_is_not_stored_nor_combined(self):
        lies = {
            "another length": lambda part, length: f"bytes {part[0]}-{part[1]}/{length + 1}",
            "another place": lambda part, length: f"bytes {part[0] - 1}-{part[1] - 1}/{length}",
            "more bytes": lambda part, length: f"bytes {part[0] - 1}-{part[1]}/{length}",
            "no length": lambda part, length: f"bytes {part[0]}-{part[1]}/*",
            "nothing": lambda part, length: "bytes nonsense",
        }
        for name, lie in lies.items():
            with self.subTest(name):
                self.script = Ranged()
                edge = self.after_first_part()
                self.script.lie = lie
                self.assertEqual(self.ask(edge).body, WHOLE)
                self.script.lie = None
                self.assertEqual(self.part(edge, "4000-9000").body, WHOLE[4000:9001])

    def test_a_rest_that_breaks_off_is_never_a_whole(self):
        edge = self.after_first_part()
        self.script.cut = 100
        self.assert_torn(edge)
        self.script.cut = None
        self.assertEqual(self.ask(edge).body, WHOLE)

    def test_a_part_that_breaks_off_is_not_kept(self):
        edge = self.edge()
        self.script.cut = 100
        self.assert_torn(edge, "Range: bytes=0-999\r\n")
        self.script.cut = None
        self.part(edge, "0-999")
        self.assertEqual(len(self.script.asked), 2)


class AnswersToPost(Cached):
    FIELDS = FRESH + "Content-Location: /x\r\n"

    def script(self, connection, request):
        method, target = request.first_line.split(" ")[:2]
        connection.send(origin.plain(f"{method} {target} {request.body.decode()}",
                                     fields=self.FIELDS))

    def post(self, edge, fields="", body="new", path="/x"):
        return raw.ask(edge.port, f"POST {path} HTTP/1.1\r\nHost: shop.test\r\n{fields}"
                       f"Content-Length: {len(body)}\r\n\r\n{body}".encode(), "POST")

    def test_what_a_post_says_is_the_content_of_its_address_is_stored_for_gets(self):
        edge = self.edge(self.script)
        self.assertEqual(self.ask(edge).body, b"GET /x ")
        answer = self.post(edge)
        self.assertEqual((answer.status, answer.body), (200, b"POST /x new"))
        self.assertIn("stored", answer.get("cache-status"))
        process.wait_until(lambda: "; hit" in self.ask(edge).get("cache-status"), 5, "a hit")
        self.assertEqual(self.ask(edge).body, b"POST /x new")

    def test_a_purge_while_a_post_is_under_way_holds_for_what_its_answer_would_store(self):
        arrived, go_on = threading.Event(), threading.Event()

        def slow(connection, request):
            if request.first_line.startswith("POST"):
                arrived.set()
                go_on.wait(10)
            self.script(connection, request)

        edge = self.edge(slow)
        answers = []
        posting = threading.Thread(target=lambda: answers.append(self.post(edge)))
        posting.start()
        self.assertTrue(arrived.wait(10))
        self.assertEqual(self.admin(edge, "/cache/purge?url=http%3A%2F%2Fshop.test%2Fx")[0], 200)
        go_on.set()
        posting.join(10)
        self.assertEqual(answers[0].body, b"POST /x new")
        self.assertEqual(self.ask(edge).body, b"GET /x ")

    def test_a_post_is_never_answered_from_the_cache(self):
        edge = self.edge(self.script)
        self.post(edge)
        self.assertEqual(self.post(edge, body="newer").body, b"POST /x newer")

    def test_without_a_lifetime_or_for_another_address_it_is_not_stored(self):
        for fields in ("Content-Location: /x\r\n", FRESH, FRESH + "Content-Location: /y\r\n",
                       FRESH + "Content-Location: http://other.test/x\r\n",
                       "Cache-Control: no-store\r\nContent-Location: /x\r\n"):
            with self.subTest(fields):
                self.FIELDS = fields
                edge = self.edge(self.script)
                self.assertNotIn("stored", self.post(edge).get("cache-status"))
                self.assertEqual(self.ask(edge).body, b"GET /x ")

    def test_a_field_that_is_not_in_the_key_keeps_it_from_being_stored(self):
        edge = self.edge(self.script)
        self.assertNotIn("stored", self.post(edge, "X-Original-URL: /evil\r\n").get("cache-status"))
        self.assertEqual(self.ask(edge).body, b"GET /x ")

    def test_a_query_that_the_key_leaves_out_keeps_it_from_being_stored(self):
        self.FIELDS = FRESH + "Content-Location: /x?id=1\r\n"
        scripted = self.origin(self.script)
        edge = self.weir(scripted.port, config='edge:\n  cache:\n    keys:\n'
                         '      - {query: except, names: ["utm_*"]}\n')
        self.assertNotIn("stored", self.post(edge, path="/x?id=1").get("cache-status"))
