"""grpc.testing.TestService by gRPC's own Python library, for the interoperability tests of our
client, and its messages by their field numbers (grpc/testing/messages.proto)."""
import concurrent.futures
import threading

try:
    import grpc
except ImportError:
    grpc = None

SERVICE = "/grpc.testing.TestService/"
ECHO_INITIAL, ECHO_TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"


# --- messages ---

def number(at, value):
    made = bytes([at << 3])
    while value >= 128:
        made += bytes([value & 127 | 128])
        value >>= 7
    return made + bytes([value])


def message(at, content):
    return bytes([at << 3 | 2]) + number(0, len(content))[1:] + content


def payload(size):
    return message(1, message(2, bytes(size)))


def parameters(*sizes, interval_us=0):
    return b"".join(message(2, number(1, size) + number(2, interval_us)) for size in sizes)


def read_varint(content, at):
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(content):
    """(number, value) of each field: a number, or bytes."""
    at, found = 0, []
    while at < len(content):
        tag, at = read_varint(content, at)
        value, at = read_varint(content, at)
        if tag & 7 == 2:
            value, at = content[at:at + value], at + value
        found.append((tag >> 3, value))
    return found


def field(content, at, default):
    return dict(fields(content)).get(at, default)


# --- the server ---

class Server:
    """Listens on `port` until close(); `ended`: a call has, whoever ended it."""

    def __init__(self):
        self.ended = threading.Event()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
        kinds = {"EmptyCall": grpc.unary_unary_rpc_method_handler(self.empty),
                 "UnaryCall": grpc.unary_unary_rpc_method_handler(self.unary),
                 "StreamingInputCall": grpc.stream_unary_rpc_method_handler(self.input),
                 "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(self.output),
                 "FullDuplexCall": grpc.stream_stream_rpc_method_handler(self.duplex)}
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("grpc.testing.TestService", kinds),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def close(self):
        self.server.stop(None).wait(10)

    def begin(self, context):
        context.add_callback(self.ended.set)
        sent = dict(context.invocation_metadata())
        if ECHO_INITIAL in sent:
            context.send_initial_metadata([(ECHO_INITIAL, sent[ECHO_INITIAL])])
        if ECHO_TRAILING in sent:
            context.set_trailing_metadata([(ECHO_TRAILING, sent[ECHO_TRAILING])])

    @staticmethod
    def end_as_asked(request, context):
        status = field(request, 7, None)
        if status is None:
            return
        (code,) = [each for each in grpc.StatusCode if each.value[0] == field(status, 1, 0)]
        context.abort(code, field(status, 2, b"").decode())

    def empty(self, request, context):
        self.begin(context)
        return b""

    def unary(self, request, context):
        self.begin(context)
        if field(field(request, 6, b""), 1, 0):
            context.set_compression(grpc.Compression.Gzip)
        self.end_as_asked(request, context)
        return payload(field(request, 2, 0))

    def input(self, requests, context):
        self.begin(context)
        return number(1, sum(len(field(field(each, 1, b""), 2, b"")) for each in requests))

    def output(self, request, context):
        self.begin(context)
        context.set_compression(grpc.Compression.Gzip)
        yield from self.answers(request, context)

    def duplex(self, requests, context):
        self.begin(context)
        for request in requests:
            self.end_as_asked(request, context)
            yield from self.answers(request, context)

    @staticmethod
    def answers(request, context):
        for at, asked in fields(request):
            if at != 2:
                continue
            if not field(field(asked, 3, b""), 1, 0):
                context.disable_next_message_compression()
            yield payload(field(asked, 1, 0))
