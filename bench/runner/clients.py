"""Runs a load client against a port for a bounded time and reads what it says. All answer with the
same keys: requests (measured), requests_total (with warm-up), requests_per_s, errors, client_cpu
and latency_us by percentile."""
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .problem import Problem
from .question import Workload
from .servers import Paths, require_program

MARGIN_S = 40
UNITS_US = {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6}


def run_client(command: list[str], cores: str, seconds: float) -> str:
    try:
        done = subprocess.run(["taskset", "--cpu-list", cores, *command], capture_output=True,
                              text=True, timeout=seconds + MARGIN_S)
    except subprocess.TimeoutExpired as error:
        raise Problem(f"{command[0]} did not end in time") from error
    if done.returncode != 0:
        raise Problem(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[:500]}")
    return done.stdout


def together(said: list[dict]) -> dict:
    """The report of clients that ran at the same time: sums, and of latencies the worst, since
    quantiles cannot be added."""
    total = {key: sum(each[key] for each in said)
             for key in ("requests", "requests_total", "requests_per_s", "errors", "client_cpu")}
    worst = {quantile: max(each["latency_us"][quantile] for each in said)
             for quantile in said[0]["latency_us"]}
    return {**total, "latency_us": worst}


def bench(paths: Paths, workload: Workload, port: int, seconds: float) -> dict:
    """Our light client; half a second of warm-up before the measured time."""
    warmup = min(0.5, seconds / 4)
    command = [str(paths.client), "--target", f"127.0.0.1:{port}", "--path", workload.path,
               "--host", workload.host, "--connections", str(workload.connections), "--pipeline",
               str(workload.pipeline), "--seconds", str(seconds), "--warmup", str(warmup),
               "--body-bytes", str(workload.body_bytes), "--numbers", str(workload.numbers)]
    run = lambda cores: json.loads(run_client(command, cores, seconds + warmup))  # noqa: E731
    if not workload.clients_beside:
        return run(workload.client_cores)
    cores = workload.client_cores.split(",")
    with ThreadPoolExecutor(len(cores)) as pool:
        return together(list(pool.map(run, cores)))


def _wrk_time_us(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m|h)", text)
    if not found:
        raise Problem(f"not a time of wrk: {text!r}")
    return round(float(found.group(1)) * UNITS_US[found.group(2)], 1)


def parse_wrk(text: str) -> dict:
    requests = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if not requests or not rate:
        raise Problem(f"not a report of wrk: {text[:300]!r}")
    quantiles = re.findall(r"^\s+(50|90|99)%\s+(\S+)", text, re.MULTILINE)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)",
                        text)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = sum(map(int, sockets.groups())) if sockets else 0
    count = int(requests.group(1))
    return {"requests": count, "requests_total": count, "requests_per_s": float(rate.group(1)),
            "errors": errors + (int(wrong.group(1)) if wrong else 0), "client_cpu": None,
            "latency_us": {f"p{share}": _wrk_time_us(time) for share, time in quantiles}}


def wrk(_: Paths, workload: Workload, port: int, seconds: float) -> dict:
    """wrk with one thread. It cannot pipeline without a script that costs it most of its speed."""
    if workload.pipeline != 1 or workload.numbers or workload.clients_beside:
        raise Problem("this question needs what only --client bench does")
    require_program("wrk")
    command = ["wrk", "--threads", "1", "--connections", str(workload.connections), "--duration",
               f"{max(1, round(seconds))}s", "--latency", "--header", f"Host: {workload.host}",
               f"http://127.0.0.1:{port}{workload.path}"]
    return parse_wrk(run_client(command, workload.client_cores, seconds))


def parse_h2load(text: str) -> dict:
    """It prints no quantiles, and tells no more of the latency than its mean."""
    rate = re.search(r"finished in \S+, ([\d.]+) req/s", text)
    counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, "
                       r"(\d+) failed, (\d+) errored, (\d+) timeout", text)
    mean = re.search(r"time for request: +\S+ +\S+ +(\S+)", text)
    if not rate or not counts or not mean:
        raise Problem(f"not a report of h2load: {text[:300]!r}")
    done, succeeded, *wrong = map(int, counts.groups())
    return {"requests": succeeded, "requests_total": done, "requests_per_s": float(rate.group(1)),
            "errors": max(done - succeeded, *wrong), "client_cpu": None,
            "latency_us": {"mean": _wrk_time_us(mean.group(1))}}


def h2load(_: Paths, workload: Workload, port: int, seconds: float) -> dict:
    """h2load with one thread, in HTTP/2, without a warm-up: it would not count those answers."""
    if not workload.streams or workload.numbers or workload.clients_beside:
        raise Problem("this question is not one of HTTP/2, or needs what only --client bench does")
    require_program("h2load")
    scheme = "https" if workload.tls else "http"
    command = ["h2load", "--clients", str(workload.connections), "--max-concurrent-streams",
               str(workload.streams), "--duration", str(max(1, round(seconds))), "--window-bits",
               str(workload.window_bits), "--connection-window-bits", str(workload.window_bits),
               f"{scheme}://127.0.0.1:{port}{workload.path}"]
    return parse_h2load(run_client(command, workload.client_cores, seconds))


CLOSED_LOOP = {"bench": bench, "h2load": h2load, "wrk": wrk}
