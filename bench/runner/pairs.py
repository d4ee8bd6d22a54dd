"""The kind "pairs": what does one thing cost that a server does or leaves out? All run at once on
the same core, and are asked in turn, in slices so short that the machine is the same for all; those
of one round are a pair with `base`'s. Every round starts them afresh, since where a process comes
to lie in memory may cost more than what is asked about."""
import re
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from . import clients, proc
from .figures import per_request_us
from .open_loop import weir_load
from .problem import Problem
from .process import Process, free_ports
from .question import Question, Server
from .servers import Running, running

WARM_UP_S = 0.2
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


class Tally:
    """What one server used and answered in the slices of a round."""

    def __init__(self, server: Running):
        self.server, self.cpu_s, self.requests, self.errors, self.seconds = server, 0.0, 0, 0, 0.0

    def slice(self, question: Question, options, seconds: float):
        pid = self.server.process.pid
        before = proc.tree_run_s(pid)
        said = _load(question, self.server, options, seconds)
        self.cpu_s += proc.tree_run_s(pid) - before
        self.requests += said["requests_total"]
        self.errors += said["errors"]
        self.seconds += said["requests"] / said["requests_per_s"]

    def figures(self, costs_before: dict[str, float], warm_up: int) -> dict:
        """`warm_up`: requests before the slices, which the server's own figures count too."""
        spent = {part: seconds - costs_before.get(part, 0)
                 for part, seconds in _costs(self.server).items()}
        figures = {"cpu_us": per_request_us(self.cpu_s, self.requests), "errors": self.errors,
                   "requests_per_s": self.requests / self.seconds if self.seconds else None}
        for part, seconds in spent.items():
            figures[f"{part}_ns"] = seconds * 1e9 / (self.requests + warm_up)
        return figures


def differences(runs: list[dict], base: str, rate: int) -> list[dict]:
    """Adds to each run of a round what it took more than that of `base`."""
    plain = next(run["cpu_us"] for run in runs if run["server"] == base)
    for run in runs:
        if run["server"] != base:
            run["more_ns"] = (run["cpu_us"] - plain) * 1000
            if rate:
                run["more_percent_of_node"] = run["more_ns"] * 1e-9 * rate / NODE_CORES * 100
    return runs


def _round(question: Question, servers: list[Server], options, number: int) -> list[dict]:
    slices = question.workload.slices
    with ExitStack() as stack:
        sink = f"127.0.0.1:{free_ports(1)[0]}"
        options.paths.work.mkdir(parents=True, exist_ok=True)
        stack.enter_context(Process([sys.executable, str(SINK), sink],
                                    question.workload.client_cores,
                                    options.paths.work / "sink.out"))
        servers = [replace(server, set={**server.set, "sink": sink}) for server in servers]
        tallies = {server.name: Tally(stack.enter_context(
            running(question, server, options.paths))) for server in servers}
        costs, warm_up = {}, {}
        for name, tally in tallies.items():
            costs[name] = _costs(tally.server)
            warm_up[name] = _load(question, tally.server, options, WARM_UP_S)["requests_total"]
        names = list(tallies)
        for turn in range(slices):
            first = (number + turn) % len(names)
            for name in names[first:] + names[:first]:
                tallies[name].slice(question, options, options.seconds / slices)
        return [{"server": name, "round": number, **tally.figures(costs[name], warm_up[name])}
                for name, tally in tallies.items()]


def pairs(question: Question, servers: list[Server], options) -> list[dict]:
    base = question.workload.base
    if base not in [server.name for server in servers]:
        raise Problem(f"'{base}' is what the others are compared with, and must be among them")
    runs = []
    for number in range(1, options.rounds + 1):
        found = differences(_round(question, servers, options, number), base,
                            question.workload.rate)
        options.say(f"  round {number:2} " + "  ".join(
            f"{run['server']} {run['cpu_us']:.3f} us" +
            (f" ({run['more_ns']:+.0f} ns)" if "more_ns" in run else "") for run in found))
        runs += found
    return runs
