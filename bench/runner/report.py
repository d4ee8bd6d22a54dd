"""Writes what was measured: results/TIME-CLIENT.json with every run, and results.md, which shows
the newest of each client and lists all that are kept."""
import json
from pathlib import Path
from statistics import median

from .figures import Spread, judge, median_interval, ratio, summarise
from .question import Question
from .record_costs import operations

COLUMNS = {
    "closed_loop": [("requests_per_s", "requests/s", 0), ("cpu_us", "CPU us/request", 2),
                    ("user_us", "user us", 2), ("p50_us", "p50 us", 0), ("p99_us", "p99 us", 0),
                    ("p99.9_us", "p99.9 us", 0), ("mean_us", "mean us", 0),
                    ("server_cpu", "server CPU", 2),
                    ("client_cpu", "client CPU", 2), ("foreign_cpu", "foreign CPU", 2),
                    ("origin_share", "from the origin", 4), ("head_bytes", "head bytes", 0),
                    ("errors", "errors", 0)],
    "open_loop": [("offered_per_s", "offered/s", 0), ("requests_per_s", "answered/s", 0),
                  ("ceiling_per_s", "ceiling/s", 0), ("p50_us", "p50 us", 0),
                  ("p90_us", "p90 us", 0), ("p99_us", "p99 us", 0), ("p99.9_us", "p99.9 us", 0),
                  ("max_us", "max us", 0), ("cpu_us", "CPU us/request", 2),
                  ("foreign_cpu", "foreign CPU", 2), ("errors", "errors", 0)],
    "herd": [("first_byte_ratio", "last first byte / origin's", 3),
             ("own_first_byte_us", "origin's first byte us", 0),
             ("first_byte_p50_us", "first byte p50 us", 0),
             ("first_byte_max_us", "first byte max us", 0), ("whole_max_us", "whole max us", 0),
             ("fetches", "fetches", 0), ("errors", "errors", 0)],
    "pairs": [("requests_per_s", "requests/s", 0), ("cpu_us", "CPU us/request", 3),
              ("recording_ns", "of it metered: recording ns", 0),
              ("export_ns", "exporting ns", 1), ("access_log_ns", "access log ns", 1),
              ("errors", "errors", 0)],
    "purge": [("purge_ms", "purge ms", 1), ("purged", "purged", 0),
              ("quiet_p99_us", "p99 us without", 0), ("p99_us", "p99 us with", 0),
              ("p99_ratio", "p99 with / without", 2), ("quiet_max_us", "max us without", 0),
              ("max_us", "max us with", 0), ("requests_per_s", "hits/s", 0),
              ("errors", "errors", 0)],
}
HISTORY_FIGURES = ("more_ns", "cpu_us", "p99_us", "span, not sampled: ns", "counter: ns")
RATIO_FIGURE = {"closed_loop": "cpu_us", "open_loop": "p99_us"}


def _columns(question: Question) -> list[tuple[str, str, int]]:
    if question.kind in COLUMNS:
        return COLUMNS[question.kind]
    stages = [(f"{kind}_each_at_{stage}", f"{kind.upper()} bytes each at {stage}", 0)
              for stage in question.workload.stages for kind in ("pss", "rss")]
    return [("base_pss", "PSS bytes at 0", 0), *stages, ("closed_by_server", "closed by server", 0)]


def _cell(value: Spread | None, digits: int) -> str:
    if value is None:
        return "-"
    text = f"{value.median:,.{digits}f}"
    if value.min == value.max:
        return text
    return f"{text} ({value.min:,.{digits}f}-{value.max:,.{digits}f})"


