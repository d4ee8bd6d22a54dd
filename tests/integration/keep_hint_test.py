"""A service that answers asks, late, that the trace be kept; who is believed, and who is told."""
import re

from support import keys, origin, process
from support.case import Case
from otlp_test import Receiver

HINT = "Trace-Keep: ?1\r\n"
TRAILER = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Trace-Keep\r\n\r\n"
           b"1\r\na\r\n0\r\nTrace-Keep: ?1\r\n\r\n")


class KeepHint(Case):
    OPTIONS = {"telemetry.sampling.rate": "0", "edge.origin.trusted": "true"}

    def count(self, edge, series):
        found = re.search(f"^{re.escape(series)} (\\S+)$", edge.metrics(), re.MULTILINE)
        return float(found[1]) if found else 0

    def kept(self, edge):
        return self.count(edge, 'telemetry_traces_kept_total{reason="requested"}')

    def hinting(self, answer, **options):
        edge, _ = self.behind(origin.answering(answer), options={**self.OPTIONS, **options})
        return edge

    def test_a_trusted_origin_has_the_trace_kept_whatever_the_rate(self):
        edge = self.hinting(origin.plain("a", fields=HINT + "Cache-Control: no-store\r\n"))
        for method in ("GET", "POST"):
            fields = edge.get("/", method=method)[1]
            self.assertNotIn("trace-keep", fields)
        self.assertEqual(self.kept(edge), 2)
        self.assertEqual(self.count(edge, 'edge_keep_hints_total{believed="true"}'), 2)
        self.assertEqual(self.count(edge, 'telemetry_traces_kept_total{reason="rate"}'), 0)

    def test_the_hint_may_come_behind_the_body(self):
        edge = self.hinting(TRAILER)
        edge.get("/", headers={"TE": "trailers"}, method="POST")
        self.assertEqual(self.kept(edge), 1)

    def test_other_values_ask_for_nothing(self):
        for value in ("?0", "1", "true", "?1x", ""):
            edge = self.hinting(origin.plain("a", fields=f"Trace-Keep: {value}\r\n"))
            edge.get("/")
            self.assertEqual(self.kept(edge), 0, value)
        edge = self.hinting(origin.plain("a", fields="Trace-Keep: ?1;reason=stale\r\n"))
        edge.get("/")
        self.assertEqual(self.kept(edge), 1)

    def test_an_origin_that_is_not_trusted_is_not_believed_but_counted(self):
        edge = self.hinting(origin.plain("a", fields=HINT), **{"edge.origin.trusted": "false"})
        self.assertNotIn("trace-keep", edge.get("/")[1])
        self.assertEqual(self.kept(edge), 0)
        self.assertEqual(self.count(edge, 'edge_keep_hints_total{believed="false"}'), 1)

    def test_the_cache_does_not_repeat_it(self):
        edge = self.hinting(origin.plain("a", fields=HINT + "Cache-Control: max-age=60\r\n"),
                            **{keys.TRUSTED_PEERS: "127.0.0.0/8"})
        self.assertEqual(edge.get("/")[1].get("trace-keep"), "?1")
        for _ in range(3):
            fields = edge.get("/")[1]
            self.assertNotIn("trace-keep", fields)
            self.assertIn("hit", fields["cache-status"])
        self.assertEqual(self.kept(edge), 1)

    def test_two_edges_in_a_row_keep_their_parts_of_one_trace(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        export = {"otlp.endpoint": f"http://127.0.0.1:{receiver.port}",
                  "otlp.interval": "100ms"}
        inner = self.hinting(origin.plain("a", fields=HINT),
                             **{**export, keys.TRUSTED_PEERS: "127.0.0.0/8"})
        outer = self.weir(inner.port, options={**self.OPTIONS, **export})
        self.assertNotIn("trace-keep", outer.get("/")[1])
        process.wait_until(lambda: len(receiver.spans) == 4, 10, "four spans")
        self.assertEqual(len({span.trace for span in receiver.spans}), 1)
        ids = {span.id for span in receiver.spans}
        self.assertEqual(len([span for span in receiver.spans if span.parent not in ids]), 1)
        self.assertEqual((self.kept(outer), self.kept(inner)), (1, 1))
