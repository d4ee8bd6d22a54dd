"""Spans and metrics reach a receiver over OTLP/gRPC: a server of gRPC's own Python library."""
import concurrent.futures
import re
import time

from support import certificates, origin, process
from support.case import Case

import otlp_test as otlp

try:
    import grpc
except ImportError:
    grpc = None

SERVICE = "/opentelemetry.proto.collector.{0}.v1.{1}Service/Export"
TRACES = SERVICE.format("trace", "Trace")
METRICS = SERVICE.format("metrics", "Metrics")
LOGS = SERVICE.format("logs", "Logs")


def field(number, value):
    """A protobuf field of bytes, or a small number."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def status_with_retry_info(code, seconds):
    """A google.rpc.Status with one detail."""
    info = field(1, field(1, seconds))
    detail = field(1, b"type.googleapis.com/google.rpc.RetryInfo") + field(2, info)
    return field(1, code) + field(3, detail)


class Refusal:
    def __init__(self, code, *trailers):
        self.code, self.trailers = code, trailers


class Receiver:
    """Gives traces the next of `answers`, bytes or a Refusal, and takes all when none is left."""

    def __init__(self, answers=(), port=0, credentials=None, compression=None):
        self.answers = list(answers)
        self.calls = []  # (method, message, metadata, seconds left, when)
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4),
                                  compression=compression)
        self.server.add_generic_rpc_handlers((self,))
        address = f"127.0.0.1:{port}"
        self.port = (self.server.add_secure_port(address, credentials) if credentials
                     else self.server.add_insecure_port(address))
        self.server.start()

    def service(self, details):
        if details.method not in (TRACES, METRICS, LOGS):
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self.export(details.method, request, context))

    def export(self, method, request, context):
        self.calls.append((method, request, dict(context.invocation_metadata()),
                           context.time_remaining(), time.monotonic()))
        answer = self.answers.pop(0) if self.answers and method == TRACES else b""
        if isinstance(answer, Refusal):
            context.set_trailing_metadata(answer.trailers)
            context.abort(answer.code, "as the test wants it")
        return answer

    def of(self, method):
        return [call for call in self.calls if call[0] == method]

    @property
    def spans(self):
        return [otlp.Span(span) for _, request, *_ in self.of(TRACES)
                for batch in map(otlp.message, otlp.message(request).get(1, []))
                for scope in map(otlp.message, batch[2]) for span in scope[2]]

    def close(self, grace=0):
        self.server.stop(grace).wait()


class GrpcCase(Case):
    def setUp(self):
        if grpc is None:
            self.skipTest("the Python package grpcio is not installed")

    def receiver(self, *arguments, **options):
        started = Receiver(*arguments, **options)
        self.addCleanup(started.close)
        return started

    def edge_to(self, receiver, scheme="http", **options):
        settings = {"otlp.endpoint": f"{scheme}://127.0.0.1:{receiver.port}",
                    "otlp.protocol": "grpc", "otlp.interval": "200ms",
                    "otlp.metrics_interval": "200ms", "telemetry.sampling.rate": "1", **options}
        return self.behind(origin.echoing_target, options=settings)[0]

    def wait_for(self, receiver, spans):
        process.wait_until(lambda: len(receiver.spans) >= spans, 10, f"{spans} spans")

    def exported(self, edge):
        """By error_type."""
        pattern = r'^otel_sdk_exporter_span_exported_total(?:{error_type="(.*)"})? (\d+)$'
        return {error: int(count) for error, count in re.findall(pattern, edge.metrics(), re.M)}


class OtlpGrpc(GrpcCase):
    def test_traces_and_metrics_are_calls_of_their_services(self):
        receiver = self.receiver()
        edge = self.edge_to(receiver, **{"otlp.headers": "{Api-Key: secret}"})
        edge.get("/p")
        self.wait_for(receiver, 2)
        self.assertEqual({span.name for span in receiver.spans}, {"edge.request", "origin.fetch"})
        _, _, metadata, left, _ = receiver.of(TRACES)[0]
        self.assertEqual(metadata["api-key"], "secret")
        self.assertTrue(metadata["user-agent"].startswith("weir-otlp-exporter/"))
        self.assertTrue(5 < left <= 10)
        process.wait_until(lambda: receiver.of(METRICS), 10, "metrics")
        self.assertIn(b"http_requests_total", receiver.of(METRICS)[0][1])

    def test_logs_are_calls_of_their_service(self):
        receiver = self.receiver()
        settings = {"otlp.endpoint": f"http://127.0.0.1:{receiver.port}", "otlp.protocol": "grpc",
                    "otlp.interval": "200ms"}
        edge, _ = self.behind(origin.answering(origin.plain("", "500 Internal Server Error")),
                              options=settings)
        edge.get("/p")
        process.wait_until(lambda: any(b"request.failed" in call[1] for call in receiver.of(LOGS)),
                           10, "the event")

    def test_gzip_both_ways(self):
        # Large enough that the library packs it; a receiver may add fields that we do not know.
        receiver = self.receiver([bytes([15 << 3 | 2, 100]) + b"x" * 100] * 3,
                                 compression=grpc.Compression.Gzip)
        edge = self.edge_to(receiver, **{"otlp.compression": "gzip"})
        for _ in range(3):
            edge.get("/p")
            time.sleep(0.3)
        self.wait_for(receiver, 6)
        process.wait_until(lambda: self.exported(edge).get("") == 6, 10, "what was taken")

    def test_what_may_be_sent_again_is_and_the_rest_is_counted(self):
        code = grpc.StatusCode
        receiver = self.receiver([Refusal(code.UNAVAILABLE), Refusal(code.DATA_LOSS)])
        edge = self.edge_to(receiver, **{"otlp.retry.initial": "10ms", "otlp.retry.max": "20ms"})
        edge.get("/p")
        process.wait_until(lambda: self.exported(edge).get("") == 2, 10, "what was taken")
        requests = [request for _, request, *_ in receiver.of(TRACES)]
        self.assertEqual(requests[1:], requests[:1] * 2)
        for refused in (code.INVALID_ARGUMENT, code.RESOURCE_EXHAUSTED, code.UNAUTHENTICATED):
            receiver.answers = [Refusal(refused)]
            before = len(receiver.of(TRACES))
            edge.get("/p")
            process.wait_until(lambda: self.exported(edge).get(refused.name) == 2, 10, refused)
            self.assertEqual(len(receiver.of(TRACES)), before + 1)

    def test_a_receiver_that_says_when_is_asked_again_then(self):
        details = ("grpc-status-details-bin", status_with_retry_info(8, 1))
        receiver = self.receiver([Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, details)])
        edge = self.edge_to(receiver, **{"otlp.retry.initial": "10ms", "otlp.retry.max": "20ms"})
        edge.get("/p")
        process.wait_until(lambda: self.exported(edge).get("") == 2, 10, "what was taken")
        first, second = (when for *_, when in receiver.of(TRACES))
        self.assertTrue(0.95 < second - first < 3)

    def test_a_partial_success_is_counted_and_not_repeated(self):
        receiver = self.receiver([field(1, field(1, 1) + field(2, b"too old"))])
        edge = self.edge_to(receiver)
        edge.get("/p")
        process.wait_until(lambda: self.exported(edge).get("rejected") == 1, 10, "the rejection")
        self.assertEqual(self.exported(edge)[""], 1)
        self.assertEqual(len(receiver.of(TRACES)), 1)

    def test_a_receiver_that_is_replaced_gets_what_comes_then(self):
        receiver = self.receiver()
        edge = self.edge_to(receiver, **{"otlp.retry.initial": "10ms", "otlp.retry.max": "100ms"})
        edge.get("/p")
        self.wait_for(receiver, 2)
        receiver.close(grace=1)
        edge.get("/p")
        time.sleep(0.5)
        replaced = self.receiver(port=receiver.port)
        self.wait_for(replaced, 2)
        process.wait_until(lambda: self.exported(edge).get("") == 4, 10, "what was taken")

    def test_over_tls_the_receiver_is_verified(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("receiver", "127.0.0.1")
        credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        receiver = self.receiver(credentials=credentials)
        edge = self.edge_to(receiver, "https", **{"otlp.ca_file": authority.path})
        edge.get("/p")
        self.wait_for(receiver, 2)
        stranger = self.edge_to(receiver, "https")
        stranger.get("/p")
        time.sleep(0.5)
        self.assertEqual(len(receiver.spans), 2)

    def test_the_variables_of_opentelemetry_choose_grpc(self):
        receiver = self.receiver()
        edge, _ = self.behind(origin.echoing_target, environment={
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"127.0.0.1:{receiver.port}",
            "OTEL_EXPORTER_OTLP_INSECURE": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_BSP_SCHEDULE_DELAY": "200"}, options={"telemetry.sampling.rate": "1"})
        edge.get("/p")
        self.wait_for(receiver, 2)

    def test_a_stop_sends_what_was_not_sent_yet(self):
        receiver = self.receiver()
        edge = self.edge_to(receiver, **{"otlp.interval": "1h", "otlp.metrics_interval": "1h"})
        for _ in range(20):
            edge.get("/")
        self.assertEqual(edge.stop(), 0)
        self.assertEqual(len(receiver.spans), 40)
        bodies = [body for _, body, *_ in receiver.of(METRICS)]
        for name in (b"http_requests_total", b"edge.path.duration"):
            self.assertEqual(sum(name in body for body in bodies), 1, name)
