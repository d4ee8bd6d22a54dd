"""`weir load http` as an open-loop client: requests leave by the clock, whatever the server does,
and latency counts from the moment a request was due."""
import json

from .clients import run_client
from .problem import Problem
from .question import Workload
from .servers import Paths


def parse(text: str) -> dict:
    """Its JSON report, with our keys. Requests are answers: what was due and did not get one is
    among the errors."""
    try:
        report = json.loads(text)
        return {"requests": report["answered"], "requests_total": report["answered_total"],
                "requests_per_s": report["requests_per_s"], "errors": report["errors"],
                "client_cpu": report.get("client_cpu"), "latency_us": report["latency_us"]}
    except (ValueError, KeyError) as error:
        raise Problem(f"not a report of weir load: {error}: {text[:300]!r}") from error


def weir_load(paths: Paths, workload: Workload, port: int, seconds: float, rate: int) -> dict:
    if not paths.weir.exists():
        raise Problem(f"{paths.weir} is missing: build the target weir, this question needs it")
    command = [str(paths.weir), "load", "http", "--url",
               f"http://127.0.0.1:{port}{workload.path}", "--host", workload.host, "--rate",
               str(rate), "--duration", f"{seconds:g}s", "--connections",
               str(workload.connections), "--cores", workload.client_cores, "--json"]
    return parse(run_client(command, workload.client_cores, seconds))
