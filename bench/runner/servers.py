"""Starts any of the compared servers from a Server of the question: writes its configuration,
knows its command line, and waits until it answers as the workload wants."""
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .probe import Answer, wait_until_ready
from .problem import Problem
from .process import Process, current_user, free_ports
from .question import Question, Server

PACKAGES = {"nginx": "nginx-light", "h2o": "h2o", "haproxy": "haproxy", "varnish": "varnish",
            "wrk": "wrk", "taskset": "util-linux"}
PROGRAMS = {"varnish": "varnishd"}  # where the name is not the kind's


@dataclass
class Paths:
    """Where our own programs are, and where servers may write."""

    programs: Path
    work: Path

    @property
    def floor(self) -> Path:
        return self.programs / "bench" / "bench_floor"

    @property
    def client(self) -> Path:
        return self.programs / "bench" / "bench_client"

    @property
    def weir(self) -> Path:
        return self.programs / "weir"


@dataclass
class Running:
    """A server that answers, and its origin if the question has one."""

    process: Process
    origin: Process | None
    port: int
    answer: Answer


def require_program(name: str, package: str = ""):
    if not shutil.which(name):
        raise Problem(f"{name} is not installed (Debian package {package or PACKAGES[name]})")


def require(server: Server, paths: Paths):
    own = {"floor": (paths.floor, "bench_programs"), "weir": (paths.weir, "weir")}
    if server.kind not in own:
        return require_program(PROGRAMS.get(server.kind, server.kind), PACKAGES[server.kind])
    program, target = own[server.kind]
    if not program.exists():
        raise Problem(f"{program} is missing: build the target {target}, or choose with --servers")


def fill_in(template: str, values: dict[str, str]) -> str:
    """Replaces @name@ by its value, in which @name@ may stand again (once)."""
    def value(match: re.Match) -> str:
        if match.group(1) not in values:
            raise Problem(f"unknown variable @{match.group(1)}@, known are "
                          f"{', '.join(sorted(values))}")
        return values[match.group(1)]
    variable = re.compile(r"@([a-z_]+)@")
    return variable.sub(value, variable.sub(value, template))


def _values(question: Question, server: Server, folder: Path, ports: list[int]) -> dict[str, str]:
    user, group = current_user()
    body = "x" * question.workload.body_bytes if question.workload.body_bytes <= 4000 else ""
    return {"port": str(ports[0]), "listen": f"127.0.0.1:{ports[0]}", "dir": str(folder),
            "origin": f"127.0.0.1:{ports[2]}", "origin_host": "127.0.0.1",
            "origin_port": str(ports[2]), "user": user, "group": group, "body": body,
            "body_file": str(folder / "www" / Path(question.workload.path).name), **server.set}


def _command(server: Server, paths: Paths, folder: Path, ports: list[int], cores: str,
             body_bytes: int) -> list[str]:
    listen, config = f"127.0.0.1:{ports[0]}", str(folder / "config")
    if server.kind == "floor":
        return [str(paths.floor), "--listen", listen, "--body-bytes", str(body_bytes),
                "--head-bytes", server.set.get("head_bytes", "0")]
    if server.kind == "weir":
        return [str(paths.weir), "edge", "--config", config, "--listen", listen, "--admin",
                f"127.0.0.1:{ports[1]}", "--cores", cores, "--data", str(folder / "data")]
    return {"nginx": ["nginx", "-c", config, "-p", str(folder), "-e", str(folder / "error.log")],
            "h2o": ["h2o", "-c", config],
            "haproxy": ["haproxy", "-f", config],
            "varnish": ["varnishd", "-F", "-j", "none", "-n", str(folder / "varnish"), "-a", listen,
                        "-f", config, "-s", "malloc,256m", "-p", "thread_pools=1"],
            }[server.kind]


def _prepare(question: Question, server: Server, paths: Paths, ports: list[int]) -> Path:
    """A fresh folder with the configuration and, for those who serve a file, the file."""
    folder = paths.work / re.sub(r"\W+", "_", server.name)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("www", "data"):
        (folder / name).mkdir(parents=True)
    body = folder / "www" / Path(question.workload.path).name
    body.write_bytes(b"x" * question.workload.body_bytes)
    if server.config:
        template = (question.folder / server.config).read_text()
        values = _values(question, server, folder, ports)
        (folder / "config").write_text(fill_in(template, values))
    return folder


@contextmanager
def _origin(question: Question, paths: Paths, folder: Path, port: int):
    """The bare server beside the client: the same for all that are compared."""
    workload = question.workload
    if workload.origin_body_bytes == 0:
        yield None
        return
    command = [str(paths.floor), "--listen", f"127.0.0.1:{port}", "--body-bytes",
               str(workload.origin_body_bytes), "--max-age", str(workload.origin_max_age_s)]
    with Process(command, workload.client_cores, folder / "origin.out") as origin:
        wait_until_ready(origin, port, workload.path, workload.host)
        yield origin


@contextmanager
def running(question: Question, server: Server, paths: Paths):
    """The server, answering; stopped and its files removed at the end."""
    workload = question.workload
    ports = free_ports(3)
    cores = server.cores or workload.server_cores
    folder = _prepare(question, server, paths, ports)
    command = _command(server, paths, folder, ports, cores, workload.body_bytes)
    with _origin(question, paths, folder, ports[2]) as origin, \
            Process(command, cores, folder / "server.out") as process:
        answer = wait_until_ready(process, ports[0], workload.path, workload.host)
        if (answer.status, answer.body_bytes) != (200, workload.body_bytes):
            raise Problem(f"{server.name} answers {answer.status} with {answer.body_bytes} bytes "
                          f"instead of 200 with {workload.body_bytes}")
        yield Running(process, origin, ports[0], answer)
    shutil.rmtree(folder, ignore_errors=True)
