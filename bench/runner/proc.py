"""Reads /proc: CPU time and memory of a process and its descendants, and of the whole machine."""
import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Stat:
    """The fields of /proc/PID/stat that matter here; times in seconds."""

    parent: int
    user_s: float
    system_s: float


def parse_stat(text: str) -> Stat:
    """The command's name is in parentheses and may itself hold spaces and parentheses. The time of
    children that have ended and were waited for belongs to their parent."""
    fields = text[text.rindex(")") + 2:].split()
    ticks = [int(field) for field in fields[11:15]]
    return Stat(parent=int(fields[1]), user_s=(ticks[0] + ticks[2]) / TICKS_PER_S,
                system_s=(ticks[1] + ticks[3]) / TICKS_PER_S)


def _stats() -> dict[int, Stat]:
    stats = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stats[int(entry)] = parse_stat(Path(f"/proc/{entry}/stat").read_text())
            except OSError:
                continue  # ended meanwhile
    return stats


def _descendants(pid: int, stats: dict[int, Stat]) -> list[int]:
    found = [pid] if pid in stats else []
    for process in found:
        found += [child for child, stat in stats.items() if stat.parent == process]
    return found


def tree_cpu(pid: int) -> tuple[float, float]:
    """User and system seconds of `pid` and all below it since they started."""
    stats = _stats()
    tree = [stats[process] for process in _descendants(pid, stats)]
    return sum(stat.user_s for stat in tree), sum(stat.system_s for stat in tree)


def run_s(pid: int) -> float:
    """Seconds that the living threads of `pid` have run since they started, to the nanosecond: for
    what is shorter than many ticks."""
    total_ns = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total_ns += int(thread.read_text().split()[0])
        except OSError:
            continue  # ended meanwhile
    return total_ns * 1e-9


def parse_rollup(text: str) -> dict[str, int]:
    """Bytes by name, from smaps_rollup."""
    sizes = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            sizes[words[0].rstrip(":")] = int(words[1]) * 1024
    return sizes


def tree_memory(pid: int) -> dict[str, int]:
    """Resident (`rss`) and proportional (`pss`) bytes of `pid` and all below it."""
    total = {"rss": 0, "pss": 0}
    for process in _descendants(pid, _stats()):
        sizes = parse_rollup(Path(f"/proc/{process}/smaps_rollup").read_text())
        total["rss"] += sizes["Rss"]
        total["pss"] += sizes["Pss"]
    return total


def parse_busy(text: str) -> float:
    """Seconds that all cores together spent in processes, from /proc/stat: user, nice, system."""
    return sum(int(field) for field in text.splitlines()[0].split()[1:4]) / TICKS_PER_S


def machine_busy() -> float:
    return parse_busy(Path("/proc/stat").read_text())
