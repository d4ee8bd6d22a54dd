#!/usr/bin/env python3
"""Full load over real sockets, while origins are killed and Weir is replaced. For SECONDS in all.

Usage: soak.py [SECONDS]          WEIR_BINARY names another weir than build/release/weir

Two nginx are the origins. Readers and writers check every byte of every answer; `weir load http`
fills what is left of the machine. In the first half origins are killed and started again, in the
second Weir itself is replaced by SIGUSR2 as well. At the end: every error was the origins', memory
is flat, all descriptors are closed, and every process that was replaced has gone.
"""
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from support import nginx, process, raw, weir  # noqa: E402 (the path has to be set first)

READERS, WRITERS, LOADERS = 6, 2, 32
OUTAGE_SECONDS, CALM_SECONDS, REPLACE_SECONDS = 1.0, 2.0, 3.0
# After an origin is back, a breaker may still refuse it, and probe it first.
RECOVERY_SECONDS = 1.5
IDLE_SECONDS = 2
GROWTH_BYTES_MAX = 24 << 20

CONFIG = """\
edge:
  sites:
    - host: [soak.test]
      cache: {{enabled: false}}
      origins: &origins
        - {{url: "http://127.0.0.1:{first}", idle_timeout: {idle}s, breaker: {{open_time: 300ms}}}}
        - {{url: "http://127.0.0.1:{second}", idle_timeout: {idle}s, breaker: {{open_time: 300ms}}}}
    - host: [cached.test]
      origins: *origins
"""


class Origins:
    """Two nginx of the same content. `hurt()` says whether one was away around a time."""

    def __init__(self):
        self.all = [nginx.Nginx(), nginx.Nginx()]
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

    def __init__(self, port, origins, counts, stop, seed):
        super().__init__(daemon=True)
        self.port, self.origins, self.counts, self.stop = port, origins, counts, stop
        self.random = random.Random(seed)
        self.connection = None

    def run(self):
        while not self.stop.is_set():
            self.once(time.monotonic())
            if self.random.random() < 0.02:
                self.drop()
        self.drop()

    def once(self, begin):
        fresh = self.connection is None
        try:
            if fresh:
                self.connection = raw.connect(self.port)
            problem = self.exchange()
        except (OSError, raw.Truncated, ValueError, IndexError) as error:
            untouched = not self.connection or not self.connection.buffer
            self.drop()
            if not fresh and untouched and isinstance(error, (OSError, raw.Truncated)) and (
                    "0 bytes" in str(error) or isinstance(error, ConnectionError)):
                # Closed between two requests, which every client has to expect.
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
    """GET of a small or a large file, compared with what the origin has."""

    def exchange(self):
        large = self.random.random() < 0.02
        path, content = ("/large.bin", self.origins.all[0].large) if large else (
            "/small.txt", b"small and plain\n")
        host = "cached.test" if self.random.random() < 0.2 else "soak.test"
        self.connection.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
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


