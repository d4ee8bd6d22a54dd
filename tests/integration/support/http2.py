"""HTTP/2 by hand: a client that sends any frames, and reads those that come."""
import dataclasses
import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10))
END_STREAM, END_HEADERS, ACK = 1, 4, 1
NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0, 1, 7, 8, 11
INITIAL_WINDOW_SIZE = 4
# Statuses of HPACK's static table (RFC 7541 A), as whole fields.
STATUSES = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


def literal(name, value):
    """A field without table and without Huffman's code (RFC 7541 6.2.2)."""
    def text(data):
        data = data.encode() if isinstance(data, str) else data
        if len(data) < 127:
            return bytes([len(data)]) + data
        rest, size = len(data) - 127, b"\x7f"
        while rest >= 128:
            size, rest = size + bytes([128 | rest & 127]), rest >> 7
        return size + bytes([rest]) + data
    return b"\0" + text(name) + text(value)


def block(fields):
    return b"".join(literal(name, value) for name, value in fields)


def head(path="/", method="GET", authority="edge.test", fields=()):
    return block([(":method", method), (":scheme", "http"), (":authority", authority),
                  (":path", path), *fields])


@dataclasses.dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def number(self):
        """The error code of RST_STREAM, the increment of WINDOW_UPDATE."""
        return struct.unpack(">I", self.payload[:4])[0]

    @property
    def goaway(self):
        """(last stream, error code)"""
        return struct.unpack(">II", self.payload[:8])

    @property
    def status(self):
        return STATUSES.get(self.payload[0])


class Client:
    """A connection that has said hello; `settings` are pairs of number and value."""

    def __init__(self, port, settings=(), seconds=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.buffer = b""
        self.frames = []
        self.ended = False
        payload = b"".join(struct.pack(">HI", *pair) for pair in settings)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, payload))

    def send(self, data):
        """False when the server takes no more."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def request(self, stream, *arguments, last=True, **options):
        flags = END_HEADERS | (END_STREAM if last else 0)
        return self.send(frame(HEADERS, flags, stream, head(*arguments, **options)))

    def close(self):
        self.socket.close()

    def read(self):
        """Reads once; False at the end."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.ended = not data
        self.buffer += data
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                break
            self.frames.append(Frame(self.buffer[3], self.buffer[4],
                                     int.from_bytes(self.buffer[5:9], "big"),
                                     self.buffer[9:9 + size]))
            self.buffer = self.buffer[9 + size:]
        return not self.ended

    def all(self, kind, stream=0):
        return [each for each in self.frames if each.kind == kind and each.stream == stream]

    def wait_for(self, kind, stream=0, seconds=10):
        """The first frame of that kind on that stream."""
        until = time.monotonic() + seconds
        while not (found := self.all(kind, stream)):
            assert time.monotonic() < until, f"no frame {kind} on {stream}: {self.frames}"
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            if not self.read() and not self.all(kind, stream):
                raise AssertionError(f"the server closed before frame {kind} on stream {stream}")
        return found[0]

    def answer(self, stream, seconds=10):
        """(status, body) of an answer that comes whole."""
        until = time.monotonic() + seconds
        while not any(each.flags & END_STREAM for kind in (HEADERS, DATA)
                      for each in self.all(kind, stream)):
            assert time.monotonic() < until, f"no answer on {stream}: {self.frames}"
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            if not self.read():
                raise AssertionError(f"the server closed before the end of stream {stream}")
        first = self.all(HEADERS, stream)[0]
        return first.status, b"".join(each.payload for each in self.all(DATA, stream))

    def wait_for_end(self, seconds=10):
        self.socket.settimeout(seconds)
        while self.read():
            pass
