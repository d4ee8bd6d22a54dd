#!/usr/bin/env python3
"""Counts the instructions of every recording operation and compares them with their bounds.

Usage: instructions.py PROGRAM [--bounds FILE] [--write]. PROGRAM is record_costs_bench of a release
build, run by valgrind's callgrind, which counts the same however busy the machine is. Each
operation is done twice, LESS and MORE times, so that the difference has no part of the start.
--write renews the bounds: what was counted and a tenth more.
"""
import argparse
import concurrent.futures
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

LESS, MORE = 1000, 5000
ROOM = 1.1
SECONDS = 120
HEAD = """\
# Most instructions of one recording operation, in a release build; ./dev ci compares.
# tools/instructions.py --write renews them: say in the commit why they may rise.
"""


def stripped(program, folder):
    """valgrind 3.19 ends when it meets clang's DWARF 5, so it gets a copy without."""
    copy = pathlib.Path(folder) / program.name
    subprocess.run(["llvm-strip-19", "--strip-debug", program, "-o", copy], check=True)
    return copy


def count(program, operation, times):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program,
               operation, str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise SystemExit(f"{operation}: valgrind ended with {done.returncode}:\n"
                         f"{done.stderr[-2000:]}")
    return int(found[1])


def each(program, operation):
    """Instructions of one."""
    more, less = (count(program, operation, times) for times in (MORE, LESS))
    return (more - less) / (MORE - LESS)


def compare(counted, bounds):
    """(lines for people, whether all are within their bounds)"""
    lines, well = [], True
    for operation, instructions in counted.items():
        most = bounds[operation]
        verdict = "" if instructions <= most else "  TOO MANY"
        well = well and instructions <= most
        lines.append(f"{operation:46} {instructions:8.1f} of {most}{verdict}")
    return lines, well


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--bounds", type=pathlib.Path,
                        default=pathlib.Path(__file__).with_suffix(".toml"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    bounds = tomllib.loads(options.bounds.read_text())
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        program = stripped(options.program, folder)
        counted = dict(zip(bounds, pool.map(lambda name: each(program, name), bounds)))
    if options.write:
        options.bounds.write_text(HEAD + "".join(
            f'"{name}" = {math.ceil(found * ROOM)}\n' for name, found in counted.items()))
        bounds = tomllib.loads(options.bounds.read_text())
    lines, well = compare(counted, bounds)
    print("\n".join(lines))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