class Edge:
    """Weir, whichever process it is at the moment."""

    def __init__(self, origins):
        config = CONFIG.format(first=origins.all[0].port, second=origins.all[1].port,
                               idle=IDLE_SECONDS)
        self.first = weir.Weir(config=config)
        self.port = self.first.port
        self.replaced = []

    def pid(self):
        text = self.first.get("/debug/build", self.first.admin)[2].decode()
        return int(next(line for line in text.splitlines() if line.startswith("pid: "))[5:])

    def replace(self):
        """A hand-over under load; returns when the new process answers operators."""
        before = self.pid()
        os.kill(before, signal.SIGUSR2)
        process.wait_until(lambda: self.pid_or_none() not in (None, before), 15, "the new process")
        self.replaced.append(before)

    def pid_or_none(self):
        try:
            return self.pid()
        except (OSError, StopIteration, ValueError):
            return None


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def start_load(port, seconds):
    """Small requests, as many as the machine takes."""
    return subprocess.Popen(
        [weir.BINARY, "load", "http", "--url", f"http://127.0.0.1:{port}/small.txt", "--host",
         "soak.test", "--duration", f"{seconds}s", "--connections", str(LOADERS), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def judge_load(load, disturbances, counts):
    out, err = load.communicate(timeout=30)
    if load.returncode != 0:
        return counts.fault(f"weir load: {err.strip()}")
    report = json.loads(out)
    print(f"load: {report['requests_per_s']}/s, statuses {report['status']}, errors "
          f"{report['errors_by_kind']}")
    counts.by_kind["load"] += report["ok"]
    # A hand-over closes connections between two requests, which the load takes for an error, and an
    # origin that dies takes answers with it. Nobody may find the door shut, or hear nonsense.
    allowed = {"reset": disturbances * LOADERS, "closed": disturbances * LOADERS,
               "unfinished": LOADERS}
    for kind, count in report["errors_by_kind"].items():
        if count > allowed.get(kind, 0):
            counts.fault(f"weir load: {count} errors of kind {kind}")
    return None


def soak(seconds):
    origins = Origins()
    edge = Edge(origins)
    counts, stop = Counts(), threading.Event()
    pid = edge.pid()
    warm_up(edge, origins)
    at_start = descriptors(pid)
    clients = [kind(edge.port, origins, counts, stop, seed)
               for kind, number in ((Reader, READERS), (Writer, WRITERS))
               for seed in range(number)]
    load = start_load(edge.port, seconds)
    begin = time.monotonic()
    for client in clients:
        client.start()
    origins.thread.start()
    time.sleep(seconds * 0.15)
    early = resident_bytes(pid)
    time.sleep(max(0.0, begin + seconds / 2 - time.monotonic()))
    late = resident_bytes(pid)
    while time.monotonic() < begin + seconds - REPLACE_SECONDS:
        edge.replace()
        time.sleep(REPLACE_SECONDS)
    origins.stop.set()
    origins.thread.join()
    stop.set()
    for client in clients:
        client.join(20)
    judge_load(load, len(edge.replaced) + len(origins.outages), counts)
    print(f"clients: {dict(counts.by_kind)}")
    print(f"memory: {early >> 10} KiB early, {late >> 10} KiB at half time; "
          f"{len(origins.outages)} outages, {len(edge.replaced)} hand-overs")
    if late - early > GROWTH_BYTES_MAX:
        counts.fault(f"memory grew by {(late - early) >> 10} KiB")
    judge_end(edge, at_start, counts)
    return counts


def warm_up(edge, origins):
    """Every descriptor that stays is open behind this."""
    counts, stop = Counts(), threading.Event()
    clients = [Reader(edge.port, origins, counts, stop, seed) for seed in range(4)]
    for client in clients:
        client.start()
    time.sleep(1)
    stop.set()
    for client in clients:
        client.join(20)
    time.sleep(IDLE_SECONDS + 1.5)


def judge_end(edge, at_start, counts):
    pid = edge.pid()
    try:
        process.wait_until(lambda: not any(map(alive, edge.replaced)), 20,
                           "the replaced processes to end")
    except process.NotReady:
        counts.fault(f"still there: {[each for each in edge.replaced if alive(each)]}")
    try:
        process.wait_until(lambda: descriptors(pid) <= at_start, IDLE_SECONDS + 5, "descriptors")
    except process.NotReady:
        folder = f"/proc/{pid}/fd"
        links = sorted(os.readlink(f"{folder}/{each}") for each in os.listdir(folder))
        counts.fault(f"{len(links)} descriptors, {at_start} at the start: {links}")
    log = edge.first.log.read_text(errors="replace")
    for line in log.splitlines():
        if " ERROR " in line or "crash" in line or "Sanitizer" in line:
            counts.fault(f"log: {line}")
    os.kill(pid, signal.SIGTERM)
    try:
        process.wait_until(lambda: not alive(pid), 20, "the last process to end")
    except process.NotReady as problem:
        counts.fault(str(problem))


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    if seconds < 10:
        sys.exit("a soak takes 10 seconds at least")
    try:
        counts = soak(seconds)
    finally:
        process.end_all()
    for fault in counts.faults[:20]:
        print(f"fault: {fault}")
    passed = not counts.faults and counts.by_kind["reader"] > 0 and counts.by_kind["writer"] > 0
    print(f"soak of {seconds} s: {'passed' if passed else 'FAILED'}")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
