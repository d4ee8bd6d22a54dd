"""The gRPC services of the admin listener, asked by gRPC's own Python library and by grpcurl."""
import json
import pathlib
import shutil
import signal
import subprocess
import threading
import time

from support import certificates, interop, process, weir
from support.case import Case

try:
    import grpc
except ImportError:
    grpc = None

HEALTH = "/grpc.health.v1.Health/"
REFLECTION = "/grpc.reflection.{0}.ServerReflection/ServerReflectionInfo"
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


def text(number, value):
    return bytes([number << 3 | 2, len(value)]) + value.encode()


class GrpcCase(Case):
    def setUp(self):
        if grpc is None:
            self.skipTest("the Python package grpcio is not installed")

    def channel(self, port, credentials=None, options=()):
        target = f"127.0.0.1:{port}"
        made = (grpc.secure_channel(target, credentials, options) if credentials
                else grpc.insecure_channel(target, options))
        self.addCleanup(made.close)
        return made

    def code_of(self, call, *arguments, **options):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=10, **options)
        return caught.exception.code()


class Health(GrpcCase):
    def test_check_says_ready_and_live_and_knows_no_other_service(self):
        edge = self.weir("http://127.0.0.1:9")
        check = self.channel(edge.admin).unary_unary(HEALTH + "Check")
        for service in ("", "ready", "live"):
            self.assertEqual(check(text(1, service), timeout=10), SERVING)
        self.assertEqual(self.code_of(check, text(1, "shop")), grpc.StatusCode.NOT_FOUND)
        hear = self.channel(edge.admin).unary_unary(HEALTH + "Hear")
        self.assertEqual(self.code_of(hear, b""), grpc.StatusCode.UNIMPLEMENTED)

    def test_watch_tells_at_once_and_when_it_changes(self):
        edge, _ = self.behind(lambda connection, request: time.sleep(3))
        watch = self.channel(edge.admin).unary_stream(HEALTH + "Watch")(b"", timeout=20)
        self.assertEqual(next(watch), SERVING)
        unknown = self.channel(edge.admin).unary_stream(HEALTH + "Watch")(text(1, "x"), timeout=20)
        self.assertEqual(next(unknown), b"\x08\x03")
        unknown.cancel()
        slow = threading.Thread(target=lambda: edge.status_of("/slow"))
        slow.start()
        time.sleep(0.3)
        edge.signal(signal.SIGTERM)  # what is under way keeps it draining for a while
        self.assertEqual(next(watch), NOT_SERVING)
        slow.join()

    def test_the_services_can_be_switched_off(self):
        edge = self.weir("http://127.0.0.1:9", options={"admin.grpc": "false"})
        check = self.channel(edge.admin).unary_unary(HEALTH + "Check")
        self.assertEqual(self.code_of(check, b""), grpc.StatusCode.UNIMPLEMENTED)

    def test_over_tls_by_alpn(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("admin", "127.0.0.1")
        edge = self.weir("http://127.0.0.1:9", exposed=True, options={
            "admin.tls.certificate": certificate, "admin.tls.key": key,
            "admin.tls.client_ca": authority.path})
        own, own_key = authority.issue("operator")
        credentials = grpc.ssl_channel_credentials(
            authority.path.read_bytes(), own_key.read_bytes(), own.read_bytes())
        check = self.channel(edge.admin, credentials).unary_unary(HEALTH + "Check")
        self.assertEqual(check(b"", timeout=10), SERVING)


class Reflection(GrpcCase):
    def ask(self, channel, requests, version="v1", metadata=()):
        call = channel.stream_stream(REFLECTION.format(version))
        return list(call(iter(requests), timeout=10, metadata=metadata))

    def test_both_versions_list_the_services_one_answer_for_each_request(self):
        edge = self.weir("http://127.0.0.1:9")
        for version in ("v1", "v1alpha"):
            answers = self.ask(self.channel(edge.admin), [text(7, ""), text(4, "no.Such")], version)
            self.assertEqual(len(answers), 2)
            self.assertIn(b"grpc.health.v1.Health", answers[0])
            self.assertIn(b"no such symbol", answers[1])

    def test_with_a_token_health_stays_open_and_the_rest_is_not(self):
        token = process.new_folder("token") / "token"
        token.write_text("a-token-of-many-letters\n")
        edge = self.weir("http://127.0.0.1:9", options={"admin.token_file": token})
        channel = self.channel(edge.admin)
        self.assertEqual(channel.unary_unary(HEALTH + "Check")(b"", timeout=10), SERVING)
        with self.assertRaises(grpc.RpcError) as caught:
            self.ask(channel, [text(7, "")])
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual(len(self.ask(channel, [text(7, "")], metadata=[
            ("authorization", "Bearer a-token-of-many-letters")])), 1)


class Grpcurl(Case):
    """Reads our descriptions with the official implementation of Protocol Buffers in Go."""
    PEERS = True

    def grpcurl(self, *arguments):
        program = shutil.which("grpcurl")
        if not program:
            self.skipTest("grpcurl is not installed")
        return subprocess.run([program, "-plaintext", "-max-time", "10", *arguments],
                              capture_output=True, text=True, timeout=20, check=False)

    def port(self):
        return self.weir("http://127.0.0.1:9").admin

    def test_it_lists_describes_and_calls(self):
        target = f"127.0.0.1:{self.port()}"
        listed = self.grpcurl(target, "list")
        self.assertEqual(listed.stdout.split(), ["grpc.health.v1.Health",
                                                 "grpc.reflection.v1.ServerReflection",
                                                 "grpc.reflection.v1alpha.ServerReflection"])
        described = self.grpcurl(target, "describe", "grpc.health.v1.Health")
        self.assertIn("rpc Watch ( .grpc.health.v1.HealthCheckRequest ) returns "
                      "( stream .grpc.health.v1.HealthCheckResponse );", described.stdout)
        called = self.grpcurl("-d", '{"service": "live"}', target, "grpc.health.v1.Health/Check")
        self.assertEqual(json.loads(called.stdout), {"status": "SERVING"})


class Interop(GrpcCase):
    """The cases of gRPC's interoperability tests, against our server of its TestService."""
    PROGRAM = pathlib.Path(weir.BINARY).parent / "grpc_interop_program"

    def server(self):
        if not self.PROGRAM.exists():
            self.skipTest(f"{self.PROGRAM.name} is not built")
        started = process.Process("grpc_interop", [self.PROGRAM])
        self.addCleanup(started.end)
        return int(process.wait_until(lambda: started.output().strip(), 10, "its port"))

    def test_empty_and_large_unary(self):
        channel = self.channel(self.server())
        self.assertEqual(channel.unary_unary(interop.SERVICE + "EmptyCall")(b"", timeout=10), b"")
        unary = channel.unary_unary(interop.SERVICE + "UnaryCall")
        request = interop.number(2, 314159) + interop.message(3, interop.message(2, bytes(271828)))
        self.assertEqual(unary(request, timeout=10), interop.payload(314159))
        packed = unary(request, timeout=10, compression=grpc.Compression.Gzip)
        self.assertEqual(packed, interop.payload(314159))

    def test_client_streaming(self):
        call = self.channel(self.server()).stream_unary(interop.SERVICE + "StreamingInputCall")
        requests = [interop.payload(size) for size in (27182, 8, 1828, 45904)]
        self.assertEqual(call(iter(requests), timeout=10), interop.number(1, 74922))

    def test_server_streaming(self):
        call = self.channel(self.server()).unary_stream(interop.SERVICE + "StreamingOutputCall")
        sizes = (31415, 9, 2653, 58979)
        self.assertEqual(list(call(interop.parameters(*sizes), timeout=10)),
                         [interop.payload(size) for size in sizes])

    def test_ping_pong_one_answer_before_the_next_request(self):
        call = self.channel(self.server()).stream_stream(interop.SERVICE + "FullDuplexCall")
        answered = threading.Semaphore(1)

        def requests():
            for size in (31415, 9, 2653, 58979):
                self.assertTrue(answered.acquire(timeout=10))
                yield interop.parameters(size) + interop.message(3, interop.message(2, bytes(8)))

        sizes = []
        for answer in call(requests(), timeout=20):
            sizes.append(len(answer))
            answered.release()
        self.assertEqual(sizes, [len(interop.payload(size)) for size in (31415, 9, 2653, 58979)])
        self.assertEqual(list(call(iter(()), timeout=10)), [])

    def test_a_call_that_is_cancelled_or_late_ends_and_the_server_goes_on(self):
        channel = self.channel(self.server())
        duplex = channel.stream_stream(interop.SERVICE + "FullDuplexCall")
        slow = interop.parameters(10, 10, interval_us=3_000_000)
        with self.assertRaises(grpc.RpcError) as caught:
            list(duplex(iter([slow]), timeout=0.2))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        call = duplex(iter([slow]), timeout=10)
        call.cancel()
        with self.assertRaises(grpc.RpcError) as caught:
            list(call)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.CANCELLED)
        self.assertEqual(channel.unary_unary(interop.SERVICE + "EmptyCall")(b"", timeout=10), b"")

    def test_metadata_comes_back_in_front_and_behind(self):
        unary = self.channel(self.server()).unary_unary(interop.SERVICE + "UnaryCall")
        sent = [("x-grpc-test-echo-initial", "test_initial_metadata_value"),
                ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")]
        _, call = unary.with_call(interop.number(2, 1), timeout=10, metadata=sent)
        self.assertIn(sent[0], [tuple(pair) for pair in call.initial_metadata()])
        self.assertIn(sent[1], [tuple(pair) for pair in call.trailing_metadata()])

    def test_status_and_message_also_with_all_kinds_of_characters(self):
        channel = self.channel(self.server())
        words = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
        status = interop.message(7, interop.number(1, 2) + interop.message(2, words.encode()))
        unary = channel.unary_unary(interop.SERVICE + "UnaryCall")
        with self.assertRaises(grpc.RpcError) as caught:
            unary(status, timeout=10)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNKNOWN)
        self.assertEqual(caught.exception.details(), words)
        duplex = channel.stream_stream(interop.SERVICE + "FullDuplexCall")
        self.assertEqual(self.code_of(lambda *a, **o: list(duplex(*a, **o)), iter([status])),
                         grpc.StatusCode.UNKNOWN)

    def test_what_is_not_there_is_unimplemented_and_too_large_is_refused(self):
        channel = self.channel(self.server(), options=[("grpc.max_send_message_length", -1)])
        for path in (interop.SERVICE + "Unimplemented", "/grpc.testing.Other/Unimplemented"):
            self.assertEqual(self.code_of(channel.unary_unary(path), b""),
                             grpc.StatusCode.UNIMPLEMENTED)
        unary = channel.unary_unary(interop.SERVICE + "UnaryCall")
        self.assertEqual(self.code_of(unary, bytes(5 << 20)), grpc.StatusCode.RESOURCE_EXHAUSTED)


def edge_before(case, port):
    return case.weir(port, options={"edge.origin.http2.use": "on"}).port


class GrpcurlThroughTheEdge(Grpcurl):
    """The same with an edge between."""

    def port(self):
        return edge_before(self, super().port())


class InteropThroughTheEdge(Interop):
    """The same cases with an edge between."""

    def server(self):
        return edge_before(self, super().server())
