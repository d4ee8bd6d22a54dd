"""The cache's tier on disk: restarts, what was broken on purpose, purges that last."""
import signal

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
        self.fields = "Cache-Control: max-age=600\r\n" + fields
        self.asked = []

    def __call__(self, connection, request):
        path = request.first_line.split(" ")[1]
        self.asked.append(path)
        connection.send(origin.plain(body_of(path), "200 OK", self.fields))


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

    def fill(self, edge):
        self.ask_all(edge)
        self.ask_all(edge)

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
