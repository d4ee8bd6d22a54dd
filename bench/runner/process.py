"""Process: a program that is started on given cores and always stopped, by its own process id."""
import os
import signal
import socket
import subprocess
from pathlib import Path

from . import proc
from .problem import Problem

STOP_S = 10


def _ephemeral_range() -> tuple[int, int]:
    text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    low, high = text.split()
    return int(low), int(high)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on and that no outgoing connection will be given."""
    low, _ = _ephemeral_range()
    ports = []
    for port in range(max(1024, low - 8000), low):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise Problem(f"no {count} free ports below {low}")


class Process:
    """Use as a context. What it prints goes to `output`."""

    def __init__(self, command: list[str], cores: str, output: Path):
        self.command, self.cores, self.output = command, cores, output
        self.child = None

    def __enter__(self) -> "Process":
        with open(self.output, "ab") as output:
            self.child = subprocess.Popen(
                ["taskset", "--cpu-list", self.cores, *self.command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        """SIGTERM, and SIGKILL when that is not heard."""
        if self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    @property
    def pid(self) -> int:
        return self.child.pid

    def cpu_s(self) -> tuple[float, float]:
        return proc.tree_cpu(self.pid)

    def memory(self) -> dict[str, int]:
        return proc.tree_memory(self.pid)

    def complain_if_ended(self):
        if self.child.poll() is not None:
            last = self.output.read_text(errors="replace").strip().splitlines()[-5:]
            raise Problem(f"{Path(self.command[0]).name} ended with status "
                          f"{self.child.returncode}: " + "\n".join(last))


def raise_descriptor_limit():
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def current_user() -> tuple[str, str]:
    import grp
    import pwd
    return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
