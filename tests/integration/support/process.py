"""A program under test: its own process group, its output in a file, always ended."""
import ctypes
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORK = pathlib.Path(tempfile.gettempdir()) / f"weir-integration-{os.getpid()}"
LOG_TAIL_BYTES = 4000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)


def environment_with(additions):
    """Ours without WEIR_*, all of which a program under test would take for settings of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_")}
    return {**kept, **(additions or {})}


class NotReady(Exception):
    """A program ended, or did not answer, before the test began."""


def free_ports(count):
    """All sockets are held until every port is known, so no port is given twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def new_folder(name):
    """A fresh folder under the folder of this run."""
    WORK.mkdir(exist_ok=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=WORK))


def wait_until(condition, seconds, what):
    """Calls `condition` until it is true, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotReady(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class Process:
    """`command`, started now. `all` is every process of this run, for cleaning up and for logs."""
    all = []

    def __init__(self, name, command, cwd=None, environment=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.folder = new_folder(name)
        self.log = self.folder / "output.log"
        with open(self.log, "wb") as output:
            self.popen = subprocess.Popen(
                self.command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment_with(environment), start_new_session=True,
                preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        Process.all.append(self)

    @property
    def pid(self):
        return self.popen.pid

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, seconds):
        """The exit status; NotReady when it is still running after `seconds`."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise NotReady(f"{self.name} still runs after {seconds} s") from None

    def running(self):
        return self.popen.poll() is None

    def group(self):
        """The pids of the process and of what it started in its group."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            if int(fields[2]) == self.pid and fields[0] != "Z":
                found.append(int(entry.name))
        return found

    def end(self):
        """Kills the group, for one that a test did not stop by itself."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        if self in Process.all:
            Process.all.remove(self)

    def output(self):
        return self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")

    def report(self):
        state = "running" if self.running() else f"ended with {self.popen.returncode}"
        return f"--- {self.name} ({state}): {shlex.join(self.command)}\n{self.output()}"


def end_all():
    for process in list(Process.all):
        process.end()
