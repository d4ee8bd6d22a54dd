"""The kind "herd": everybody asks for the same cold thing in the same moment. How often was the
origin asked, and how much later than from the origin itself came the first byte to the last?"""
import json
import urllib.request

from . import slow_origin
from .clients import run_client
from .problem import Problem
from .question import Question, Workload
from .servers import Paths, Running, running

HERD_S = 20


def _herd(paths: Paths, workload: Workload, port: int, path: str, connections: int) -> dict:
    # The origin, on the same core, is not to wait until all have asked.
    command = ["nice", "-n", "10", str(paths.herd), "--target", f"127.0.0.1:{port}", "--path",
               path, "--host", workload.host, "--connections", str(connections), "--body-bytes",
               str(workload.body_bytes), "--seconds", str(HERD_S)]
    return json.loads(run_client(command, workload.client_cores, HERD_S))


def _fetches(port: int) -> int:
    url = f"http://127.0.0.1:{port}{slow_origin.COUNT_PATH.decode()}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.read())


def figures(own: dict, herd: dict, fetches: int) -> dict:
    """`own`: what one client saw who asked the origin itself."""
    if own["errors"]:
        raise Problem("the origin itself did not answer")
    return {"own_first_byte_us": own["first_byte_us"]["max"],
            "first_byte_p50_us": herd["first_byte_us"]["p50"],
            "first_byte_max_us": herd["first_byte_us"]["max"],
            "first_byte_ratio": herd["first_byte_us"]["max"] / own["first_byte_us"]["max"],
            "whole_max_us": herd["whole_us"]["max"], "fetches": fetches,
            "errors": herd["errors"]}


def _run(question: Question, server: Running, paths: Paths) -> dict:
    workload = question.workload
    own = _herd(paths, workload, server.origin_port, "/own", 1)
    before = _fetches(server.origin_port)
    herd = _herd(paths, workload, server.port, workload.path + "-cold", workload.connections)
    return figures(own, herd, _fetches(server.origin_port) - before)


def herd(question: Question, servers: list, options) -> list[dict]:
    runs = []
    for number in range(1, options.rounds + 1):
        for server in servers:
            with running(question, server, options.paths) as process:
                run = _run(question, process, options.paths)
            options.say(f"  round {number} {server.name:22} first byte to the last "
                        f"{run['first_byte_max_us'] / 1000:8.1f} ms, {run['first_byte_ratio']:.3f} "
                        f"of the origin's; fetches {run['fetches']}  errors {run['errors']}")
            runs.append({"server": server.name, "round": number, **run})
    return runs