def _ratio_cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _costs_table(summary: dict) -> list[str]:
    """A row for each operation."""
    columns = [(server, figure, digits) for server in summary
               for figure, digits in (("ns", 1), ("ns with two threads", 1), ("allocations", 2))]
    head = ["operation", *(f"{server}: {figure}" for server, figure, _ in columns)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in operations(summary):
        cells = [_cell(summary[server].get(f"{name}: {figure}"), digits)
                 for server, figure, digits in columns]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return lines


def table(question: Question, summary: dict) -> list[str]:
    """Medians with (min-max) over the rounds, and ratios against the floor and against Weir."""
    if question.kind == "record_costs":
        return _costs_table(summary)
    columns, figure = _columns(question), RATIO_FIGURE.get(question.kind)
    references = [name for name in ("floor", "weir") if figure and name in summary]
    head = ["server", *(title for _, title, _ in columns)]
    head += [f"{figure.removesuffix('_us')} / {name}" for name in references]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for server, figures in summary.items():
        cells = [server, *(_cell(figures.get(name), digits) for name, _, digits in columns)]
        cells += [_ratio_cell(ratio(summary, figure, server, name)) for name in references]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def pair_lines(question: Question, runs: list[dict]) -> list[str]:
    """What each took more than the one that they are compared with, with the interval in which the
    median lies with a confidence of 95 %."""
    lines = [f"More than `{question.workload.base}` beside it, median of the pairs:", ""]
    for server in dict.fromkeys(run["server"] for run in runs if "more_ns" in run):
        of_server = [run for run in runs if run["server"] == server]
        told = []
        for figure, unit, digits in (("more_ns", " ns a request", 0),
                                     ("more_percent_of_node", " % of the node", 3)):
            values = [run[figure] for run in of_server if figure in run]
            if not values:
                continue
            within = median_interval(values)
            interval = (f" (95 %: {within[0]:.{digits}f} to {within[1]:.{digits}f})"
                        if within else "")
            told.append(f"{median(values):.{digits}f}{unit}{interval}")
        lines.append(f"- {server}, {len(of_server)} pairs: {'; '.join(told)}")
    return lines


def goals(question: Question, summary: dict) -> list[str]:
    lines = []
    for goal in question.goals:
        for found in judge(goal, summary):
            against = f" / {found['against']}" if found["against"] else ""
            value = "not measured" if found["value"] is None else f"{found['value']:.2f}"
            verdict = {True: "met", False: "**missed**", None: "open"}[found["met"]]
            lines.append(f"- {found['subject']}{against}, {found['figure']} {found['limit']}: "
                         f"{value}, {verdict}")
    return lines


def document(question: Question, machine: dict, options: dict, runs: list[dict]) -> dict:
    summary = summarise(runs)
    return {
        "question": question.name, "machine": machine, "options": options,
        "workload": vars(question.workload),
        "goals": [entry for goal in question.goals for entry in judge(goal, summary)],
        "summary": {server: {figure: vars(value) for figure, value in figures.items()}
                    for server, figures in summary.items()},
        "runs": runs,
    }


def text(question: Question, kept: dict) -> list[str]:
    """One kept result for people."""
    machine, options = kept["machine"], kept["options"]
    versions = ", ".join(f"{value}" for value in options["versions"].values())
    summary = summarise(kept["runs"])
    how = f"client {options['client']}, {options['rounds']} rounds of {options['seconds']:g} s"
    if question.kind == "record_costs":
        how = f"{options['rounds']} rounds"
    lines = [f"Taken {options['time']} at {machine['commit']}: {how}, interleaved; "
             f"{machine['cores']} x {machine['cpu']}, Linux {machine['kernel']}, load average "
             f"before {machine['load_average_before'][0]}. {versions}", ""]
    if options["forced"]:
        lines += [f"Forced although {options['forced']}: not a figure to quote.", ""]
    lines += table(question, summary)
    if question.kind == "pairs":
        lines += ["", *pair_lines(question, kept["runs"])]
    verdicts = goals(question, summary)
    return lines + (["", *verdicts] if verdicts else [])


def _load(question: Question) -> list[dict]:
    files = sorted((question.folder / "results").glob("*.json"))
    return [json.loads(file.read_text()) | {"file": file.name} for file in files]


def _history(question: Question, kept: list[dict]) -> list[str]:
    lines = []
    for result in reversed(kept):
        name = "weir" if "weir" in result["summary"] else question.goals[0].subject
        own = result["summary"].get(name, {})
        figures = ", ".join(f"{figure} {own[figure]['median']:.2f}"
                            for figure in HISTORY_FIGURES if figure in own)
        lines.append(f"- [{result['options']['time']}](results/{result['file']}) at "
                     f"{result['machine']['commit']}: {name} {figures or 'not measured'}")
    return lines


def keep(question: Question, result: dict) -> Path:
    """Writes the result and renews results.md."""
    folder = question.folder / "results"
    folder.mkdir(exist_ok=True)
    stamp = result["options"]["time"].replace(":", "-")
    file = folder / f"{stamp}-{result['options']['client']}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    kept = _load(question)
    newest = {entry["options"]["client"]: entry for entry in kept}
    lines = [f"# {question.question}", "",
             "Written by bench/run.py: medians (min-max) over the rounds.", ""]
    for client, entry in newest.items():
        title = "The newest" if client == "none" else f"Client {client}"
        lines += [f"## {title}", "", *text(question, entry), ""]
    lines += ["## All that are kept", "", *_history(question, kept)]
    (question.folder / "results.md").write_text("\n".join(lines) + "\n")
    return file
