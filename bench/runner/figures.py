"""Figures: medians with their spread over rounds, ratios, and whether a goal is met. Pure."""
from dataclasses import dataclass
from math import comb
from statistics import median

from .question import Goal


@dataclass
class Spread:
    median: float
    min: float
    max: float


def spread(values: list[float]) -> Spread | None:
    """None when nothing was measured."""
    known = [value for value in values if value is not None]
    return Spread(median(known), min(known), max(known)) if known else None


def median_interval(values: list[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """In which the median lies with at least that confidence, whatever the distribution: between
    two of the values in order (binomial). None when there are too few."""
    ordered, count = sorted(values), len(values)
    below, rank = 0.0, -1
    for index in range(count // 2):
        below += comb(count, index) / 2**count
        if below > (1 - confidence) / 2:
            break
        rank = index
    return (ordered[rank], ordered[count - 1 - rank]) if rank >= 0 else None


def per_request_us(cpu_s: float, requests: int) -> float | None:
    return cpu_s * 1e6 / requests if requests else None


def summarise(runs: list[dict]) -> dict[str, dict[str, Spread]]:
    """By server, by figure. `runs` are flat: {"server": name, figure: number or None}."""
    figures: dict[str, dict[str, list]] = {}
    for run in runs:
        of_server = figures.setdefault(run["server"], {})
        for figure, value in run.items():
            if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
                of_server.setdefault(figure, []).append(value)
    return {server: {figure: found for figure, values in of_server.items()
                     if (found := spread(values))}
            for server, of_server in figures.items()}


def ratio(summary: dict, figure: str, subject: str, against: str) -> float | None:
    """Of medians; None when one of them was not measured."""
    pair = [summary.get(name, {}).get(figure) for name in (subject, against)]
    if not all(pair) or pair[1].median == 0:
        return None
    return pair[0].median / pair[1].median


def _within(goal: Goal, value: float) -> bool:
    return (goal.at_most is None or value <= goal.at_most) and (
        goal.at_least is None or value >= goal.at_least)


def judge(goal: Goal, summary: dict) -> list[dict]:
    """One entry for each comparison: what was found, and whether the goal is met (None: not
    measured)."""
    if goal.against:
        found = [(name, ratio(summary, goal.figure, goal.subject, name)) for name in goal.against]
    else:
        own = summary.get(goal.subject, {}).get(goal.figure)
        found = [("", own.median if own else None)]
    limit = f"<= {goal.at_most:g}" if goal.at_most is not None else f">= {goal.at_least:g}"
    return [{"figure": goal.figure, "subject": goal.subject, "against": name, "limit": limit,
             "value": value, "met": None if value is None else _within(goal, value)}
            for name, value in found]
