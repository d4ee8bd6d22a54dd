"""Starts any of the compared servers from a Server of the question: writes its configuration,
knows its command line, and waits until it answers as the workload wants."""
import json
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .probe import Answer, wait_until_ready
from .problem import Problem
from .process import Process, current_user, free_ports
from .question import Question, Server, Workload

PACKAGES = {"nginx": "nginx-light", "h2o": "h2o", "haproxy": "haproxy", "varnish": "varnish",
            "ats": "trafficserver", "wrk": "wrk", "taskset": "util-linux",
            "h2load": "nghttp2-client", "openssl": "openssl"}
PROGRAMS = {"varnish": "varnishd", "ats": "traffic_server"}  # where the name is not the kind's
MEMORY = Path("/dev/shm")  # a file system in memory, for who keeps a cache in files
SLOW_ORIGIN = Path(__file__).resolve().parent / "slow_origin.py"


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
    def herd(self) -> Path:
        return self.programs / "bench" / "bench_herd"

    @property
    def weir(self) -> Path:
        return self.programs / "weir"


@dataclass
class Running:
    """A server that answers, and its origin if the question has one. `origin_answers`, how many
    the bare origin gave, is known once all have stopped. `http2_port` is where a question of HTTP/2
    is asked: not all servers speak HTTP/1.1 there, which the runner looks with."""

    process: Process
    origin: Process | None
    port: int
    admin_port: int
    origin_port: int
    http2_port: int
    answer: Answer
    origin_answers: int | None = None


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
            "memory_dir": str(MEMORY / f"weir-bench-{ports[0]}"),
            "origin": f"127.0.0.1:{ports[2]}", "origin_host": "127.0.0.1",
            "origin_port": str(ports[2]), "tagged_origin": f"127.0.0.1:{ports[3]}",
            "second_port": str(ports[4]), "certificate": str(folder / "certificate.pem"),
            "key": str(folder / "key.pem"), "user": user, "group": group, "body": body,
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
                        "-f", config, "-s", "malloc,2g", "-p", "thread_pools=1"],
            "ats": ["traffic_server", f"--run-root={config}/runroot.yaml"],
            }[server.kind]


def _prepare(question: Question, server: Server, paths: Paths, ports: list[int]) -> Path:
    """A fresh folder with the configuration and, for those who serve a file, the file."""
    folder = paths.work / re.sub(r"\W+", "_", server.name)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("www", "data"):
        (folder / name).mkdir(parents=True)
    body = folder / "www" / Path(question.workload.path).name
    body.write_bytes(b"x" * question.workload.body_bytes)
    if question.workload.tls:
        _make_certificate(folder)
    values = _values(question, server, folder, ports)
    Path(values["memory_dir"]).mkdir(exist_ok=True)
    for name, template in templates(question, server).items():
        file = folder / "config" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(fill_in(template, values))
    return folder


def _make_certificate(folder: Path):
    """certificate.pem and key.pem, and both.pem for who wants them in one file."""
    require_program("openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=bench.test",
                    "-addext", "subjectAltName=DNS:bench.test,IP:127.0.0.1", "-keyout",
                    folder / "key.pem", "-out", folder / "certificate.pem"],
                   check=True, capture_output=True, timeout=20)
    parts = [(folder / name).read_text() for name in ("certificate.pem", "key.pem")]
    (folder / "both.pem").write_text("".join(parts))


def templates(question: Question, server: Server) -> dict[str, str]:
    """Of its configuration: one file, named "", or all of a folder by the names they shall have."""
    if not server.config:
        return {}
    path = question.folder / server.config
    if path.is_dir():
        return {file.stem: file.read_text() for file in sorted(path.glob("*.in"))}
    return {"": path.read_text()}


def _origin_command(workload: Workload, paths: Paths, port: int) -> list[str]:
    common = ["--listen", f"127.0.0.1:{port}", "--body-bytes", str(workload.origin_body_bytes),
              "--max-age", str(workload.origin_max_age_s)]
    if workload.origin_delay_ms:
        return [sys.executable, str(SLOW_ORIGIN), *common, "--delay-ms",
                str(workload.origin_delay_ms)]
    return [str(paths.floor), *common]


@contextmanager
def _origins(question: Question, paths: Paths, folder: Path, ports: list[int]):
    """The bare server beside the client: the same for all that are compared."""
    workload = question.workload
    if workload.origin_body_bytes == 0:
        yield None
        return
    with ExitStack() as stack:
        command = _origin_command(workload, paths, ports[0])
        origin = stack.enter_context(
            Process(command, workload.client_cores, folder / "origin.out"))
        wait_until_ready(origin, ports[0], workload.path, workload.host)
        if workload.origin_tag:
            command = [*_origin_command(workload, paths, ports[1]), "--field",
                       f"Surrogate-Key: {workload.origin_tag}"]
            tagged = stack.enter_context(
                Process(command, workload.client_cores, folder / "tagged_origin.out"))
            wait_until_ready(tagged, ports[1], workload.path, workload.host)
        yield origin


def _origin_answers(folder: Path) -> int | None:
    """What the bare server said at its end."""
    try:
        return json.loads((folder / "origin.out").read_text())["answered"]
    except (OSError, ValueError, KeyError):
        return None


@contextmanager
def running(question: Question, server: Server, paths: Paths):
    """The server, answering; stopped and its files removed at the end."""
    workload = question.workload
    ports = free_ports(5)
    # Weir speaks both on one port.
    http2_port = ports[0] if server.kind == "weir" and not workload.tls else ports[4]
    cores = server.cores or workload.server_cores
    folder = _prepare(question, server, paths, ports)
    command = _command(server, paths, folder, ports, cores, workload.body_bytes)
    try:
        with _origins(question, paths, folder, ports[2:4]) as origin, \
                Process(command, cores, folder / "server.out") as process:
            answer = wait_until_ready(process, ports[0], workload.path, workload.host)
            if (answer.status, answer.body_bytes) != (200, workload.body_bytes):
                raise Problem(f"{server.name} answers {answer.status} with {answer.body_bytes} "
                              f"bytes instead of 200 with {workload.body_bytes}")
            found = Running(process, origin, *ports[:3], http2_port, answer)
            yield found
        found.origin_answers = _origin_answers(folder)
    finally:
        shutil.rmtree(MEMORY / f"weir-bench-{ports[0]}", ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
