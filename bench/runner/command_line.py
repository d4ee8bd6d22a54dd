"""bench/run.py's command line: which question, how long, with what; then measure and keep."""
import argparse
import shutil
import signal
import sys
from datetime import datetime, timezone
from pathlib import Path

from . import clients, machine, measure, question, report
from .problem import Problem
from .servers import Paths, require, require_program

BENCH = Path(__file__).resolve().parent.parent
QUESTIONS = BENCH / "questions"
ROOT = BENCH.parent


def questions() -> list[str]:
    return sorted(folder.name for folder in QUESTIONS.iterdir()
                  if (folder / "question.toml").exists())


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run.py", description="Answers questions of bench/questions by measuring.",
        epilog="Questions: " + ", ".join(questions()))
    parser.add_argument("questions", metavar="QUESTION", nargs="+", choices=questions())
    parser.add_argument("--rounds", type=int,
                        help="how often everyone has a turn (5; where there are pairs, 30)")
    parser.add_argument("--seconds", type=float,
                        help="measured time of a turn (5; where there are pairs, 1.5)")
    parser.add_argument("--client", choices=sorted(clients.CLOSED_LOOP),
                        help="bench, or in questions of HTTP/2 h2load")
    parser.add_argument("--servers", help="only these, by name, separated by commas")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release",
                        help="where weir and the bench programs were built (build/release)")
    parser.add_argument("--force", action="store_true",
                        help="measure although the machine is busy; the result says so")
    parser.add_argument("--dry", action="store_true", help="print the result, keep nothing")
    parsed = parser.parse_args(arguments)
    if not 1 <= (parsed.rounds or 1) <= 50 or not 0.2 <= (parsed.seconds or 1) <= 120:
        parser.error("--rounds is 1 to 50, --seconds is 0.2 to 120")
    return parsed


def _chosen(asked: question.Question, names: str | None) -> list[question.Server]:
    if not names:
        return asked.servers
    wanted = [name.strip() for name in names.split(",")]
    known = {server.name: server for server in asked.servers}
    for name in wanted:
        if name not in known:
            raise Problem(f"no server '{name}' in this question, there are {', '.join(known)}")
    return [known[name] for name in wanted]


def _versions(servers: list[question.Server], client: str) -> dict[str, str]:
    kinds = [server.kind for server in servers] + [client]
    return {kind: found for kind in kinds if (found := machine.version(kind))}


def _require(asked: question.Question, servers: list[question.Server], paths: Paths):
    """What this question needs is there. Programs that measure themselves are looked for by their
    own kind."""
    require_program("taskset")
    if asked.kind == "record_costs":
        return
    if not paths.client.exists():
        raise Problem(f"{paths.client} is missing: build the target bench_programs")
    if asked.kind == "open_loop" or asked.workload.rate:
        require(question.Server("weir load", "weir"), paths)
    for server in servers:
        require(server, paths)


def _answer(name: str, parsed: argparse.Namespace) -> None:
    asked = question.load(QUESTIONS / name)
    rounds, seconds = parsed.rounds or asked.rounds[0], parsed.seconds or asked.rounds[1]
    servers = _chosen(asked, parsed.servers)
    client = parsed.client or asked.client
    paths = Paths(parsed.build.resolve(), parsed.build.resolve() / "bench_work" / asked.name)
    busy = machine.busy_reason()
    if busy and not parsed.force:
        raise Problem(f"{busy}: figures taken now would be worth nothing (--force takes them)")
    _require(asked, servers, paths)
    options = {"time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
               "client": client, "rounds": rounds, "seconds": seconds,
               "forced": busy, "versions": _versions(servers, client)}
    state = machine.state(ROOT)
    print(f"{asked.name}: {asked.question}", flush=True)
    try:
        runs = measure.KINDS[asked.kind](asked, servers, measure.Options(
            paths, rounds, seconds, client,
            lambda line: print(line, flush=True)))
    finally:
        shutil.rmtree(paths.work, ignore_errors=True)
    result = report.document(asked, state, options, runs)
    print("\n".join(report.text(asked, result)))
    if not parsed.dry:
        print(f"kept in {report.keep(asked, result).relative_to(ROOT)}")


def main(arguments: list[str]) -> int:
    parsed = _parse(arguments)
    # Like Ctrl-C: whoever stops us must not leave servers behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for name in parsed.questions:
            _answer(name, parsed)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0
