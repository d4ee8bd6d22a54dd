"""An origin that does exactly what a test says, and remembers every byte that reached it."""
import socket
import threading

from . import raw


class ScriptedOrigin:
    """Calls `script(connection, request)` for every request; `connection` takes any bytes.

    `requests` are the complete requests, `received` all bytes that arrived, over all connections.
    The script closes a connection by `connection.close()`; otherwise the next request is read.
    `on_head(connection, request)` runs before the body is read; True says that it did everything.
    """
    PORT = 0  # any free one

    def __init__(self, script, on_head=None):
        self.script = script
        self.on_head = on_head or invite_body
        self.requests = []
        self.received = b""
        self.connections = 0
        self.failures = []
        self.lock = threading.Lock()
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", self.PORT), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.add(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        connection = Recorder(sock, self)
        try:
            while sock.fileno() >= 0:
                self.serve_one(connection)
        except (OSError, raw.Truncated):
            pass
        except Exception as error:  # a failing script must fail its test, not vanish in a thread
            self.failures.append(error)
        finally:
            sock.close()
            with self.lock:
                self.open.discard(sock)

    def serve_one(self, connection):
        request = connection.read_head()
        if self.on_head(connection, request):
            return
        connection.read_framed(request)
        with self.lock:
            self.requests.append(request)
        self.script(connection, request)

    def record(self, data):
        with self.lock:
            self.received += data

    def close(self):
        """Stops listening and resets what is open: the origin is dead."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            sockets = list(self.open)
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Recorder(raw.Connection):
    """A connection whose incoming bytes the origin remembers."""

    def __init__(self, sock, origin):
        super().__init__(sock, seconds=30)
        self.origin = origin

    def fill(self):
        before = len(self.buffer)
        alive = super().fill()
        self.origin.record(self.buffer[before:])
        return alive


def invite_body(connection, request):
    """What every server does with `Expect: 100-continue`."""
    if (request.get("expect") or "").lower() == "100-continue":
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    return False


def answering(data):
    """A script that answers every request with these bytes."""
    return lambda connection, request: connection.send(data)


def plain(body, status="200 OK", fields=""):
    """A response with a length; `fields` are lines that end in CRLF."""
    body = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1") + body


def echoing_target(connection, request):
    """Answers with the request target, so that answers can be told apart."""
    connection.send(plain(request.first_line.split(" ")[1]))
