"""gRPC through the edge, by gRPC's own Python library on both sides."""
import concurrent.futures
import json
import threading
import time

from support import certificates, keys, origin, process
from support.case import Case

try:
    import grpc
except ImportError:
    grpc = None

SERVICE = "/test.Shop/"
HTTP2 = {"edge.origin.http2.use": "on"}


class Shop:
    """Every kind of call; messages are plain bytes."""

    def __init__(self):
        self.calls = []
        self.cancelled = threading.Event()

    def service(self, details):
        kinds = {"Unary": grpc.unary_unary_rpc_method_handler(self.unary),
                 "Count": grpc.unary_stream_rpc_method_handler(self.count),
                 "Sum": grpc.stream_unary_rpc_method_handler(self.sum),
                 "Talk": grpc.stream_stream_rpc_method_handler(self.talk),
                 "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
                 "Hang": grpc.unary_unary_rpc_method_handler(self.hang)}
        return kinds.get(details.method.rsplit("/", 1)[1])

    def unary(self, message, context):
        self.calls.append(dict(context.invocation_metadata()))
        self.remaining = context.time_remaining()
        context.send_initial_metadata([("x-first", "1")])
        context.set_trailing_metadata([("x-last", "2"), ("x-last-bin", b"\x00\xff")])
        return message[::-1]

    def count(self, message, context):
        for number in range(int(message)):
            yield str(number).encode()

    def sum(self, messages, context):
        return str(sum(len(message) for message in messages)).encode()

    def talk(self, messages, context):
        for message in messages:
            yield b"heard " + message

    def fail(self, message, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "sold out: 售罄\n")

    def hang(self, message, context):
        context.add_callback(self.cancelled.set)
        self.cancelled.wait(20)
        return b""


class GrpcEdgeCase(Case):
    def setUp(self):
        if grpc is None:
            self.skipTest("the Python package grpcio is not installed")
        self.shop = Shop()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), options=[
            ("grpc.max_receive_message_length", -1)])
        shop = self.shop

        class Handler(grpc.GenericRpcHandler):
            def service(self, details):
                return shop.service(details)

        self.server.add_generic_rpc_handlers((Handler(),))
        self.addCleanup(lambda: self.server.stop(None).wait(10))

    def start(self, **options):
        """The edge in front of the server."""
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        return self.weir(port, options={**HTTP2, **options})

    def channel(self, port, credentials=None):
        options = [("grpc.max_receive_message_length", -1)]
        made = (grpc.secure_channel(f"127.0.0.1:{port}", credentials, options) if credentials
                else grpc.insecure_channel(f"127.0.0.1:{port}", options))
        self.addCleanup(made.close)
        return made

    def error_of(self, call, *arguments, timeout=10):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*arguments, timeout=timeout)
        return caught.exception


