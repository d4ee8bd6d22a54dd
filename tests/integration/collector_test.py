"""A real OpenTelemetry Collector takes what weir sends, and what it wrote down is looked at."""
import json
import pathlib
import shutil
import signal

from support import origin, process
from support.case import Case

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"

CONFIG = """\
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
exporters:
  file/traces: {{path: "{folder}/traces", append: true, flush_interval: 100ms}}
  file/metrics: {{path: "{folder}/metrics", append: true, flush_interval: 100ms}}
  file/logs: {{path: "{folder}/logs", append: true, flush_interval: 100ms}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [file/traces]}}
    metrics: {{receivers: [otlp], exporters: [file/metrics]}}
    logs: {{receivers: [otlp], exporters: [file/logs]}}
"""


class Collector:
    """The program that tests/peers/collector builds. start() after stop() goes on in the files."""

    def __init__(self, program):
        self.program = program
        self.folder = process.new_folder("collected")
        self.ports = dict(zip(("grpc", "http"), process.free_ports(2)))
        self.config = self.folder / "config.yaml"
        self.config.write_text(CONFIG.format(folder=self.folder, **self.ports))
        self.logs = []

    def start(self):
        self.running = process.Process("otel_collector", [
            self.program, "--config", f"file:{self.config}"])
        self.logs.append(self.running.log)
        process.wait_until(self.ready_or_dead, 20, "the Collector")

    def ready_or_dead(self):
        if not self.running.running():
            raise process.NotReady(f"the Collector ended: {self.running.output()}")
        return "Everything is ready" in self.running.output()

    def stop(self):
        self.running.signal(signal.SIGTERM)
        assert self.running.wait(10) == 0

    def complaints(self):
        """Lines of its log above "info"."""
        lines = [line for log in self.logs for line in log.read_text().splitlines()]
        return [line for line in lines
                if not line.startswith("{") or json.loads(line)["level"] != "info"]

    def written(self, signal_name):
        """The batches of a signal, one for each resource."""
        file = self.folder / signal_name
        text = file.read_text() if file.exists() else ""
        whole = text[:text.rfind("\n") + 1].splitlines()
        return [batch for line in whole for batches in json.loads(line).values()
                for batch in batches]

    def spans(self):
        return [span for batch in self.written("traces") for scope in batch["scopeSpans"]
                for span in scope["spans"]]

    def metrics(self):
        """The newest of each name."""
        return {metric["name"]: metric for batch in self.written("metrics")
                for scope in batch["scopeMetrics"] for metric in scope["metrics"]}

    def records(self):
        return [record for batch in self.written("logs") for scope in batch["scopeLogs"]
                for record in scope["logRecords"]]


def attributes(holder):
    """Integers are texts in OTLP's JSON, as 64 bits are in all of it."""
    return {pair["key"]: next(iter(pair["value"].values())) for pair in holder["attributes"]}


class CollectorCase(Case):
    PEERS = True
    SECONDS = 120

    def collector(self):
        program = shutil.which("otel-collector")
        if not program:
            self.skipTest("otel-collector is not built")
        made = Collector(pathlib.Path(program))
        made.start()
        self.addCleanup(lambda: made.running.end())
        return made

    def edge_to(self, collector, protocol, **options):
        port = collector.ports["grpc" if protocol == "grpc" else "http"]
        return self.behind(self.script, options={
            "otlp.endpoint": f"http://127.0.0.1:{port}", "otlp.protocol": protocol,
            "otlp.interval": "200ms", "telemetry.sampling.rate": "1",
            "node.id": "edge-us-west-1", "node.region": "us-west", **options})[0]

    @staticmethod
    def script(connection, request):
        broken = request.first_line.startswith("GET /broken")
        connection.send(origin.plain("body", "500 Internal Server Error" if broken else "200 OK"))


