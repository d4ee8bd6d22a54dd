"""The kind "purge": a cache holds many objects with one tag. How long does it take to purge them,
and what do those notice who ask for something else meanwhile?"""
import json
import threading
import time
import urllib.request
from dataclasses import replace

from . import clients
from .clients import run_client
from .problem import Problem
from .question import Question
from .servers import Paths, Running, running

TAGGED_HOST = "tagged.test"
FILL_S = 60


def _fill(paths: Paths, question: Question, port: int):
    """Asks for each of the tagged objects once."""
    workload = question.workload
    command = [str(paths.client), "--target", f"127.0.0.1:{port}", "--path", workload.path,
               "--host", TAGGED_HOST, "--connections", "64", "--seconds", str(FILL_S), "--warmup",
               "0", "--body-bytes", str(workload.body_bytes), "--numbers", str(workload.numbers),
               "--requests", str(workload.numbers)]
    said = json.loads(run_client(command, workload.client_cores, FILL_S))
    if said["errors"] or said["requests_total"] < workload.numbers:
        raise Problem(f"could not fill the cache: {said}")


def _hits(paths: Paths, question: Question, port: int, seconds: float) -> dict:
    return clients.bench(paths, replace(question.workload, numbers=0), port, seconds)


def _purge(admin_port: int, tag: str) -> tuple[float, int]:
    """Milliseconds, and how many objects."""
    request = urllib.request.Request(f"http://127.0.0.1:{admin_port}/cache/purge?tag={tag}",
                                     method="POST")
    start = time.monotonic()
    with urllib.request.urlopen(request, timeout=20) as answer:
        said = answer.read()
    return (time.monotonic() - start) * 1000, json.loads(said)["purged"]


def figures(quiet: dict, during: dict, purge_ms: float, purged: int) -> dict:
    """`quiet`: the hits of as long a time without a purge."""
    return {"purge_ms": purge_ms, "purged": purged,
            "quiet_p99_us": quiet["latency_us"]["p99"], "p99_us": during["latency_us"]["p99"],
            "p99_ratio": during["latency_us"]["p99"] / quiet["latency_us"]["p99"],
            "quiet_max_us": quiet["latency_us"]["max"], "max_us": during["latency_us"]["max"],
            "requests_per_s": during["requests_per_s"],
            "errors": quiet["errors"] + during["errors"]}


def _run(question: Question, server: Running, options) -> dict:
    _fill(options.paths, question, server.port)
    quiet = _hits(options.paths, question, server.port, options.seconds)
    purged = []

    def purge_in_the_middle():
        time.sleep(options.seconds / 2 + min(0.5, options.seconds / 4))
        purged.append(_purge(server.admin_port, question.workload.origin_tag))

    purging = threading.Thread(target=purge_in_the_middle)
    purging.start()
    during = _hits(options.paths, question, server.port, options.seconds)
    purging.join()
    if not purged:
        raise Problem("the purge did not end")
    return figures(quiet, during, *purged[0])


def purge(question: Question, servers: list, options) -> list[dict]:
    runs = []
    for number in range(1, options.rounds + 1):
        for server in servers:
            with running(question, server, options.paths) as process:
                run = _run(question, process, options)
            options.say(f"  round {number} {server.name:22} {run['purged']} purged in "
                        f"{run['purge_ms']:.1f} ms; p99 of hits {run['p99_us']:.0f} us, without "
                        f"{run['quiet_p99_us']:.0f} us; max {run['max_us']:.0f} us")
            runs.append({"server": server.name, "round": number, **run})
    return runs