class Calls(GrpcEdgeCase):
    def test_unary_with_metadata_both_ways_and_a_deadline_that_passes_on(self):
        edge = self.start()
        unary = self.channel(edge.port).unary_unary(SERVICE + "Unary")
        answer, call = unary.with_call(b"abc", timeout=30, metadata=[("x-asked", "yes")])
        self.assertEqual(answer, b"cba")
        self.assertIn(("x-first", "1"), [tuple(pair) for pair in call.initial_metadata()])
        trailing = [tuple(pair) for pair in call.trailing_metadata()]
        self.assertIn(("x-last", "2"), trailing)
        self.assertIn(("x-last-bin", b"\x00\xff"), trailing)
        self.assertEqual(self.shop.calls[0]["x-asked"], "yes")
        self.assertTrue(0 < self.shop.remaining < 31)

    def test_large_messages_and_packed_ones(self):
        unary = self.channel(self.start().port).unary_unary(SERVICE + "Unary")
        message = bytes(range(256)) * 12_000
        self.assertEqual(unary(message, timeout=20), message[::-1])
        self.assertEqual(unary(message, timeout=20, compression=grpc.Compression.Gzip),
                         message[::-1])

    def test_streams_of_either_side(self):
        channel = self.channel(self.start().port)
        count = channel.unary_stream(SERVICE + "Count")
        self.assertEqual(list(count(b"500", timeout=20)), [str(n).encode() for n in range(500)])
        sum_of = channel.stream_unary(SERVICE + "Sum")
        self.assertEqual(sum_of(iter([bytes(10_000)] * 100), timeout=20), b"1000000")

    def test_a_conversation_in_which_each_waits_for_the_other(self):
        talk = self.channel(self.start().port).stream_stream(SERVICE + "Talk")
        answered = threading.Semaphore(1)

        def messages():
            for number in range(20):
                self.assertTrue(answered.acquire(timeout=10))
                yield b"%d" % number

        heard = []
        for answer in talk(messages(), timeout=20):
            heard.append(answer)
            answered.release()
        self.assertEqual(heard, [b"heard %d" % number for number in range(20)])

    def test_a_silence_longer_than_a_body_may_be_silent_is_no_fault(self):
        edge = self.start(**{"http.server.body_timeout": "300ms",
                             "http.server.request_timeout": "1s",
                             "edge.origin.body_timeout": "300ms",
                             "edge.origin.response_timeout": "300ms"})
        talk = self.channel(edge.port).stream_stream(SERVICE + "Talk")

        def messages():
            time.sleep(0.8)
            yield b"a"
            time.sleep(0.8)
            yield b"b"

        self.assertEqual(list(talk(messages(), timeout=20)), [b"heard a", b"heard b"])

    def test_a_failure_of_the_service_comes_through_as_it_is(self):
        channel = self.channel(self.start().port)
        error = self.error_of(channel.unary_unary(SERVICE + "Fail"), b"")
        self.assertEqual(error.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(error.details(), "sold out: 售罄\n")
        error = self.error_of(channel.unary_unary(SERVICE + "Nothing"), b"")
        self.assertEqual(error.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_who_cancels_or_is_out_of_time_is_heard_of_by_the_service(self):
        channel = self.channel(self.start().port)
        error = self.error_of(channel.unary_unary(SERVICE + "Hang"), b"", timeout=0.5)
        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertTrue(self.shop.cancelled.wait(10))
        self.shop.cancelled.clear()
        call = channel.unary_unary(SERVICE + "Hang").future(b"", timeout=20)
        time.sleep(0.3)
        call.cancel()
        self.assertTrue(self.shop.cancelled.wait(10))

    def test_many_calls_at_a_time_share_connections(self):
        edge = self.start(**{"runtime.shards": 1})
        unary = self.channel(edge.port).unary_unary(SERVICE + "Unary")
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: unary(b"%d" % n, timeout=20), range(300)))
        self.assertEqual(answers, [str(n)[::-1].encode() for n in range(300)])
        opened = [line for line in edge.metrics().splitlines()
                  if line.startswith("origin_connections_opened_total")]
        self.assertEqual([line.rsplit(" ", 1)[1] for line in opened], ["1"])

    def test_no_call_is_answered_from_the_cache(self):
        unary = self.channel(self.start().port).unary_unary(SERVICE + "Unary")
        for _ in range(3):
            unary(b"a", timeout=10)
        self.assertEqual(len(self.shop.calls), 3)

    def test_over_tls_on_both_sides(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("shop", "127.0.0.1")
        port = self.server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
            [(key.read_bytes(), certificate.read_bytes())]))
        self.server.start()
        edge_certificate, edge_key = authority.issue("edge", "127.0.0.1")
        (tls_port,) = process.free_ports(1)
        self.weir(f"https://127.0.0.1:{port}", options={
            **HTTP2, "edge.origin.tls.ca_file": authority.path,
            "edge.listen_tls": f"127.0.0.1:{tls_port}",
            "edge.tls.certificate": edge_certificate, "edge.tls.key": edge_key})
        channel = self.channel(tls_port, grpc.ssl_channel_credentials(authority.path.read_bytes()))
        self.assertEqual(channel.unary_unary(SERVICE + "Unary")(b"abc", timeout=10), b"cba")


