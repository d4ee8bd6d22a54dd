"""The kinds of measurement. Each takes (question, servers, options) and returns flat runs, one for
each server and round: {"server", "round", figures...}."""
import resource
import socket
import time
from dataclasses import dataclass, replace

from . import clients, proc
from .figures import per_request_us, spread
from .herd import herd
from .open_loop import weir_load
from .pairs import pairs
from .probe import ask
from .problem import Problem
from .process import raise_descriptor_limit
from .purge import purge
from .question import Question, Server
from .record_costs import record_costs
from .servers import Paths, Running, running


@dataclass
class Options:
    paths: Paths
    rounds: int
    seconds: float
    client: str = "bench"
    say: callable = print


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _cpu_around(server: Running, load) -> tuple[dict, dict]:
    """What `load()` says, and the CPU that server, origin and strangers used meanwhile."""
    origin_s = lambda: sum(server.origin.cpu_s()) if server.origin else 0.0  # noqa: E731
    before = (*server.process.cpu_s(), origin_s(), _children_cpu(), proc.machine_busy(),
              time.monotonic())
    said = load()
    after = (*server.process.cpu_s(), origin_s(), _children_cpu(), proc.machine_busy(),
             time.monotonic())
    user, system, origin, client, busy, wall = (b - a for a, b in zip(before, after))
    total = said["requests_total"]
    return said, {
        "cpu_us": per_request_us(user + system, total),
        "user_us": per_request_us(user, total),
        "system_us": per_request_us(system, total),
        "origin_us": per_request_us(origin, total) if server.origin else None,
        "server_cpu": (user + system) / wall,
        # Of one core. What nobody here accounts for: above 0.05, look for who else was running.
        "foreign_cpu": max(0.0, busy - user - system - origin - client) / wall,
    }


def _head_bytes(server: Running) -> int:
    return len(server.answer.head) + len("\r\n\r\n")


def _figures(server: Running, said: dict, cpu: dict) -> dict:
    latency = {f"{name}_us": value for name, value in said["latency_us"].items()}
    return {"requests_per_s": said["requests_per_s"], **cpu, **latency, "errors": said["errors"],
            "requests": said["requests"], "client_cpu": said["client_cpu"],
            "head_bytes": _head_bytes(server)}


def _closed_run(question: Question, server: Server, options: Options) -> dict:
    with running(question, server, options.paths) as process:
        client = clients.CLOSED_LOOP[options.client]
        workload = question.workload_for(server)
        port = process.http2_port if workload.streams else process.port
        load = lambda: client(options.paths, workload, port, options.seconds)  # noqa: E731
        said, cpu = _cpu_around(process, load)
        figures = _figures(process, said, cpu)
    if server.kind != "floor" and process.origin_answers is not None and said["requests_total"]:
        share = figures["origin_share"] = process.origin_answers / said["requests_total"]
        if question.origin_share_is_wrong(share):
            raise Problem(f"{server.name}: {share:.1%} of the answers came from the origin")
    return figures


def _match_floor(question: Question, servers: list[Server], options: Options):
    """Gives the floor's answers as many head bytes as Weir's have, so that both send as much."""
    weirs = [server for server in servers if server.kind == "weir"]
    for floor in servers:
        if weirs and floor.kind == "floor":
            with running(question, weirs[0], options.paths) as process:
                floor.set["head_bytes"] = str(_head_bytes(process))


def closed_loop(question: Question, servers: list[Server], options: Options) -> list[dict]:
    """Round by round, every server once a round, each started afresh."""
    _match_floor(question, servers, options)
    runs = []
    for number in range(1, options.rounds + 1):
        for server in servers:
            run = _closed_run(question, server, options)
            options.say(f"  round {number} {server.name:22} {run['requests_per_s']:10.0f}/s "
                        f"{run['cpu_us']:7.2f} us  p99 {run.get('p99_us', 0):8.0f} us  "
                        f"errors {run['errors']}  foreign {run['foreign_cpu']:.2f}")
            runs.append({"server": server.name, "round": number, **run})
    return runs


def _ceilings(question: Question, servers: list[Server], options: Options) -> dict[str, float]:
    found = {}
    short = replace(options, seconds=min(2.0, options.seconds), client="bench")
    for server in servers:
        rates = [_closed_run(question, server, short)["requests_per_s"] for _ in range(2)]
        found[server.name] = spread(rates).median
        options.say(f"  ceiling {server.name:22} {found[server.name]:10.0f}/s")
    return found


def open_loop(question: Question, servers: list[Server], options: Options) -> list[dict]:
    """Everyone is offered the same rates: shares of the slowest server's ceiling."""
    ceilings = _ceilings(question, servers, options)
    slowest = min(ceilings.values())
    runs = []
    for number in range(1, options.rounds + 1):
        for share in question.workload.shares:
            for server in servers:
                rate = round(slowest * share)
                run = _open_run(question, server, options, rate)
                options.say(f"  round {number} {share:.0%} {server.name:22} {rate}/s "
                            f"p50 {run['p50_us']:8.0f} us  p99 {run['p99_us']:8.0f} us")
                runs.append({"server": f"{server.name} at {share:.0%}", "round": number,
                             "offered_per_s": rate, "ceiling_per_s": ceilings[server.name], **run})
    return runs


def _open_run(question: Question, server: Server, options: Options, rate: int) -> dict:
    with running(question, server, options.paths) as process:
        load = lambda: weir_load(options.paths, question.workload, process.port,  # noqa: E731
                                 options.seconds, rate)
        return _figures(process, *_cpu_around(process, load))


SETTLE_S = 1.0


def idle(question: Question, servers: list[Server], options: Options) -> list[dict]:
    """Memory of a server whose connections have each had one answer and then say nothing."""
    raise_descriptor_limit()
    runs = []
    for number in range(1, options.rounds + 1):
        for server in servers:
            with running(question, server, options.paths) as process:
                run = _idle_run(question, process)
            options.say(f"  round {number} {server.name:22} " + "  ".join(
                f"{figure} {value:.0f}" for figure, value in run.items() if "pss_each" in figure))
            runs.append({"server": server.name, "round": number, **run})
    return runs


def _idle_run(question: Question, server: Running) -> dict:
    connections: list[socket.socket] = []
    time.sleep(SETTLE_S)
    base = server.process.memory()
    figures = {"base_rss": base["rss"], "base_pss": base["pss"]}
    try:
        for stage in question.workload.stages:
            _open_until(connections, stage, server.port, question)
            time.sleep(SETTLE_S)
            now = server.process.memory()
            for kind in ("rss", "pss"):
                figures[f"{kind}_each_at_{stage}"] = (now[kind] - base[kind]) / stage
        still_open = sum(_is_open(connection) for connection in connections)
        figures["closed_by_server"] = len(connections) - still_open
    finally:
        for connection in connections:
            connection.close()
    return figures


def _open_until(connections: list[socket.socket], count: int, port: int, question: Question):
    while len(connections) < count:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            # Closing resets, so that no port is left waiting for the next server's turn.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connections.append(connection)
            ask(connection, question.workload.path, question.workload.host)
        except OSError as error:
            raise Problem(f"connection {len(connections) + 1} of {count}: {error}") from error


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


KINDS = {"closed_loop": closed_loop, "herd": herd, "idle": idle, "open_loop": open_loop,
         "pairs": pairs, "purge": purge, "record_costs": record_costs}
