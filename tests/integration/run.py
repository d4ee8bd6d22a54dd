#!/usr/bin/env python3
"""Runs the integration tests against build/release/weir (or $WEIR_BINARY).

Usage: run.py [filter] [--list] [--peers | --peers-only] [--summary FILE]
The filter is a part of a test's sentence, class or file. The last line is
`N passed, N failed, N skipped`; exit status 1 when one failed.
"""
import argparse
import pathlib
import re
import shutil
import signal
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
UNITTEST = str(pathlib.Path(unittest.__file__).parent)
sys.path.insert(0, str(HERE))

from support import process  # noqa: E402 (the path has to be set first)


def sentence(test):
    """test_a_request_is_answered -> a request is answered"""
    name = getattr(getattr(test, "test_case", test), "_testMethodName", str(test))
    return re.sub(r"^test_", "", name).replace("_", " ")


class TimedOut(Exception):
    """A test took longer than its SECONDS."""


class Results(unittest.TestResult):
    """Prints each test as a sentence, and behind a failure what the programs said."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.group = None
        self.started = 0.0
        signal.signal(signal.SIGALRM, self.alarm)

    def alarm(self, _number, _frame):
        raise TimedOut(f"no result after {time.monotonic() - self.started:.0f} s")

    def startTest(self, test):
        super().startTest(test)
        module = type(test).__module__.removesuffix("_test").replace("_", " ")
        if module != self.group:
            self.group = module
            print(f"\n{module}", flush=True)
        self.started = time.monotonic()
        signal.alarm(getattr(test, "SECONDS", 60))

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def line(self, word, test, note=""):
        seconds = time.monotonic() - self.started
        print(f"  {word:7} {sentence(test)}{note} ({seconds:.2f} s)", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self.line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("skipped", test, f": {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell("FAILED", test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.tell("FAILED", test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tell("FAILED", subtest, err, note=subtest._subDescription())

    def tell(self, word, test, err, note=""):
        signal.alarm(0)
        self.line(word, test, f" {note}" if note else "")
        frames = [frame for frame in traceback.extract_tb(err[2])
                  if not frame.filename.startswith(UNITTEST)]
        text = "".join(traceback.format_list(frames)) + f"{err[0].__name__}: {err[1]}"
        print("\n".join(f"    {line}" for line in text.splitlines()))
        for one in process.Process.all:
            print("\n".join(f"    {line}" for line in one.report().splitlines()))


def tests_in(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from tests_in(part)
        else:
            yield part


def wanted(test, options):
    peers = getattr(test, "PEERS", False)
    if peers and not (options.peers or options.peers_only):
        return False
    if options.peers_only and not peers:
        return False
    place = f"{type(test).__module__} {type(test).__name__} {sentence(test)}"
    return options.filter.replace("_", " ").lower() in place.replace("_", " ").lower()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--summary", type=pathlib.Path)
    options = parser.parse_args()
    found = unittest.defaultTestLoader.discover(str(HERE), "*_test.py", str(HERE))
    chosen = [test for test in tests_in(found) if wanted(test, options)]
    if options.list:
        print("\n".join(f"{type(test).__module__}: {sentence(test)}" for test in chosen))
        return 0
    return run(chosen, options.summary)


def run(chosen, summary):
    results = Results()
    try:
        unittest.TestSuite(chosen).run(results)
    except KeyboardInterrupt:
        print("\ninterrupted")
        results.errors.append(("interrupted", ""))
    finally:
        signal.alarm(0)
        process.end_all()
        shutil.rmtree(process.WORK, ignore_errors=True)
    skipped = len(results.skipped)
    failed = max(len(chosen) - results.passed - skipped, 0)
    if summary:
        summary.write_text(f"{results.passed} {failed} {skipped}\n")
    print(f"\n{results.passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or results.errors else 0


if __name__ == "__main__":
    sys.exit(main())
