"""Those who ask, without a pause, and look at every byte that they get."""
import collections
import random
import threading
import time
import urllib.parse

from support import raw


class Counts:
    def __init__(self):
        self.lock = threading.Lock()
        self.by_kind = collections.Counter()
        self.faults = []

    def add(self, kind):
        with self.lock:
            self.by_kind[kind] += 1

    def fault(self, text):
        with self.lock:
            self.by_kind["fault"] += 1
            self.faults.append(text)


class Client(threading.Thread):
    """Asks until told to stop, over a connection that it keeps as long as it can."""

    def __init__(self, edge, origins, counts, stop, seed):
        super().__init__(daemon=True)
        self.edge, self.origins, self.counts, self.stop = edge, origins, counts, stop
        self.random = random.Random(seed)
        self.connection = None
        self.opened_at = 0.0

    def run(self):
        while not self.stop.is_set():
            self.once(time.monotonic())
            if self.random.random() < 0.02:
                self.drop()
        self.drop()

    def once(self, begin):
        fresh = self.connection is None
        received = 0 if fresh else self.connection.received
        try:
            if fresh:
                self.opened_at = time.monotonic()
                self.connection = raw.connect(self.edge.port)
            problem = self.exchange()
        except (OSError, raw.Truncated, ValueError, IndexError) as error:
            untouched = not fresh and self.connection.received == received
            self.drop()
            if untouched and isinstance(error, (ConnectionError, raw.Truncated)) and (
                    self.edge.replaced_since(self.opened_at)):
                # A process that drains closes what is idle, which every client has to expect.
                return self.counts.add("closed while idle")
            problem = f"{type(error).__name__}: {error}"
        if problem is None:
            return self.counts.add(type(self).__name__.lower())
        if self.origins.hurt(begin, time.monotonic()):
            return self.counts.add("origin's error")
        return self.counts.fault(f"{type(self).__name__}: {problem}")

    def drop(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def status_problem(self, answer):
        if (answer.get("connection") or "").lower() == "close":
            self.drop()
        return None if answer.status < 500 else f"status {answer.status}"


class Reader(Client):
    """GET of a small or a large file, past the cache, compared with what the origin has."""

    def exchange(self):
        large = self.random.random() < 0.02
        path, content = ("/large.bin", self.origins.all[0].large) if large else (
            "/small.txt", b"small and plain\n")
        self.connection.send(f"GET {path} HTTP/1.1\r\nHost: soak.test\r\n\r\n".encode())
        answer = self.connection.read_response()
        problem = self.status_problem(answer)
        if problem is None and answer.body != content:
            return f"{path}: {len(answer.body)} of {len(content)} bytes, or other ones"
        return problem


class Writer(Client):
    """PUT of a body that the origin reads to its end before it answers."""

    def exchange(self):
        body = self.random.randbytes(self.random.randrange(1, 200_000))
        self.connection.send(b"PUT /counted/x HTTP/1.1\r\nHost: soak.test\r\nContent-Length: "
                             + str(len(body)).encode() + b"\r\n\r\n" + body)
        answer = self.connection.read_response("PUT")
        problem = self.status_problem(answer)
        if problem is None and answer.status != 201:
            return f"status {answer.status} to a PUT"
        return problem


class Visitor(Client):
    """GET of a page from the cache: whole, its own, and no older than the last purge of it."""

    def exchange(self):
        pages = self.origins.pages
        # Some are asked for often, most of them rarely: memory has no room for all.
        page = min(int(self.random.paretovariate(0.7)) - 1, pages.COUNT - 1)
        floor = pages.floors[page]
        self.connection.send(f"GET {pages.path(page)} HTTP/1.1\r\nHost: cached.test\r\n\r\n"
                             .encode())
        answer = self.connection.read_response()
        problem = self.status_problem(answer)
        if problem is not None:
            return problem
        version = pages.version_in(answer.body)
        if answer.status != 200 or answer.body != pages.content(page, version):
            return f"{pages.path(page)}: status {answer.status}, torn or another's"
        # A process that is being replaced answers what it is asked last from a cache of its own.
        if version < floor and not self.edge.replaced_since(self.opened_at):
            return f"{pages.path(page)}: version {version}, but {floor} was purged in"
        return None


class Purger(threading.Thread):
    """Changes pages at the origins and purges them: one, all below a prefix, or all with a tag."""

    def __init__(self, edge, origins, counts, stop):
        super().__init__(daemon=True)
        self.edge, self.origins, self.counts, self.stop = edge, origins, counts, stop
        self.random = random.Random(3)

    def run(self):
        while not self.stop.wait(0.02):
            begin = time.monotonic()
            try:
                kind = self.purge_some()
            except OSError as error:
                if not self.edge.replaced_since(begin):
                    self.counts.fault(f"purge: {error}")
            else:
                self.counts.add(f"purge by {kind}")

    def purge_some(self):
        pages, process = self.origins.pages, self.edge.process
        kind = self.random.choices(("url", "prefix", "tag"), (30, 3, 1))[0]
        page = min(int(self.random.paretovariate(0.7)) - 1, pages.COUNT - 1)
        value, changed = {
            "url": (f"http://cached.test{pages.path(page)}", [page]),
            "prefix": ("http://cached.test" + pages.folder(page), pages.in_folder(page)),
            "tag": (pages.TAG, range(pages.COUNT)),
        }[kind]
        now = {each: pages.change(each) for each in changed}
        query = urllib.parse.urlencode({kind: value})
        status, _, body = self.edge.first.get(f"/cache/purge?{query}", self.edge.first.admin,
                                              method="POST")
        if status != 200:
            raise OSError(f"status {status}: {body[:200]}")
        if self.edge.process == process:
            pages.floors.update(now)
        return kind
