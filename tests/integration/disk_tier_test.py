"""The cache's tier on disk: restarts, what was broken on purpose, purges that last."""
import json
import signal
import time

from support import origin, process, raw
from support.case import Case

OPTIONS = {"edge.cache.disk.bytes": "64MiB", "edge.cache.disk.partitions": 2,
           "edge.cache.disk.segment_bytes": "4MiB", "edge.cache.disk.flush_after": "50ms"}
COUNT = 40


def body_of(path):
    """Every byte follows from the path; some are larger than one read of the tier."""
    number = int(path.rsplit("-", 1)[1])
    size = 700_000 if number % 10 == 0 else 100 + number * 300
    return (f"{path} " * (size // len(path) + 1))[:size]


class Origin:
    """Answers what body_of() says, and knows who was asked for."""

    def __init__(self, fields=""):
        if "Cache-Control" not in fields:
            fields += "Cache-Control: max-age=600\r\n"
        self.fields = fields
        self.asked = []
        self.failing = False

    def __call__(self, connection, request):
        path = request.first_line.split(" ")[1]
        self.asked.append(path)
        if self.failing:
            return connection.send(origin.plain("failing", "503 Service Unavailable"))
        connection.send(origin.plain(body_of(path), "200 OK", self.fields))


class Versioned(Origin):
    """The same with a tag, by which it confirms."""

    def __init__(self, fields):
        super().__init__(fields + 'ETag: "one"\r\n')
        self.confirmed = []

    def __call__(self, connection, request):
        if request.get("if-none-match") != '"one"':
            return super().__call__(connection, request)
        self.confirmed.append(request.first_line.split(" ")[1])
        connection.send(b"HTTP/1.1 304 Not Modified\r\nETag: \"one\"\r\n"
                        b"Cache-Control: max-age=600\r\n\r\n")


class DiskTier(Case):
    def start(self, script_port, data=None, **options):
        return self.weir(script_port, options={**OPTIONS, **options}, data=data)

    def ask_all(self, edge, prefix="/item"):
        """The number of answers that came from disk; each must be right."""
        from_disk = 0
        for number in range(COUNT):
            path = f"{prefix}-{number}"
            data = f"GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode()
            answer = raw.ask(edge.port, data)
            self.assertEqual(answer.status, 200)
            self.assertTrue(answer.body == body_of(path).encode(), f"{path} is not right")
            from_disk += "disk" in (answer.get("cache-status") or "")
        return from_disk

    def fill(self, edge, prefix="/item"):
        self.ask_all(edge, prefix)
        self.ask_all(edge, prefix)

    def test_what_was_hit_is_served_after_a_restart(self):
        script = Origin()
        scripted = self.origin(script)
        first = self.start(scripted.port)
        self.fill(first)
        self.assertEqual(first.stop(), 0)
        second = self.start(scripted.port, first.data)
        script.asked.clear()
        self.assertEqual(self.ask_all(second), COUNT)
        self.assertEqual(script.asked, [])
        # From here on it is in memory, like everything else.
        self.assertEqual(self.ask_all(second), 0)
        self.assertIn('edge_cache_disk_lookups_total{result="hit"}', second.metrics())

    def test_with_admission_all_a_crash_loses_little(self):
        script = Origin()
        scripted = self.origin(script)
        options = {"edge.cache.disk.admission": "all"}
        first = self.start(scripted.port, **options)
        self.ask_all(first)
        written = 'edge_cache_disk_offers_total{result="written"} ' + str(COUNT)
        process.wait_until(lambda: written in first.metrics(), 10, "all to be written")
        first.signal(signal.SIGKILL)
        first.wait(10)
        second = self.start(scripted.port, first.data, **options)
        self.assertGreater(self.ask_all(second), COUNT * 3 // 4)

    def test_what_was_broken_on_purpose_is_a_miss(self):
        script = Origin()
        scripted = self.origin(script)
        first = self.start(scripted.port)
        self.fill(first)
        self.assertEqual(first.stop(), 0)
        for segment in first.data.glob("cache/partition-*/segment-*"):
            data = bytearray(segment.read_bytes())
            # Behind the head and the seal, every 2000th byte turns over.
            for at in range(8192, len(data), 2000):
                data[at] ^= 0x10
            segment.write_bytes(data)
        second = self.start(scripted.port, first.data)
        script.asked.clear()
        self.assertLess(self.ask_all_or_torn(second), COUNT)
        self.assertGreater(len(script.asked), COUNT // 2)
        self.assertGreater(self.broken(second), 0)

    def broken(self, edge):
        lines = [line for line in edge.metrics().splitlines()
                 if line.startswith("edge_cache_disk_broken_total{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def ask_all_or_torn(self, edge):
        """The same, but a large answer may break off; never is one wrong."""
        from_disk = 0
        for number in range(COUNT):
            path = f"/item-{number}"
            data = f"GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n".encode()
            try:
                answer = raw.ask(edge.port, data)
            except (OSError, raw.Truncated):
                continue
            if answer.status == 200:
                self.assertTrue(answer.body == body_of(path).encode(), f"{path} is not right")
            from_disk += "disk" in (answer.get("cache-status") or "")
        return from_disk

    def test_what_was_purged_does_not_come_back(self):
        script = Origin("Surrogate-Key: all\r\n")
        scripted = self.origin(script)
        first = self.start(scripted.port)
        self.fill(first)
        self.assertEqual(first.stop(), 0)
        second = self.start(scripted.port, first.data)
        # These are on disk only.
        for query in ("url=http%3A%2F%2Fshop.test%2Fitem-3",
                      "prefix=http%3A%2F%2Fshop.test%2Fitem-2"):
            self.assertEqual(second.get(f"/cache/purge?{query}", second.admin, method="POST")[0],
                             200)
        self.assertEqual(second.stop(), 0)
        third = self.start(scripted.port, first.data)
        script.asked.clear()
        self.ask_all(third)
        purged = ["/item-2", "/item-3", *(f"/item-2{digit}" for digit in range(10))]
        self.assertEqual(sorted(script.asked), sorted(purged))
        self.assertEqual(third.get("/cache/purge?tag=all", third.admin, method="POST")[0], 200)
        self.assertEqual(third.stop(), 0)
        fourth = self.start(scripted.port, first.data)
        self.assertEqual(self.ask_all(fourth), 0)

    def test_a_tier_that_is_off_keeps_nothing(self):
        script = Origin()
        scripted = self.origin(script)
        first = self.start(scripted.port)
        self.fill(first)
        self.assertEqual(first.stop(), 0)
        second = self.start(scripted.port, first.data, **{"edge.cache.disk.bytes": 0})
        process.wait_until(lambda: not list(first.data.glob("cache/partition-*/segment-*")), 10,
                           "the files to go")
        self.assertEqual(second.stop(), 0)

    def test_what_memory_evicts_is_found_on_disk(self):
        script = Origin()
        scripted = self.origin(script)
        edge = self.start(scripted.port, **{"edge.cache.memory.bytes": "2MiB"})
        self.ask_all(edge, "/once")
        self.fill(edge)
        # Others take their place, which are as popular.
        for part in range(10):
            self.fill(edge, f"/flood-{part}")
        evicted = "edge_cache_removed_total{reason=\"evicted\"}"
        self.assertIn(evicted, edge.metrics())
        script.asked.clear()
        self.assertGreater(self.ask_all(edge), 0)
        # What was asked for once only has not been written.
        self.ask_all(edge, "/once")
        self.assertIn("/once-1", script.asked)

    def restarted(self, script):
        """An edge that has nothing in memory, and what `script` answered once on disk."""
        scripted = self.origin(script)
        first = self.start(scripted.port)
        self.fill(first)
        self.assertEqual(first.stop(), 0)
        script.asked.clear()
        return self.start(scripted.port, first.data)

    def send(self, edge, path, method="GET", fields=""):
        data = f"{method} {path} HTTP/1.1\r\nHost: shop.test\r\n{fields}\r\n".encode()
        return raw.ask(edge.port, data, method)

    def test_a_key_that_is_on_disk_only_is_explained(self):
        edge = self.restarted(Origin())
        path = "/debug/cache?url=http%3A%2F%2Fshop.test%2Fitem-3"
        report = json.loads(edge.get(path, edge.admin)[2])
        self.assertEqual((report["stored"], report["variants"]), (False, []))
        self.assertEqual([each["status"] for each in report["on_disk"]], [200])
        # It was looked at, not taken.
        self.assertEqual(json.loads(edge.get(path, edge.admin)[2])["variants"], [])

    def test_head_parts_and_only_if_cached_look_on_disk_too(self):
        script = Origin()
        edge = self.restarted(script)
        head = self.send(edge, "/item-3", "HEAD")
        self.assertEqual((head.status, head.get("content-length")),
                         (200, str(len(body_of("/item-3")))))
        part = self.send(edge, "/item-4", fields="Range: bytes=10-19\r\n")
        self.assertEqual((part.status, part.body), (206, body_of("/item-4")[10:20].encode()))
        large = self.send(edge, "/item-10", fields="Range: bytes=600000-600009\r\n")
        self.assertEqual((large.status, large.body),
                         (206, body_of("/item-10")[600000:600010].encode()))
        only = "Cache-Control: only-if-cached\r\n"
        cached = self.send(edge, "/item-5", fields=only)
        self.assertEqual((cached.status, cached.body), (200, body_of("/item-5").encode()))
        self.assertEqual(self.send(edge, "/item-99", fields=only).status, 504)
        self.assertEqual(script.asked, [])
        self.assertEqual(self.send(edge, "/item-99", "HEAD").status, 200)
        self.assertEqual(script.asked, ["/item-99"])

    def test_what_is_too_old_on_disk_is_confirmed_and_its_body_kept(self):
        script = Versioned("Cache-Control: max-age=2\r\n")
        edge = self.restarted(script)
        time.sleep(3)
        for number in (3, 10):
            answer = self.send(edge, f"/item-{number}")
            self.assertEqual((answer.status, answer.body),
                             (200, body_of(f"/item-{number}").encode()))
        self.assertEqual(script.asked, [])
        self.assertEqual(script.confirmed[-2:], ["/item-3", "/item-10"])
        # Now it is fresh again, as the confirmation said.
        script.confirmed.clear()
        self.assertIn("hit", self.send(edge, "/item-3").get("cache-status"))
        self.assertEqual(script.confirmed, [])

    def test_what_is_too_old_on_disk_stands_in_for_an_origin_that_fails(self):
        script = Origin("Cache-Control: max-age=2, stale-if-error=600\r\n")
        edge = self.restarted(script)
        time.sleep(3)
        script.failing = True
        answer = self.send(edge, "/item-3")
        self.assertEqual((answer.status, answer.body), (200, body_of("/item-3").encode()))
        self.assertEqual(self.send(edge, "/item-99").status, 503)

    def test_prewarming_takes_what_is_on_disk_from_there(self):
        script = Origin()
        edge = self.restarted(script)
        urls = "".join(f"http://shop.test/item-{number}\n" for number in range(COUNT))
        self.assertEqual(edge.get("/cache/prewarm", edge.admin, method="POST",
                                  body=urls.encode())[0], 202)
        process.wait_until(
            lambda: json.loads(edge.get("/cache/prewarm/state", edge.admin)[2])["done"] == COUNT,
            10, "all to be prewarmed")
        self.assertEqual(script.asked, [])
        self.assertEqual(self.ask_all(edge), 0)
        self.assertEqual(script.asked, [])
