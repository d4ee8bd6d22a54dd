"""HTTP/1.1 by hand: a client that sends any bytes, and a reader strict enough to catch mistakes."""
import dataclasses
import socket
import time

CHUNK_BYTES = 65536


class Truncated(Exception):
    """The peer closed before the message was complete."""


@dataclasses.dataclass
class Message:
    """A request or a response, as it was on the wire."""
    first_line: str
    fields: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    framing: str = "none"

    @property
    def status(self):
        return int(self.first_line.split(" ")[1])

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        """The value of a field that stands at most once."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} stands {len(values)} times: {self.fields}"
        return values[0] if values else None


class Connection:
    """A socket with a buffer of what was read and not yet used."""

    def __init__(self, sock, seconds=10):
        self.socket = sock
        self.socket.settimeout(seconds)
        self.buffer = b""
        self.received = 0

    def send(self, data):
        self.socket.sendall(data)

    def send_slowly(self, data, pause):
        for index in range(len(data)):
            self.socket.sendall(data[index:index + 1])
            time.sleep(pause)

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()

    def fill(self):
        """Reads more; False at the end of the stream."""
        data = self.socket.recv(CHUNK_BYTES)
        self.buffer += data
        self.received += len(data)
        return bool(data)

    def read_to(self, mark):
        """Everything up to and with `mark`."""
        while mark not in self.buffer:
            if not self.fill():
                raise Truncated(f"end of stream after {self.buffer[-200:]!r}")
        data, self.buffer = self.buffer.split(mark, 1)
        return data + mark

    def read_exactly(self, count):
        while len(self.buffer) < count:
            if not self.fill():
                raise Truncated(f"end of stream with {len(self.buffer)} of {count} bytes")
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_to_end(self):
        """What comes until the peer closes; a reset counts as the end."""
        try:
            while self.fill():
                pass
        except ConnectionError:
            pass
        data, self.buffer = self.buffer, b""
        return data

    def closed_within(self, seconds):
        """Whether the peer closes, without another byte, in this time."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and not self.socket.recv(1)
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def read_head(self):
        lines = self.read_to(b"\r\n\r\n").decode("latin-1").split("\r\n")[:-2]
        fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        return Message(lines[0], fields)

    def read_chunked(self, message):
        while True:
            size = int(self.read_to(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            message.body += self.read_exactly(size)
            assert self.read_exactly(2) == b"\r\n", "a chunk must end in CRLF"
        while (line := self.read_to(b"\r\n")) != b"\r\n":
            name, value = line.decode("latin-1").split(":", 1)
            message.trailers.append((name, value.strip()))

    def read_framed(self, message):
        """The body of a message that says how long it is."""
        if "chunked" in (message.get("transfer-encoding") or "").lower():
            message.framing = "chunked"
            self.read_chunked(message)
        elif message.get("content-length") is not None:
            message.framing = "length"
            message.body = self.read_exactly(int(message.get("content-length")))

    def read_request(self):
        message = self.read_head()
        self.read_framed(message)
        return message

    def read_response(self, to="GET", interim=False):
        """The next response; interim ones are passed over unless asked for."""
        message = self.read_head()
        while message.status < 200 and message.status != 101 and not interim:
            message = self.read_head()
        if to == "HEAD" or message.status < 200 or message.status in (204, 304):
            return message
        self.read_framed(message)
        if message.framing == "none":
            message.framing = "close"
            message.body = self.read_to_end()
        return message


def connect(port, seconds=10):
    return Connection(socket.create_connection(("127.0.0.1", port), timeout=seconds), seconds)


def ask(port, data, to="GET"):
    """Sends `data` on a fresh connection and returns the first final response."""
    connection = connect(port)
    try:
        connection.send(data)
        return connection.read_response(to)
    finally:
        connection.close()
