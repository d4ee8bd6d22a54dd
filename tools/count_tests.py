#!/usr/bin/env python3
"""Prints `passed failed skipped` of a ctest report: the test cases that its programs ran.

Usage: count_tests.py JUNIT.xml. A program that prints doctest's or unittest's closing line counts
with its cases, any other as one test. A program that failed counts at least one failure.
"""
import re
import sys
import xml.etree.ElementTree

DOCTEST = re.compile(r"test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed")
UNITTEST = re.compile(r"^Ran (\d+) tests? in ", re.M)
PART = re.compile(r"(failures|errors|skipped)=(\d+)")


def count_program(status, output):
    """(passed, failed, skipped) of one program, from ctest's status and what it printed."""
    if status in ("notrun", "disabled"):
        return (0, 1, 0) if status == "notrun" else (0, 0, 1)
    passed, failed, skipped = cases(output) or ((1, 0, 0) if status == "run" else (0, 1, 0))
    if status == "fail" and failed == 0:
        failed = 1
    return passed, failed, skipped


def cases(output):
    doctest = DOCTEST.search(output)
    if doctest:
        return int(doctest[1]), int(doctest[2]), 0
    ran = UNITTEST.search(output)
    if ran:
        parts = {name: int(number) for name, number in PART.findall(output[ran.start():])}
        failed = parts.get("failures", 0) + parts.get("errors", 0)
        return int(ran[1]) - failed - parts.get("skipped", 0), failed, parts.get("skipped", 0)
    return None


def count(root):
    totals = [0, 0, 0]
    for case in root.iter("testcase"):
        counted = count_program(case.get("status"), case.findtext("system-out") or "")
        totals = [total + one for total, one in zip(totals, counted)]
    return totals


if __name__ == "__main__":
    print(*count(xml.etree.ElementTree.parse(sys.argv[1]).getroot()))
