"""Question: what one folder of bench/questions asks, read from its question.toml and checked."""
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from .problem import Problem

KINDS = ("closed_loop", "herd", "idle", "open_loop", "pairs", "purge", "record_costs")
SERVER_KINDS = ("floor", "weir", "nginx", "h2o", "haproxy", "varnish", "ats", "rust", "go")


@dataclass
class Workload:
    """What the clients do, and where everything runs. `origin_body_bytes` above 0 puts a bare
    server with answers of that size behind the servers, on the clients' cores;
    `origin_max_age_s` above 0 lets caches keep them, and then the runner sees to it that answers
    come from the cache, or, where `numbers` makes so many paths, that all come from the origin.
    `origin_tag` puts a second one beside it, whose answers have that Surrogate-Key.
    `clients_beside` puts a client of its own, with so many connections, on each of the server's
    cores instead of the clients'.
    `origin_delay_ms` above 0 puts a slow one in its place: so long until the first of a body's
    bytes, and as long again until the rest.
    `streams` above 0 asks in HTTP/2, so many requests at a time on each connection; over TLS where
    `tls` says so, and with windows of 2^`window_bits` - 1 bytes.
    Pairs are with the server `base`; `rate` above 0 is so many requests a second by the clock, to
    each."""

    connections: int = 64
    pipeline: int = 1
    body_bytes: int = 1024
    path: str = "/1k.bin"
    host: str = "bench.test"
    server_cores: str = "0"
    client_cores: str = "1"
    clients_beside: bool = False
    origin_body_bytes: int = 0
    origin_max_age_s: int = 0
    origin_delay_ms: int = 0
    origin_tag: str = ""
    numbers: int = 0
    streams: int = 0
    tls: bool = False
    window_bits: int = 30
    stages: list[int] = field(default_factory=lambda: [5000, 10000, 15000])
    base: str = ""
    rate: int = 0
    shares: list[float] = field(default_factory=lambda: [0.5, 0.8])


@dataclass
class Server:
    """One of the compared. `set` holds the values of its configuration's own variables."""

    name: str
    kind: str
    config: str = ""
    cores: str = ""
    set: dict[str, str] = field(default_factory=dict)


@dataclass
class Goal:
    """`figure` of `subject` is at most (or at least) that many times the same figure of each of
    `against`; with nothing to compare against, that many units."""

    figure: str
    at_most: float | None = None
    at_least: float | None = None
    subject: str = "weir"
    against: list[str] = field(default_factory=list)


@dataclass
class Question:
    folder: Path
    question: str
    kind: str
    workload: Workload
    servers: list[Server]
    goals: list[Goal]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def rounds(self) -> tuple[int, float]:
        """How many, and how many seconds of each for everyone, unless told otherwise."""
        return (30, 1.5) if self.kind == "pairs" else (5, 5.0)

    @property
    def client(self) -> str:
        """The one that can ask so, unless another is chosen."""
        if self.kind == "record_costs":
            return "none"
        return "h2load" if self.workload.streams else "bench"

    def workload_for(self, server: Server) -> Workload:
        if not self.workload.clients_beside:
            return self.workload
        return replace(self.workload, client_cores=server.cores or self.workload.server_cores)

    def origin_share_is_wrong(self, share: float) -> bool:
        """Whether so many of the answers came from the origin that they are not what was asked
        about."""
        if self.workload.origin_max_age_s == 0:
            return False
        return share < 0.98 if self.workload.numbers else share > 0.01


def _build(cls, where: str, values: dict):
    known = cls.__dataclass_fields__
    for key in values:
        if key not in known:
            raise Problem(f"{where}: unknown key '{key}', known are {', '.join(known)}")
    try:
        return cls(**values)
    except TypeError as error:
        raise Problem(f"{where}: {error}") from error


def _check(question: Question, where: Path) -> Question:
    names = {server.name for server in question.servers}
    if question.kind not in KINDS:
        raise Problem(f"{where}: kind '{question.kind}' is none of {', '.join(KINDS)}")
    for server in question.servers:
        if server.kind not in SERVER_KINDS:
            raise Problem(f"{where}: server '{server.name}': unknown kind '{server.kind}'")
    for goal in question.goals:
        if goal.at_most is None and goal.at_least is None:
            raise Problem(f"{where}: the goal for '{goal.figure}' needs at_most or at_least")
        for name in [goal.subject, *goal.against]:
            if name not in names:
                raise Problem(f"{where}: a goal names '{name}', which is no server here")
    return question


def load(folder: Path) -> Question:
    where = folder / "question.toml"
    try:
        document = tomllib.loads(where.read_text())
    except FileNotFoundError as error:
        raise Problem(f"no such question: {folder.name} (there is no {where})") from error
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{where}: {error}") from error
    servers = [_build(Server, f"{where}: servers.{name}", {"name": name, **values})
               for name, values in document.pop("servers", {}).items()]
    goals = [_build(Goal, f"{where}: goals", values) for values in document.pop("goals", [])]
    workload = _build(Workload, f"{where}: workload", document.pop("workload", {}))
    parts = {"folder": folder, "servers": servers, "goals": goals, "workload": workload}
    return _check(_build(Question, str(where), {**document, **parts}), where)