class HowCallsEnd(GrpcEdgeCase):
    """What log, metrics and spans say of a call, whose HTTP status is 200."""
    ENDS = {"Unary": "OK", "Fail": "FAILED_PRECONDITION", "Nothing": "UNIMPLEMENTED"}

    def make_calls(self, edge):
        channel = self.channel(edge.port)
        for method in self.ENDS:
            try:
                channel.unary_unary(SERVICE + method)(b"abc", timeout=10)
            except grpc.RpcError:
                pass

    def test_the_access_log_and_the_metrics_have_the_status_of_each(self):
        log = process.new_folder("log") / "access.json"
        edge = self.start(**{keys.ACCESS_LOG: log})
        self.make_calls(edge)
        edge.get("/", method="POST")  # is no call
        process.wait_until(lambda: log.read_bytes().count(b"\n") == 4, 5, "four lines")
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        self.assertEqual({line["path"]: line.get("grpc_status") for line in lines},
                         {"/": None} | {SERVICE + method: status
                                        for method, status in self.ENDS.items()})
        for status in self.ENDS.values():
            self.assertIn(f'edge_grpc_calls_total{{status="{status}"}} 1', edge.metrics())

    def test_the_spans_have_it_and_only_the_fault_of_a_service_is_an_error_of_the_request(self):
        edge = self.start()
        self.make_calls(edge)
        lines = edge.get("/debug/traces", edge.admin)[2].decode().splitlines()
        told = {}
        for trace in (json.loads(line) for line in lines):
            for span in trace["spans"]:
                if "rpc.response.status_code" not in span["attributes"]:
                    continue
                self.assertEqual(span["attributes"]["rpc.system.name"], "grpc")
                told[span["name"], span["attributes"]["rpc.response.status_code"]] = (
                    span.get("status"), span["attributes"].get("error.type"))
        ok, failed = (told["origin.fetch", "OK"][0], told["origin.fetch", "UNIMPLEMENTED"][0])
        self.assertNotEqual(ok, failed)
        self.assertEqual(told, {
            ("edge.request", "OK"): (ok, None), ("origin.fetch", "OK"): (ok, None),
            ("edge.request", "FAILED_PRECONDITION"): (ok, None),
            ("origin.fetch", "FAILED_PRECONDITION"): (failed, "FAILED_PRECONDITION"),
            ("edge.request", "UNIMPLEMENTED"): (failed, "UNIMPLEMENTED"),
            ("origin.fetch", "UNIMPLEMENTED"): (failed, "UNIMPLEMENTED")})

    def test_what_the_edge_answers_by_itself_is_told_as_well(self):
        log = process.new_folder("log") / "access.json"
        (closed,) = process.free_ports(1)
        edge = self.weir(closed, options={**HTTP2, keys.ACCESS_LOG: log})
        self.error_of(self.channel(edge.port).unary_unary(SERVICE + "Unary"), b"")
        process.wait_until(lambda: log.exists() and log.read_bytes().endswith(b"\n"), 5, "a line")
        line = json.loads(log.read_text("utf-8"))
        self.assertEqual((line["status"], line["grpc_status"]), (502, "UNAVAILABLE"))


