"""One plain request over a fresh or a given connection: is the server there, and what does it
send?"""
import re
import socket
import time
from dataclasses import dataclass

from .problem import Problem


@dataclass
class Answer:
    status: int
    head: str
    body_bytes: int


def parse_head(head: str) -> tuple[int, int]:
    """Status and Content-Length of a response head."""
    status = re.match(r"HTTP/1\.1 (\d{3})", head)
    length = re.search(r"^content-length: *(\d+) *\r?$", head, re.IGNORECASE | re.MULTILINE)
    if not status or not length:
        raise Problem(f"not an answer with a Content-Length: {head[:200]!r}")
    return int(status.group(1)), int(length.group(1))


def ask(connection: socket.socket, path: str, host: str) -> Answer:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    status, length = parse_head(text)
    body_bytes = len(body)
    while body_bytes < length:
        body_bytes += len(_more(connection))
    return Answer(status, text, body_bytes)


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise OSError("the connection was closed within an answer")
    return received


def wait_until_listening(process, port: int, within_s: float = 10):
    """A Problem when the process ends or takes no connection in time. Whoever looks for free ports
    before would be given its port, too."""
    end = time.monotonic() + within_s
    while True:
        process.complain_if_ended()
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError as error:
            if time.monotonic() > end:
                raise Problem(f"{process.command} takes no connection: {error}") from error
            time.sleep(0.02)


def wait_until_ready(process, port: int, path: str, host: str, within_s: float = 10) -> Answer:
    """The first answer; a Problem when the process ends or does not answer in time."""
    end = time.monotonic() + within_s
    while True:
        process.complain_if_ended()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                return ask(connection, path, host)
        except OSError as error:
            if time.monotonic() > end:
                raise Problem(f"{process.command[0]} does not answer: {error}") from error
            time.sleep(0.02)
