"""What the figures were taken on, and whether the machine is quiet enough to take any."""
import os
import platform
import re
import subprocess
from pathlib import Path

LOAD_MAX = 0.7
COMPILERS = re.compile(r"^(clang|clang\+\+|cc1plus|cc1|ld\.lld|lld|ninja|rustc|go|javac)([-.\d]*)$")


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""


def cpu_model(cpuinfo: str) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found.group(1) if found else platform.machine()


def name_and_state(stat: str) -> tuple[str, str]:
    """Of /proc/PID/stat: the name stands in parentheses and may hold some itself."""
    end = stat.rindex(")")
    return stat[stat.index("(") + 1:end], stat[end + 2]


def compilers_running() -> list[str]:
    """Those that somebody has stopped (SIGSTOP) take nothing from anybody."""
    names = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, state = name_and_state(file.read_text())
        except OSError:
            continue
        if state not in "TZ" and COMPILERS.match(name):
            names.add(name)
    return sorted(names)


def busy_reason() -> str:
    """Why no figure taken now would be worth keeping; empty when the machine is quiet."""
    running = compilers_running()
    if running:
        return f"compilers are running: {', '.join(running)}"
    load = os.getloadavg()[0]
    return f"the load average is {load:.2f}, above {LOAD_MAX}" if load > LOAD_MAX else ""


def _commit(root: Path) -> str:
    git = ["git", "-C", str(root)]
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "src", "bench"]).returncode
    return _first_line([*git, "rev-parse", "--short", "HEAD"]) + ("-changed" if changed else "")


def state(root: Path) -> dict:
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu_model(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / 2**20, 1) if memory else None,
        "kernel": platform.release(),
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
        "compilers_running": compilers_running(),
        "commit": _commit(root),
    }


VERSIONS = {
    "nginx": ["nginx", "-v"],
    "h2o": ["h2o", "-v"],
    "haproxy": ["haproxy", "-v"],
    "varnish": ["varnishd", "-V"],
    "ats": ["traffic_server", "-V"],
    "wrk": ["wrk", "-v"],
    "rust": ["rustc", "-V"],
    "go": ["go", "version"],
}


def version(kind: str) -> str:
    """The version of a rival or of wrk; our own programs are told by the commit."""
    line = _first_line(VERSIONS[kind]) if kind in VERSIONS else ""
    found = re.search(r"\d+\.[^\s\[]*", line)
    return f"{kind} {found.group(0)}" if found else line
