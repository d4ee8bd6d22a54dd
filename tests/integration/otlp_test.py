"""Spans, metrics and logs reach a receiver over OTLP/HTTP, whole, related, disturbing nobody."""
import gzip
import http.server
import threading
import time

from support import origin, process, raw
from support.case import Case

PARENT = "00f067aa0ba902b7"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def message(data):
    """A protobuf message as {field number: [values]}; nested messages stay bytes."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else varint(data, at)
            value, at = data[at:at + size], at + size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def attributes(items):
    """KeyValue messages as {key: value}; AnyValue: 1 is a string, 2 a bool, 3 an integer."""
    found = {}
    for item in map(message, items):
        (number, (value,)), = message(item[2][0]).items() if item[2][0] else ((1, [b""]),)
        found[item[1][0].decode()] = value.decode() if number == 1 else value
    return found


class Span:
    def __init__(self, data):
        fields = message(data)
        self.trace = fields[1][0].hex()
        self.id = fields[2][0].hex()
        self.parent = fields.get(4, [b""])[0].hex()
        self.name = fields[5][0].decode()
        self.attributes = attributes(fields.get(9, []))
        self.error = message(fields.get(15, [b""])[0]).get(3) == [2]
        self.nanoseconds = (int.from_bytes(fields[8][0], "little")
                            - int.from_bytes(fields[7][0], "little"))


class Receiver:
    """Answers with the next of `answers` (status, fields), and with 200 when none is left."""

    def __init__(self, answers=()):
        self.requests, self.bodies, self.spans, self.resources = [], [], [], []
        self.others = {"/v1/metrics": [], "/v1/logs": []}  # whole requests
        answers = list(answers)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                other = receiver.others.get(self.path)
                status, fields = answers.pop(0) if answers and other is None else (200, {})
                if other is None:
                    receiver.requests.append((self.path, dict(self.headers.items())))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if other is not None:
                    other.append(body)
                elif status == 200:
                    receiver.take(body)
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def metrics(self):
        return self.others["/v1/metrics"]

    @property
    def logs(self):
        return self.others["/v1/logs"]

    def records(self, named):
        """Log records: with a name they are events of requests, without one lines of the log."""
        return [record for body in list(self.logs) for batch in map(message, message(body)[1])
                for record in map(message, message(batch[2][0])[2]) if (12 in record) == named]

    def take(self, body):
        self.bodies.append(body)
        for batch in map(message, message(body).get(1, [])):
            self.resources.append(attributes(message(batch[1][0]).get(1, [])))
            for scope in map(message, batch[2]):
                self.spans += map(Span, scope[2])

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ExportCase(Case):
    def set_up(self, answers=(), script=origin.echoing_target, **options):
        receiver = Receiver(answers)
        self.addCleanup(receiver.close)
        settings = {"otlp.endpoint": f"http://127.0.0.1:{receiver.port}",
                    "otlp.interval": "200ms", "telemetry.sampling.rate": "1", **options}
        edge, scripted = self.behind(script, options=settings)
        return edge, scripted, receiver

    def wait_for(self, receiver, spans):
        process.wait_until(lambda: len(receiver.spans) >= spans, 10, f"{spans} spans")


class Otlp(ExportCase):
    def test_a_request_is_two_spans_of_one_trace_that_goes_on_from_the_client(self):
        edge, scripted, receiver = self.set_up()
        edge.get("/p?q=1", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        self.wait_for(receiver, 2)
        spans = {span.name: span for span in receiver.spans}
        root, fetch = spans["edge.request"], spans["origin.fetch"]
        self.assertEqual((root.trace, fetch.trace), (TRACE, TRACE))
        self.assertEqual((root.parent, fetch.parent), (PARENT, root.id))
        self.assertIn(fetch.id, scripted.requests[0].get("traceparent"))
        self.assertEqual(root.attributes["http.request.method"], "GET")
        self.assertEqual(root.attributes["url.path"], "/p")
        self.assertEqual(root.attributes["client.address"], "127.0.0.1")
        self.assertEqual(root.attributes["http.response.status_code"], 200)
        self.assertEqual(root.attributes["cache.hit"], 0)
        self.assertTrue(0 < fetch.nanoseconds <= root.nanoseconds < 5e9)
        self.assertFalse(root.error)

    def test_the_resource_says_which_service_and_node(self):
        edge, _, receiver = self.set_up(**{"node.id": "edge-us-west-1", "node.region": "us-west"})
        edge.get("/")
        self.wait_for(receiver, 2)
        resource = receiver.resources[0]
        self.assertEqual(resource["service.name"], "edge-service")
        self.assertEqual((resource["node.id"], resource["node.region"]),
                         ("edge-us-west-1", "us-west"))

    def test_a_failure_is_an_error_on_the_span(self):
        edge, scripted, receiver = self.set_up()
        scripted.close()
        self.assertEqual(edge.get("/")[0], 502)
        self.wait_for(receiver, 2)
        self.assertTrue(all(span.error for span in receiver.spans))

    def test_gzip_is_understood(self):
        edge, _, receiver = self.set_up(**{"otlp.compression": "gzip"})
        edge.get("/")
        self.wait_for(receiver, 2)
        path, fields = receiver.requests[0]
        self.assertEqual((path, fields["Content-Encoding"]), ("/v1/traces", "gzip"))
        self.assertEqual(fields["Content-Type"], "application/x-protobuf")

    def test_503_is_tried_again_and_400_is_not(self):
        edge, _, receiver = self.set_up([(503, {"Retry-After": "0"})])
        edge.get("/")
        self.wait_for(receiver, 2)
        self.assertEqual(len(receiver.requests), 2)
        edge, _, receiver = self.set_up([(400, {})])
        edge.get("/lost")
        process.wait_until(lambda: receiver.requests, 10, "the refused batch")
        edge.get("/kept")
        self.wait_for(receiver, 2)
        paths = {span.attributes.get("url.path") for span in receiver.spans}
        self.assertNotIn("/lost", paths)

    def test_what_a_client_sends_as_path_cannot_spoil_a_batch(self):
        edge, _, receiver = self.set_up()
        raw.ask(edge.port, b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n")
        raw.ask(edge.port, b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xc3\r\n\r\n")
        edge.get("/good")
        process.wait_until(lambda: any(span.attributes.get("url.path") == "/good"
                                       for span in receiver.spans), 10, "the span of /good")

    def test_a_stop_sends_what_was_not_sent_yet(self):
        edge, _, receiver = self.set_up(**{"otlp.interval": "1h"})
        for _ in range(20):
            edge.get("/")
        self.assertEqual(receiver.requests, [])
        self.assertEqual(edge.stop(), 0)
        self.assertEqual(len(receiver.spans), 40)

    def test_without_a_receiver_requests_are_answered_all_the_same(self):
        (port,) = process.free_ports(1)
        edge, _ = self.behind(origin.echoing_target, options={
            "otlp.endpoint": f"http://127.0.0.1:{port}", "otlp.interval": "200ms",
            "telemetry.sampling.rate": "1"})
        for _ in range(50):
            self.assertEqual(edge.get("/")[0], 200)
        self.assertEqual(edge.stop(), 0)


class Metrics(ExportCase):
    def sum_of(self, receiver, name):
        """The points of a sum or gauge in the newest request that has it, added up."""
        for request in reversed(receiver.metrics):
            for batch in map(message, message(request)[1]):
                for metric in map(message, message(batch[2][0])[2]):
                    if metric[1][0].decode() != name:
                        continue
                    points = message(metric.get(7, metric.get(5))[0]).get(1, [])
                    return sum(int.from_bytes(message(point)[6][0], "little") for point in points)
        return None

    def test_metrics_are_sent_every_interval_and_once_more_at_the_stop(self):
        edge, _, receiver = self.set_up(**{"otlp.metrics_interval": "1s"})
        edge.get("/")
        process.wait_until(lambda: receiver.metrics, 10, "metrics")
        for _ in range(20):
            edge.get("/")
        self.assertEqual(edge.stop(), 0)
        self.assertEqual(self.sum_of(receiver, "http_requests_total"), 21)

    def test_gzip_holds_for_metrics_too(self):
        edge, _, receiver = self.set_up(**{"otlp.compression": "gzip"})
        edge.get("/")
        self.assertEqual(edge.stop(), 0)
        self.assertEqual(self.sum_of(receiver, "http_requests_total"), 1)


class Paths(ExportCase):
    def points_by_path(self, receiver):
        """Counts by path over all intervals, and temporalities."""
        counts, temporalities = {}, set()
        for request in receiver.metrics:
            for batch in map(message, message(request).get(1, [])):
                for metric in map(message, message(batch[2][0]).get(2, [])):
                    if metric[1] != [b"edge.path.duration"]:
                        continue
                    histogram = message(metric[10][0])
                    temporalities.update(histogram[2])
                    for point in map(message, histogram[1]):
                        path = attributes(point.get(1, [])).get("path")
                        count = int.from_bytes(point[4][0], "little")
                        counts[path] = counts.get(path, 0) + count
        return counts, temporalities

    def test_durations_by_path_are_those_of_each_interval_and_none_is_lost(self):
        edge, _, receiver = self.set_up(**{"otlp.metrics_interval": "1s"})
        for _ in range(20):
            edge.get("/a")
            edge.get("/a")
            edge.get("/b")
            time.sleep(0.15)
        self.assertEqual(edge.stop(), 0)
        counts, temporalities = self.points_by_path(receiver)
        self.assertEqual(counts, {"/a": 40, "/b": 20})
        self.assertEqual(temporalities, {1})


class Logs(ExportCase):
    def test_a_failed_request_is_a_log_record_of_its_trace(self):
        edge, scripted, receiver = self.set_up()
        scripted.close()
        edge.get("/broken", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        process.wait_until(lambda: receiver.records(named=True), 10, "a log record")
        (record,) = receiver.records(named=True)
        self.assertEqual((record[3], record[12]), ([b"ERROR"], [b"request.failed"]))
        self.assertEqual(record[9][0].hex(), TRACE)
        found = attributes(record[6])
        self.assertEqual((found["url.path"], found["http.response.status_code"]), ("/broken", 502))
        self.wait_for(receiver, 2)
        self.assertIn(record[10][0].hex(), [span.id for span in receiver.spans])

    def test_answered_requests_say_nothing(self):
        edge, _, receiver = self.set_up()
        edge.get("/")
        self.assertEqual(edge.stop(), 0)
        self.assertEqual(receiver.records(named=True), [])

    def test_what_the_process_says_about_itself_is_sent_too(self):
        edge, _, receiver = self.set_up()
        edge.get("/config/reload", edge.admin, method="POST")
        said = lambda: {message(record[5][0])[1][0].decode(): record  # noqa: E731
                        for record in receiver.records(named=False)}
        process.wait_until(lambda: "configuration reloaded" in said(), 10, "a line")
        self.assertIn("serving", said())
        record = said()["configuration reloaded"]
        self.assertEqual(record[3], [b"INFO"])
        self.assertNotIn(9, record)
        found = attributes(record[6])
        self.assertEqual((found["module"], found["changed"]), ("edge", 0))
        self.assertIn("INFO  edge configuration reloaded changed=0", edge.output())


class OfficialDefinitions(ExportCase):
    """The same requests, read by the classes that OpenTelemetry generates from its definitions."""
    PEERS = True

    def test_the_official_classes_read_every_field_of_logs(self):
        try:
            from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
        except ImportError:
            self.skipTest("the Python package opentelemetry-proto is not installed")
        edge, scripted, receiver = self.set_up()
        scripted.close()
        edge.get("/broken")
        self.assertEqual(edge.stop(), 0)
        records = []
        for body in receiver.logs:
            request = logs_service_pb2.ExportLogsServiceRequest.FromString(body)
            self.assertEqual(request.SerializeToString(deterministic=True), body)
            records += request.resource_logs[0].scope_logs[0].log_records
        self.assertIn("serving", [record.body.string_value for record in records])
        (record,) = [each for each in records if each.event_name]
        self.assertEqual(record.severity_number, 17)
        self.assertEqual(record.event_name, "request.failed")
        self.assertEqual((len(record.trace_id), len(record.span_id)), (16, 8))
        self.assertGreater(record.time_unix_nano, 1_700_000_000 * 10**9)

    def test_the_official_classes_read_every_field_of_metrics(self):
        try:
            from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
        except ImportError:
            self.skipTest("the Python package opentelemetry-proto is not installed")
        edge, _, receiver = self.set_up()
        for _ in range(7):
            edge.get("/p")
        self.assertEqual(edge.stop(), 0)
        found = {}
        for body in receiver.metrics:
            request = metrics_service_pb2.ExportMetricsServiceRequest.FromString(body)
            (batch,) = request.resource_metrics
            found |= {metric.name: metric for metric in batch.scope_metrics[0].metrics}
        requests = found["http_requests_total"].sum
        self.assertTrue(requests.is_monotonic)
        self.assertEqual(requests.aggregation_temporality, 2)
        self.assertEqual(sum(point.as_int for point in requests.data_points), 7)
        labels = {pair.key: pair.value.string_value for pair in requests.data_points[0].attributes}
        self.assertEqual(labels, {"method": "GET", "status": "200"})
        (point,) = found["http_request_duration_seconds"].exponential_histogram.data_points
        self.assertEqual((point.count, sum(point.positive.bucket_counts)), (7, 7))
        self.assertTrue(0 < point.min <= point.sum / 7 <= point.max < 5)
        base = 2 ** 2 ** -point.scale
        lowest = base ** point.positive.offset
        highest = base ** (point.positive.offset + len(point.positive.bucket_counts))
        self.assertTrue(lowest <= point.min * 1.01 and point.max <= highest * 1.01)
        self.assertLess(point.start_time_unix_nano, point.time_unix_nano)
        self.check_conventions(found["http.server.request.duration"].exponential_histogram)
        self.check_paths(found)

    def check_conventions(self, durations):
        (point,) = durations.data_points
        values = {pair.key: pair.value for pair in point.attributes}
        self.assertEqual(values["http.response.status_code"].int_value, 200)
        texts = {key: value.string_value for key, value in values.items()}
        self.assertEqual((texts["http.request.method"], texts["url.scheme"],
                          texts["network.protocol.version"]), ("GET", "http", "1.1"))
        self.assertEqual(durations.aggregation_temporality, 2)

    def check_paths(self, found):
        histogram = found["edge.path.duration"].exponential_histogram
        (point,) = histogram.data_points
        self.assertEqual((histogram.aggregation_temporality, point.count), (1, 7))
        self.assertEqual(point.attributes[0].value.string_value, "/p")
        gauge = found["edge.path.duration.quantile"].gauge
        quantiles = [one.as_double for one in gauge.data_points]
        self.assertEqual(quantiles, sorted(quantiles))
        self.assertTrue(point.min * 0.99 <= quantiles[0] and quantiles[-1] <= point.max * 1.01)

    def test_the_official_classes_read_every_field(self):
        try:
            from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
        except ImportError:
            self.skipTest("the Python package opentelemetry-proto is not installed")
        edge, scripted, receiver = self.set_up()
        scripted.script = origin.answering(origin.plain("", "500 Internal Server Error"))
        edge.get("/p")
        self.wait_for(receiver, 2)
        request = trace_service_pb2.ExportTraceServiceRequest.FromString(receiver.bodies[0])
        self.assertEqual(request.SerializeToString(deterministic=True), receiver.bodies[0])
        (batch,) = request.resource_spans
        resource = {pair.key: pair.value.string_value for pair in batch.resource.attributes}
        self.assertEqual(resource["service.name"], "edge-service")
        root, fetch = batch.scope_spans[0].spans
        self.assertEqual((root.name, fetch.name), ("edge.request", "origin.fetch"))
        self.assertEqual((root.kind, fetch.kind), (root.SPAN_KIND_SERVER, root.SPAN_KIND_CLIENT))
        self.assertEqual((fetch.trace_id, fetch.parent_span_id), (root.trace_id, root.span_id))
        self.assertEqual(root.status.code, root.status.STATUS_CODE_ERROR)
        found = {pair.key: pair.value for pair in root.attributes}
        self.assertEqual(found["cache.hit"].WhichOneof("value"), "bool_value")
        self.assertEqual(found["http.response.status_code"].int_value, 500)
        self.assertEqual(root.flags & 0x300, 0x100)
        self.assertEqual(root.trace_state, "ot=th:0")
        self.assertLessEqual(root.start_time_unix_nano, fetch.start_time_unix_nano)
