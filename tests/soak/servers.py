"""Origins that are killed, the pages that they have, and a Weir that is replaced."""
import os
import pathlib
import signal
import subprocess
import threading
import time

from support import nginx, process, weir

OUTAGE_SECONDS, CALM_SECONDS = 1.0, 2.0
# After an origin is back, a breaker may still refuse it, and probe it first.
RECOVERY_SECONDS = 1.5
# How long a hand-over goes on when the new process answers operators.
REPLACING_SECONDS = 1.0
IDLE_SECONDS = 2

CONFIG = """\
telemetry: {{access_log: {{path: {log}}}}}
edge:
  cache: {{memory: {{bytes: 4MiB}}, disk: {{bytes: 256MiB, admission: all}}}}
  sites:
    - host: [soak.test]
      cache: {{enabled: false}}
      origins: &origins
        - {{url: "http://127.0.0.1:{first}", idle_timeout: {idle}s, breaker: {{open_time: 300ms}}}}
        - {{url: "http://127.0.0.1:{second}", idle_timeout: {idle}s, breaker: {{open_time: 300ms}}}}
    - host: [cached.test]
      origins: *origins
"""


class Pages:
    """Files of both origins that say which version they are. `floors`: the oldest version that a
    request may get which begins now."""
    COUNT, IN_FOLDER, TAG = 600, 20, "pages"

    def __init__(self, roots):
        self.roots = roots
        self.versions = dict.fromkeys(range(self.COUNT), 0)
        self.floors = dict(self.versions)
        for page in range(self.COUNT):
            self.write(page)

    def folder(self, page):
        return f"/pages/{page // self.IN_FOLDER}/"

    def path(self, page):
        return f"{self.folder(page)}{page}"

    def in_folder(self, page):
        first = page - page % self.IN_FOLDER
        return range(first, first + self.IN_FOLDER)

    def content(self, page, version):
        """No two versions have one length: nginx tells them apart by second and length only."""
        line = f"version {version} of page {page}\n".encode()
        return line * ((page * 97) % 3000 + 30) + b"." * (version % 50)

    @staticmethod
    def version_in(body):
        words = bytes(body[:40]).split()
        return int(words[1]) if len(words) > 1 and words[0] == b"version" else -1

    def change(self, page):
        self.versions[page] += 1
        self.write(page)
        return self.versions[page]

    def write(self, page):
        for root in self.roots:
            path = root / self.path(page)[1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".new")
            fresh.write_bytes(self.content(page, self.versions[page]))
            fresh.rename(path)


class Origins:
    """Two nginx of the same content. `hurt()` says whether one was away around a time."""

    def __init__(self):
        self.all = [nginx.Nginx(), nginx.Nginx()]
        self.pages = Pages([each.root for each in self.all])
        self.outages = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.kill_in_turn, daemon=True)

    def kill_in_turn(self):
        turn = 0
        while not self.stop.wait(CALM_SECONDS):
            victim = self.all[turn % 2]
            turn += 1
            outage = [time.monotonic(), None]
            self.outages.append(outage)
            victim.popen.kill()
            victim.popen.wait()
            self.stop.wait(OUTAGE_SECONDS)
            victim.popen = subprocess.Popen(victim.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                            start_new_session=True)
            process.wait_until(victim.answers, 10, "nginx again")
            outage[1] = time.monotonic() + RECOVERY_SECONDS

    def hurt(self, begin, end):
        return any(end >= away and (back is None or begin <= back)
                   for away, back in list(self.outages))


class Edge:
    """Weir, whichever process it is at the moment."""

    def __init__(self, origins):
        self.access_log = process.new_folder("log") / "access.log"
        config = CONFIG.format(log=self.access_log, idle=IDLE_SECONDS,
                               first=origins.all[0].port, second=origins.all[1].port)
        self.first = weir.Weir(config=config)
        self.port = self.first.port
        self.process = self.pid()
        self.replaced = []
        self.replacing, self.replaced_at = False, -REPLACING_SECONDS

    def pid(self):
        text = self.first.get("/debug/build", self.first.admin)[2].decode()
        return int(next(line for line in text.splitlines() if line.startswith("pid: "))[5:])

    def replace(self):
        """A hand-over under load; returns when the new process answers operators."""
        before = self.pid()
        self.replacing = True
        os.kill(before, signal.SIGUSR2)
        process.wait_until(lambda: self.pid_or_none() not in (None, before), 15, "the new process")
        self.process = self.pid()
        self.replacing, self.replaced_at = False, time.monotonic()
        self.replaced.append(before)

    def replaced_since(self, begin):
        """Whether a hand-over was under way then, or later."""
        return self.replacing or self.replaced_at > begin - REPLACING_SECONDS

    def pid_or_none(self):
        try:
            return self.pid()
        except (OSError, StopIteration, ValueError):
            return None