class ThreeSignals(CollectorCase):
    def test_it_takes_all_three_over_both_protocols_with_and_without_gzip(self):
        for protocol in ("grpc", "http/protobuf"):
            for compression in ("none", "gzip"):
                with self.subTest(f"{protocol}, {compression}"):
                    self.check(protocol, compression)

    def check(self, protocol, compression):
        collector = self.collector()
        edge = self.edge_to(collector, protocol, **{"otlp.compression": compression})
        edge.get("/first?q=1", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        for _ in range(6):
            edge.get("/more")
        edge.get("/broken")
        self.assertEqual(edge.stop(), 0)
        collector.stop()
        self.check_traces(collector)
        self.check_metrics(collector.metrics())
        self.check_logs(collector)
        self.assertEqual(collector.complaints(), [])

    def check_traces(self, collector):
        spans = collector.spans()
        self.assertEqual(len(spans), 16)
        first = {span["name"]: span for span in spans if span["traceId"] == TRACE}
        root, fetch = first["edge.request"], first["origin.fetch"]
        self.assertEqual((root["parentSpanId"], fetch["parentSpanId"]), (PARENT, root["spanId"]))
        self.assertEqual((root["kind"], fetch["kind"]), (2, 3))
        self.assertEqual(attributes(root)["url.path"], "/first")
        self.assertEqual(attributes(root)["http.response.status_code"], "200")
        self.assertIs(attributes(root)["cache.hit"], False)
        self.assertLessEqual(int(root["startTimeUnixNano"]), int(fetch["startTimeUnixNano"]))
        failed = [span for span in spans if span["status"].get("code") == 2]
        self.assertIn("/broken", [attributes(span).get("url.path") for span in failed])
        for signal_name in ("traces", "metrics", "logs"):
            for batch in collector.written(signal_name):
                resource = attributes(batch["resource"])
                self.assertEqual((resource["service.name"], resource["node.id"],
                                  resource["node.region"]),
                                 ("edge-service", "edge-us-west-1", "us-west"))

    def check_metrics(self, metrics):
        requests = metrics["http_requests_total"]["sum"]
        self.assertTrue(requests["isMonotonic"])
        self.assertEqual(requests["aggregationTemporality"], 2)
        self.assertEqual(sum(int(point["asInt"]) for point in requests["dataPoints"]), 8)
        by_status = {attributes(point)["status"]: int(point["asInt"])
                     for point in requests["dataPoints"]}
        self.assertEqual(by_status, {"200": 7, "500": 1})
        for name, temporality in (("http_request_duration_seconds", 2),
                                  ("http.server.request.duration", 2), ("edge.path.duration", 1)):
            histogram = metrics[name]["exponentialHistogram"]
            self.assertEqual(histogram["aggregationTemporality"], temporality, name)
            points = histogram["dataPoints"]
            self.assertEqual(sum(int(point["count"]) for point in points), 8, name)
            for point in points:
                self.check_exponential(point)

    def check_exponential(self, point):
        """Every value in a bucket, and the extremes in the outermost ones."""
        counts = [int(count) for count in point["positive"]["bucketCounts"]]
        self.assertEqual(sum(counts) + int(point.get("zeroCount", 0)), int(point["count"]))
        self.assertLessEqual(len(counts), 160)
        base = 2 ** 2 ** -point["scale"]
        offset = point["positive"].get("offset", 0)
        self.assertLessEqual(base ** offset, point["min"] * 1.01)
        self.assertLessEqual(point["max"], base ** (offset + len(counts)) * 1.01)
        self.assertLessEqual(point["min"] * int(point["count"]), point["sum"] * 1.0001)

    def check_logs(self, collector):
        (record,) = [each for each in collector.records() if each.get("eventName")]
        self.assertIn("serving", [each["body"]["stringValue"] for each in collector.records()])
        self.assertEqual((record["severityNumber"], record["eventName"]), (17, "request.failed"))
        self.assertIn("error", record["body"]["stringValue"])
        self.assertEqual(attributes(record)["url.path"], "/broken")
        roots = {span["spanId"]: span["traceId"] for span in collector.spans()
                 if attributes(span).get("url.path") == "/broken"}
        self.assertEqual(roots.get(record["spanId"]), record["traceId"])


class Restart(CollectorCase):
    def test_while_it_is_away_nothing_is_lost_but_what_the_account_says(self):
        for protocol in ("grpc", "http/protobuf"):
            with self.subTest(protocol):
                self.check(protocol)

    def check(self, protocol):
        collector = self.collector()
        edge = self.edge_to(collector, protocol, **{
            "otlp.retry.initial": "20ms", "otlp.retry.max": "100ms"})
        for index in range(30):
            edge.get(f"/{index}")
            if index == 9:
                process.wait_until(lambda: len(collector.spans()) == 20, 10, "the first spans")
                collector.stop()
            if index == 19:
                process.wait_until(lambda: self.account(edge, "otlp_export_retries_total") > 0,
                                   10, "a retry")
                collector.start()
        started = self.account(edge, "otel_sdk_span_started_total")
        self.assertEqual(started, 60)
        process.wait_until(lambda: self.account(edge, "telemetry_spans_exported_total")
                           + self.account(edge, "telemetry_spans_dropped_total") == started, 15,
                           "the end of every span")
        lost = self.account(edge, "telemetry_spans_dropped_total")
        self.assertEqual(edge.stop(), 0)
        collector.stop()
        arrived = [span["spanId"] for span in collector.spans()]
        self.assertEqual(len(set(arrived)), started - lost)
        self.assertEqual(lost, 0)
        requests = collector.metrics()["http_requests_total"]["sum"]["dataPoints"]
        self.assertEqual(sum(int(point["asInt"]) for point in requests), 30)

    @staticmethod
    def account(edge, name):
        """The sum of a metric's series."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines()
                   if line.startswith((f"{name} ", f"{name}{{")))
