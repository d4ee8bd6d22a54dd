#!/usr/bin/env python3
"""Full load over real sockets, while origins are killed and Weir is replaced. For SECONDS in all.

Usage: soak.py [SECONDS]          WEIR_BINARY names another weir than build/release/weir

Two nginx are the origins. Readers and writers go past the cache, visitors through it; they check
every byte of every answer. `weir load http` fills what is left of the machine. Pages are changed
and purged all the time, by URL, prefix and tag, and there are more of them than memory holds, so
that they are evicted, to disk and from there. In the first half origins are killed and started
again, in the second Weir itself is replaced by SIGUSR2 as well. At the end: every error was the
origins', nobody got what had been purged, memory is flat, all descriptors are closed, and every
process that was replaced has gone.
"""
import collections
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from support import process, weir  # noqa: E402 (the path has to be set first)

import servers  # noqa: E402
from clients import Counts, Purger, Reader, Visitor, Writer  # noqa: E402

CLIENTS = {Reader: 4, Visitor: 4, Writer: 2}
LOADERS, REPLACE_SECONDS = 32, 3.0
GROWTH_BYTES_MAX = 24 << 20
SPARE_PIPES_MAX = 16  # that a shard keeps for the next relays (src/runtime/pipes.cc)


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    return 0


def descriptors(pid, data):
    """All but the files of the cache, which come and go, and the spare pipes that may be."""
    folder = pathlib.Path(f"/proc/{pid}/fd")
    targets = []
    for each in folder.iterdir():
        try:
            targets.append(os.readlink(each))
        except OSError:
            continue
    pipes = [target for target in targets if target.startswith("pipe:")]
    others = [target for target in targets if not target.startswith(("pipe:", str(data)))]
    return sorted(others + pipes[2 * SPARE_PIPES_MAX * len(os.sched_getaffinity(0)):])


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
    # origin that dies takes answers with it. Nobody may find the door shut, or hear nonsense. Whose
    # fault a status is, the access log knows.
    allowed = {"reset": disturbances * LOADERS, "closed": disturbances * LOADERS,
               "unfinished": LOADERS, "status_5xx": report["requests"]}
    for kind, count in report["errors_by_kind"].items():
        if count > allowed.get(kind, 0):
            counts.fault(f"weir load: {count} errors of kind {kind}")
    return None


def soak(seconds):
    origins = servers.Origins()
    edge = servers.Edge(origins)
    counts, stop = Counts(), threading.Event()
    pid = edge.pid()
    warm_up(edge, origins)
    at_start = len(descriptors(pid, edge.first.data))
    clients = [kind(edge, origins, counts, stop, seed)
               for kind, number in CLIENTS.items() for seed in range(number)]
    clients.append(Purger(edge, origins, counts, stop))
    load = start_load(edge.port, seconds)
    begin = time.monotonic()
    for client in clients:
        client.start()
    origins.thread.start()
    time.sleep(seconds * 0.15)
    early = resident_bytes(pid)
    time.sleep(max(0.0, begin + seconds / 2 - time.monotonic()))
    late = resident_bytes(pid)
    judge_cache(edge, counts)
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
    judge_end(edge, origins, at_start, counts)
    return counts


def judge_cache(edge, counts):
    """At half time: what the soak is about did happen."""
    text = edge.first.metrics()
    seen = {name: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                      if line.startswith(begin))
            for name, begin in (("hits", "cache_hits_total"),
                                ("evictions", 'edge_cache_removed_total{reason="evicted"}'),
                                ("purges", "edge_cache_purges_total"),
                                ("found on disk", 'edge_cache_disk_lookups_total{result="hit"}'))}
    print(f"cache: {seen}")
    for name, number in seen.items():
        if number == 0:
            counts.fault(f"no {name} in half of the soak")


def warm_up(edge, origins):
    """Every descriptor that stays is open behind this."""
    counts, stop = Counts(), threading.Event()
    clients = [kind(edge, origins, counts, stop, seed)
               for kind in (Reader, Visitor) for seed in range(4)]
    for client in clients:
        client.start()
    time.sleep(1)
    stop.set()
    for client in clients:
        client.join(20)
    time.sleep(servers.IDLE_SECONDS + 1.5)


def judge_log(edge, origins, counts):
    """Every request has one whole line, and each that failed did so while an origin was hurt."""
    to_monotonic = time.monotonic() - time.time()
    lines, failed = 0, collections.Counter()
    with open(edge.access_log, "rb") as log:
        for line in log:
            lines += 1
            if not line.startswith(b'{"time":"') or not line.endswith(b"}\n"):
                counts.fault(f"access log: {line[:200]}")
            elif b'"status":5' in line or b'"error":' in line:
                record = json.loads(line)
                failed[f"{record['status']} {record.get('error')}, attempts "
                       f"{record.get('attempts')}"] += 1
                end = datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00"))
                end = end.timestamp() + to_monotonic
                if not origins.hurt(end - record["duration_us"] / 1e6, end):
                    counts.fault(f"access log: {line.decode()}")
    print(f"access log: {lines} lines; of requests that failed: {dict(failed)}")
    asked = sum(counts.by_kind[kind] for kind in ("reader", "visitor", "writer", "load"))
    if lines < asked:
        counts.fault(f"{lines} lines in the access log, of {asked} requests and more")


def judge_end(edge, origins, at_start, counts):
    pid = edge.pid()

    def open_now():
        return descriptors(pid, edge.first.data)
    try:
        process.wait_until(lambda: not any(map(alive, edge.replaced)), 20,
                           "the replaced processes to end")
    except process.NotReady:
        counts.fault(f"still there: {[each for each in edge.replaced if alive(each)]}")
    try:
        process.wait_until(lambda: len(open_now()) <= at_start, servers.IDLE_SECONDS + 5,
                           "descriptors")
    except process.NotReady:
        counts.fault(f"{len(open_now())} descriptors, {at_start} at the start: {open_now()}")
    log = edge.first.log.read_text(errors="replace")
    for line in log.splitlines():
        if " ERROR " in line or "crash" in line or "Sanitizer" in line:
            counts.fault(f"log: {line}")
    os.kill(pid, signal.SIGTERM)
    try:
        process.wait_until(lambda: not alive(pid), 20, "the last process to end")
    except process.NotReady as problem:
        counts.fault(str(problem))
    judge_log(edge, origins, counts)


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
    worked = all(counts.by_kind[kind.__name__.lower()] > 0 for kind in CLIENTS)
    passed = worked and not counts.faults
    print(f"soak of {seconds} s: {'passed' if passed else 'FAILED'}")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