class Context(GrpcEdgeCase):
    """Trace context and baggage in the metadata of calls."""
    TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
    SENT = [("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"), ("tracestate", "one=1"),
            ("tracestate", "two=2"), ("baggage", "a=1"), ("baggage", "b=2,=broken")]

    def seen_of(self, sent, **options):
        unary = self.channel(self.start(**options).port).unary_unary(SERVICE + "Unary")
        unary(b"a", timeout=10, metadata=sent)
        return self.shop.calls[0]

    def test_a_trace_goes_on_and_baggage_of_a_stranger_does_not(self):
        seen = self.seen_of(self.SENT)
        self.assertRegex(seen["traceparent"], f"^00-{self.TRACE}-[0-9a-f]{{16}}-0[0-3]$")
        self.assertNotIn("00f067aa0ba902b7", seen["traceparent"])
        self.assertTrue(seen["tracestate"].endswith("one=1,two=2"), seen["tracestate"])
        self.assertNotIn("baggage", seen)

    def test_baggage_of_a_trusted_peer_goes_on_as_one_list_of_what_is_well_formed(self):
        seen = self.seen_of(self.SENT, **{keys.TRUSTED_PEERS: "127.0.0.0/8"})
        self.assertEqual(seen["baggage"], "a=1,b=2")

    def test_a_context_that_cannot_be_read_ends_and_another_begins(self):
        seen = self.seen_of([("traceparent", f"00-{self.TRACE}-00f067aa0ba902b7-01-x"),
                             ("tracestate", "one=1")])
        self.assertRegex(seen["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$")
        self.assertNotIn(self.TRACE, seen["traceparent"])
        self.assertNotIn("one=1", seen.get("tracestate", ""))


class ErrorsOfTheEdge(GrpcEdgeCase):
    def test_a_server_that_is_down_is_unavailable(self):
        (closed,) = process.free_ports(1)
        edge = self.weir(closed, options=HTTP2)
        error = self.error_of(self.channel(edge.port).unary_unary(SERVICE + "Unary"), b"")
        self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertIn("did not answer", error.details())

    def test_a_server_that_does_not_speak_http2_is_unavailable(self):
        scripted = self.origin(origin.answering(origin.plain("old")))
        edge = self.weir(scripted.port, options=HTTP2)
        error = self.error_of(self.channel(edge.port).unary_unary(SERVICE + "Unary"), b"")
        self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)

    def test_a_body_above_the_bound_of_the_site_exhausts_a_resource(self):
        edge = self.start(**{"edge.origin.body_timeout": "5s"})
        limited = self.weir(config=f"""\
edge:
  sites:
    - host: ["*"]
      body_bytes_max: 100000
      origins:
        - url: "http://127.0.0.1:{edge.port}"
          http2: {{use: "on"}}
""")
        unary = self.channel(limited.port).unary_unary(SERVICE + "Unary")
        self.assertEqual(unary(bytes(50_000), timeout=10), bytes(50_000))
        error = self.error_of(unary, bytes(200_000))
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def site(self, port, headers):
        return f"""\
edge:
  sites:
    - host: ["*"]
      headers: {headers}
      origins:
        - url: "http://127.0.0.1:{port}"
          http2: {{use: "on"}}
"""

    def test_a_call_whose_time_is_over_in_mid_stream_is_told_so_behind_what_came(self):
        # Only the edge in the middle knows of the deadline, so that it is the one to end the call.
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        log = process.new_folder("log") / "access.json"
        middle = self.weir(config=self.site(port, "{request_remove: [grpc-timeout]}"),
                           options={keys.ACCESS_LOG: log})
        outer = self.weir(config=self.site(middle.port, '{request_set: {grpc-timeout: "2S"}}'))
        over = threading.Event()
        self.addCleanup(over.set)

        def messages():
            yield b"a"
            over.wait(20)

        talk = self.channel(outer.port).stream_stream(SERVICE + "Talk")
        heard = []
        with self.assertRaises(grpc.RpcError) as caught:
            for answer in talk(messages(), timeout=20):
                heard.append(answer)
        self.assertEqual(heard, [b"heard a"])
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertIn("took too long", caught.exception.details())
        process.wait_until(lambda: log.exists() and log.read_bytes().endswith(b"\n"), 5, "a line")
        line = json.loads(log.read_text("utf-8"))
        self.assertEqual((line["status"], line["grpc_status"]), (200, "DEADLINE_EXCEEDED"))

    def test_a_site_that_is_not_served_is_unimplemented(self):
        edge = self.weir(config="""\
edge:
  sites:
    - host: [shop.test]
      respond: {status: 200}
""")
        error = self.error_of(self.channel(edge.port).unary_unary(SERVICE + "Unary"), b"")
        self.assertEqual(error.code(), grpc.StatusCode.UNIMPLEMENTED)
