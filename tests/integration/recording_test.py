"""What is recorded about requests, as the operator wants it, and what spans say of outcomes."""
import json

from support import keys, origin
from support.case import Case

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def traces(edge):
    lines = edge.get("/debug/traces", edge.admin)[2].decode().splitlines()
    return [json.loads(line) for line in lines]


class WhatIsRecorded(Case):
    def ask(self, record, **options):
        """The metrics after one failed request, and the origin."""
        edge, scripted = self.behind(
            origin.answering(origin.plain("", "500 Internal Server Error")),
            options={"telemetry.record": record, **options})
        edge.get("/a", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        self.edge = edge
        return edge.metrics(), scripted

    def test_metrics_alone(self):
        text, scripted = self.ask("metrics")
        self.assertIn('http_requests_total{method="GET",status="500"} 1\n', text)
        self.assertIn("otel_sdk_span_started_total 0\n", text)
        self.assertEqual(traces(self.edge), [])
        # What came goes on; the decision of a stranger does not.
        self.assertEqual(scripted.requests[0].get("traceparent"), f"00-{TRACE}-{PARENT}-00")

    def test_metrics_alone_begin_no_trace(self):
        edge, scripted = self.behind(origin.echoing_target,
                                     options={"telemetry.record": "metrics"})
        edge.get("/a")
        self.assertIsNone(scripted.requests[0].get("traceparent"))
        self.assertRegex(scripted.requests[0].get("x-request-id"), r"^[0-9a-f]{32}$")

    def test_a_trusted_peers_context_goes_on_as_it_came(self):
        _, scripted = self.ask("metrics", **{keys.TRUSTED_PEERS: "127.0.0.0/8"})
        self.assertEqual(scripted.requests[0].get("traceparent"), f"00-{TRACE}-{PARENT}-01")

    def test_nothing(self):
        text, _ = self.ask("nothing")
        self.assertNotIn("http_requests_total{", text)
        self.assertIn("http_request_duration_seconds_count 0\n", text)
        self.assertIn("edge_errors_total 0\n", text)
        self.assertEqual(traces(self.edge), [])

    def test_the_access_log_is_written_all_the_same(self):
        self.ask("nothing", **{"telemetry.access_log.path": "stderr"})
        self.assertEqual(self.edge.stop(), 0)
        self.assertIn('"path":"/a","protocol":"HTTP/1.1","status":500', self.edge.output())


class Outcomes(Case):
    def spans(self, status, **options):
        edge, _ = self.behind(origin.answering(origin.plain("", status)), options=options)
        edge.get("/a?b=c")
        (trace,) = [each for each in traces(edge)
                    if each["spans"][0]["attributes"].get("url.path") == "/a"]
        self.edge = edge
        return trace["kept"], *trace["spans"]

    def test_4xx_is_an_error_to_who_asked_and_no_reason_to_keep_the_trace(self):
        kept, root, fetch = self.spans("404 Not Found", **{"telemetry.sampling.rate": "0"})
        self.assertEqual(kept, "none")
        self.assertNotIn("status", root)
        self.assertNotIn("error.type", root["attributes"])
        self.assertEqual((fetch["status"], fetch["attributes"]["error.type"]), ("error", "404"))

    def test_5xx_is_an_error_to_both(self):
        kept, root, fetch = self.spans("503 Busy", **{"telemetry.sampling.rate": "0"})
        self.assertEqual(kept, "error")
        for span in (root, fetch):
            self.assertEqual((span["status"], span["attributes"]["error.type"]), ("error", "503"))

    def test_a_good_answer_is_none(self):
        _, _, fetch = self.spans("200 OK")
        self.assertNotIn("status", fetch)
        self.assertEqual(fetch["attributes"]["http.request.method"], "GET")
        self.assertEqual(fetch["attributes"]["server.address"], "127.0.0.1")
        self.assertIsInstance(fetch["attributes"]["server.port"], int)
        self.assertNotIn("url.full", fetch["attributes"])

    def test_full_spans_tell_the_whole_url(self):
        _, _, fetch = self.spans("200 OK", **{"telemetry.span_detail": "full"})
        port = fetch["attributes"]["server.port"]
        self.assertEqual(fetch["attributes"]["url.full"], f"http://127.0.0.1:{port}/a?b=c")

    def test_no_answer_has_a_type_of_its_own(self):
        edge = self.weir(1)  # nobody listens there
        edge.get("/a")
        (trace,) = [each for each in traces(edge)
                    if each["spans"][0]["attributes"].get("url.path") == "/a"]
        self.assertEqual([span["attributes"]["error.type"] for span in trace["spans"]],
                         ["502"] + ["refused"] * (len(trace["spans"]) - 1))
        self.assertGreater(len(trace["spans"]), 1)


class ClientAddresses(Case):
    def told(self, detail):
        """What a span and the access log say of 127.0.0.1, and what the origin hears."""
        edge, scripted = self.behind(origin.echoing_target, options={
            "telemetry.client_address": detail, "telemetry.access_log.path": "stderr",
            "telemetry.span_detail": "full"})
        edge.get("/a")
        (trace,) = [each for each in traces(edge)
                    if each["spans"][0]["attributes"].get("url.path") == "/a"]
        self.assertEqual(edge.stop(), 0)
        (line,) = [json.loads(line) for line in edge.output().splitlines()
                   if line.startswith("{") and '"path":"/a"' in line]
        self.assertEqual(scripted.requests[0].get("x-forwarded-for"), "127.0.0.1")
        attributes = trace["spans"][0]["attributes"]
        self.assertEqual(attributes.get("client.address"), attributes.get("network.peer.address"))
        return attributes.get("client.address"), line["client"]

    def test_they_are_told_as_the_operator_wants(self):
        self.assertEqual(self.told("kept"), ("127.0.0.1", "127.0.0.1"))
        self.assertEqual(self.told("truncated"), ("127.0.0.0", "127.0.0.0"))
        self.assertEqual(self.told("dropped"), (None, ""))
        span, line = self.told("hashed")
        self.assertRegex(span, r"^[0-9a-f]{16}$")
        self.assertEqual(span, line)
