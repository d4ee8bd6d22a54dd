"""What tests of the cache share: origins whose answers can be told apart, and ways to ask."""
import threading

from . import origin, raw
from .case import Case

FRESH = "Cache-Control: max-age=60\r\n"


def get(path="/x", fields=""):
    return f"GET {path} HTTP/1.1\r\nHost: shop.test\r\n{fields}\r\n".encode()


class Counting:
    """A script that answers with a number that rises, so that a stored answer can be told."""

    def __init__(self, fields=FRESH, status="200 OK", body=None):
        self.fields = fields
        self.status = status
        self.body = body
        self.count = 0
        self.lock = threading.Lock()

    def __call__(self, connection, request):
        with self.lock:
            self.count += 1
            number = self.count
        body = self.body or f"answer {number} to {request.first_line.split(' ')[1]}"
        connection.send(origin.plain(body, self.status, self.fields))


class Cached(Case):
    """A weir of each test's own, so that no test finds what another one stored."""

    def edge(self, script, **options):
        edge, scripted = self.behind(script, options=options)
        self.scripted = scripted
        return edge

    def ask(self, edge, path="/x", fields="", to="GET"):
        data = get(path, fields)
        if to != "GET":
            data = data.replace(b"GET", to.encode(), 1)
        return raw.ask(edge.port, data, to)

    def store(self, edge, path="/x"):
        """Who has the answer may be sure that every shard finds it."""
        return self.ask(edge, path)

    def admin(self, edge, path, method="POST", body=None):
        status, _, answer = edge.get(path, edge.admin, method=method, body=body)
        return status, answer
