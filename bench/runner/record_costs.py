"""The kind "record_costs": programs that say what each of the same operations costs them. The
figures of an operation are "NAME: ns", "NAME: ns with two threads" and "NAME: allocations"."""
import json
import shutil

from .clients import run_client
from .problem import Problem
from .question import Question, Server
from .servers import Paths

PROGRAMS = {"rust": "record-costs-rust", "go": "record-costs-go"}
RUN_S = 300


def program(server: Server, paths: Paths) -> str:
    if server.kind == "weir":
        own = paths.programs / "record_costs_bench"
        if not own.exists():
            raise Problem(f"{own} is missing: build the target record_costs_bench")
        return str(own)
    found = shutil.which(PROGRAMS[server.kind])
    if not found:
        raise Problem(f"{PROGRAMS[server.kind]} is not on the PATH: ./dev bench builds it")
    return found


def figures(costs: list[dict]) -> dict[str, float]:
    """`costs` as a program prints them."""
    named = {}
    for cost in costs:
        name = cost["operation"]
        named[f"{name}: ns"] = cost["ns"]
        named[f"{name}: ns with two threads"] = cost["two_threads_ns"]
        if "allocations" in cost:
            named[f"{name}: allocations"] = cost["allocations"]
    named["most allocations"] = max(cost.get("allocations", 0) for cost in costs)
    named["most that a second thread adds"] = max(cost["two_threads_ns"] / cost["ns"]
                                                  for cost in costs)
    return named


def operations(summary: dict) -> list[str]:
    """Those that were measured, in the order of the first program."""
    names = [name for of_server in summary.values() for name in of_server]
    return list(dict.fromkeys(name.removesuffix(": ns") for name in names
                              if name.endswith(": ns")))


def record_costs(question: Question, servers: list, options) -> list[dict]:
    programs = {server.name: program(server, options.paths) for server in servers}
    runs = []
    for number in range(1, options.rounds + 1):
        for server in servers:
            said = run_client([programs[server.name]], question.workload.server_cores, RUN_S)
            run = figures(json.loads(said))
            options.say(f"  round {number} {server.name:22} span, not sampled "
                        f"{run['span, not sampled: ns']:8.1f} ns")
            runs.append({"server": server.name, "round": number, **run})
    return runs
