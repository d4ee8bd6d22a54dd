"""The kind "pairs": what does one thing cost that a server does or leaves out? Two run at once on
the same core, `base` and one of the others, each with a client of its own, so that the scheduler
has them take turns every few milliseconds and the machine is the same for both: a pair. More at
once would take each other's caches away. In each round every other one has a pair, and every pair
is started afresh, since where a process comes to lie in memory may cost more than what is asked
about."""
import bisect
import re
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from . import clients, proc
from .figures import per_request_us
from .open_loop import weir_load
from .probe import wait_until_listening
from .problem import Problem
from .process import Process, free_ports
from .question import Question, Server
from .servers import Running, running

SAMPLE_S = 0.01
SINK = Path(__file__).resolve().parent / "otlp_sink.py"
NODE_CORES = 2  # of the node that the planned load is for
COST = re.compile(r'^telemetry_cpu_time_total\{part="(\w+)"\} (\S+)$', re.MULTILINE)


def parse_costs(metrics: str) -> dict[str, float]:
    """CPU seconds by part, as the server meters them itself."""
    return {part: float(seconds) for part, seconds in COST.findall(metrics)}


def _costs(server: Running) -> dict[str, float]:
    url = f"http://127.0.0.1:{server.admin_port}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return parse_costs(answer.read().decode())


def _load(question: Question, server: Running, options, seconds: float) -> dict:
    workload = question.workload
    if workload.rate:
        return weir_load(options.paths, workload, server.port, seconds, workload.rate)
    return clients.bench(options.paths, workload, server.port, seconds)


class Sampler(threading.Thread):
    """Reads the CPU time of servers over and over, so that what one used between any two moments
    can be told afterwards."""

    def __init__(self, pids: list[int]):
        super().__init__(daemon=True)
        self.samples = {pid: [] for pid in pids}
        self.ended = threading.Event()

    def run(self):
        self.look()
        while not self.ended.wait(SAMPLE_S):
            self.look()
        self.look()

    def look(self):
        for pid, samples in self.samples.items():
            samples.append((time.monotonic(), proc.run_s(pid)))


def at(samples: list[tuple[float, float]], moment: float) -> float:
    """The CPU time at a moment between two samples."""
    index = bisect.bisect_left(samples, (moment, 0.0))
    if not 0 < index < len(samples):
        raise Problem("a client measured while nobody looked at its server")
    (before, low), (after, high) = samples[index - 1], samples[index]
    return low + (high - low) * (moment - before) / (after - before)


def _cost_us(samples: list[tuple[float, float]], said: dict) -> float | None:
    """CPU of one request. At full load it is that of the time in which the client measured, since
    one that is alone for a moment would see another price; by the clock, of all requests."""
    if "began_s" in said:
        end = said["began_s"] + said["elapsed_s"]
        return per_request_us(at(samples, end) - at(samples, said["began_s"]), said["requests"])
    return per_request_us(samples[-1][1] - samples[0][1], said["requests_total"])


def _measure(question: Question, servers: list[Running], options) -> list[dict]:
    costs = [_costs(server) for server in servers]
    sampler = Sampler([server.process.pid for server in servers])
    sampler.start()
    with ThreadPoolExecutor(len(servers)) as pool:
        said = list(pool.map(lambda one: _load(question, one, options, options.seconds), servers))
    sampler.ended.set()
    sampler.join()
    found = []
    for server, one, before in zip(servers, said, costs):
        figures = {"cpu_us": _cost_us(sampler.samples[server.process.pid], one),
                   "errors": one["errors"], "requests_per_s": one["requests_per_s"]}
        for part, seconds in _costs(server).items():
            figures[f"{part}_ns"] = (seconds - before.get(part, 0)) * 1e9 / one["requests_total"]
        found.append(figures)
    return found


def differences(runs: list[dict], base: str, rate: int) -> list[dict]:
    """Adds to the run beside `base` what it took more."""
    plain = next(run["cpu_us"] for run in runs if run["server"] == base)
    for run in runs:
        if run["server"] != base:
            run["more_ns"] = (run["cpu_us"] - plain) * 1000
            if rate:
                run["more_percent_of_node"] = run["more_ns"] * 1e-9 * rate / NODE_CORES * 100
    return runs


def duos(base: str, servers: list[Server], number: int) -> list[list[Server]]:
    """The pairs of a round. Who comes first has other luck than who comes last."""
    (plain,) = (server for server in servers if server.name == base)
    others = [server for server in servers if server.name != base]
    first = number % len(others)
    return [[plain, other] if (number // len(others) + place) % 2 else [other, plain]
            for place, other in enumerate(others[first:] + others[:first])]


@contextmanager
def _sink(question: Question, options):
    """What takes the servers' telemetry, for as long as they run: HOST:PORT."""
    port = free_ports(1)[0]
    options.paths.work.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(SINK), f"127.0.0.1:{port}"]
    with Process(command, question.workload.client_cores, options.paths.work / "sink.out") as sink:
        wait_until_listening(sink, port)
        yield f"127.0.0.1:{port}"


def _pair(question: Question, servers: list[Server], options, number: int) -> list[dict]:
    with ExitStack() as stack:
        sink = stack.enter_context(_sink(question, options))
        servers = [replace(server, set={**server.set, "sink": sink}) for server in servers]
        alive = [stack.enter_context(running(question, server, options.paths))
                 for server in servers]
        found = _measure(question, alive, options)
        return [{"server": server.name, "round": number, **figures}
                for server, figures in zip(servers, found)]


def pairs(question: Question, servers: list[Server], options) -> list[dict]:
    base = question.workload.base
    if base not in [server.name for server in servers]:
        raise Problem(f"'{base}' is what the others are compared with, and must be among them")
    if len(servers) < 2:
        raise Problem(f"nobody is there to be compared with '{base}'")
    runs = []
    for number in range(1, options.rounds + 1):
        round_runs = []
        for duo in duos(base, servers, number):
            round_runs += differences(_pair(question, duo, options, number), base,
                                      question.workload.rate)
        options.say(f"  round {number:2} " + "  ".join(
            f"{run['server']} {run['cpu_us']:.3f} us ({run['more_ns']:+.0f} ns)"
            for run in round_runs if "more_ns" in run))
        runs += round_runs
    return runs
