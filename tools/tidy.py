#!/usr/bin/env python3
"""Runs clang-tidy-19 on files, as many at once as there are cores, within a time.

Usage: tidy.py --build DIR [--seconds N] FILE...
N = 0 is no bound. Prints the findings only; files that the time did not reach are named, so that
nobody takes them for clean. Exit status 1 on a finding.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

# A case of a test is read by itself, and its macros nest: how long it may be is a source rule. The
# analyzer would spend most of its time in these macros; tests run under the sanitizers.
NOT_IN_TESTS = ",".join(("-readability-function-size", "-readability-function-cognitive-complexity",
                         "-clang-analyzer-*"))
UNBOUNDED_SECONDS = 86400  # poll(2), under subprocess, takes no time beyond some weeks


def tidy(build, path, deadline):
    """The output when there is a finding, "" when clean, None when there was no time."""
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    checks = [f"--checks={NOT_IN_TESTS}"] if path.endswith("_test.cc") else []
    command = ["clang-tidy-19", "--quiet", "-p", build, *checks, path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=left, check=False)
    except subprocess.TimeoutExpired:
        return None
    return "" if done.returncode == 0 else done.stdout + done.stderr


def distinct(text):
    """Each finding once: what is in a header is found again in every file that includes it."""
    text = re.sub(r"^\d+ warnings? .*\n", "", text, flags=re.M)
    findings = re.split(r"\n(?=\S+:\d+:\d+: error: )", text.rstrip())
    return [finding for finding in dict.fromkeys(findings) if finding]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    deadline = time.monotonic() + (options.seconds or UNBOUNDED_SECONDS)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outputs = list(pool.map(lambda path: tidy(options.build, path, deadline), options.files))
    for finding in distinct("".join(output for output in outputs if output)):
        print(finding)
    late = [path for path, output in zip(options.files, outputs) if output is None]
    if late:
        print(f"clang-tidy: no time left for {' '.join(late)}; ./dev check --all takes its time")
    found = sum(bool(output) for output in outputs)
    print(f"clang-tidy: {len(outputs) - len(late)} files, {found} with findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
