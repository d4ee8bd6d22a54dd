#!/usr/bin/env python3
"""Fails when a source file breaks a rule of the house that no compiler knows.

Usage: check_source.py ROOT. Each fault is a line `file:line: rule: message`; exit status 1 if any.
Where breaking a rule is plainer, say so on that line or the one above: `allow(rule): reason`.
Line patterns live in source_rules.py; what needs more than one line is here.
"""
import pathlib
import re
import sys

import cpp_text
import source_rules

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
COLUMNS_MAX = 100
FOLDERS = ("src", "tests", "bench", "tools", ".ci", "deploy")
CODE = {".h", ".cc", ".py", ".sh", ".js"}
ALLOW = re.compile(r"allow\(([a-z-]+)\): \S")
VAGUE = re.compile(r"(utils?|common|helpers?|misc|stuff|manager)(_test|_fuzz|_bench)?", re.I)


class Fault:
    """A rule broken at a line, and what to do about it."""

    def __init__(self, line, rule, message):
        self.line, self.rule, self.message = line, rule, message


def faults_of(relative, text):
    """All faults of one file; `relative` is its path from the root, with slashes."""
    path = pathlib.PurePosixPath(relative)
    lines = text.splitlines()
    raw = cpp_text.lines_of_raw_strings(text) if path.suffix in {".h", ".cc"} else set()
    faults = list(name_faults(path)) + list(length_faults(lines, raw))
    if path.suffix in {".h", ".cc"}:
        faults += cpp_faults(path, text, lines)
    faults += [Fault(number, rule.name, rule.message)
               for rule in source_rules.TEXT_RULES if rule.covers(relative)
               for number, line in enumerate(lines, 1) if rule.pattern.search(line)]
    return sorted((fault for fault in faults if not allowed(fault, lines)), key=lambda f: f.line)


def allowed(fault, lines):
    """`allow(rule): reason` on the line of the fault or the one above it."""
    near = lines[max(0, fault.line - 2):fault.line]
    return any(match[1] == fault.rule for line in near for match in ALLOW.finditer(line))


def name_faults(path):
    for part in (*path.parts[:-1], path.stem):
        if VAGUE.fullmatch(part):
            yield Fault(1, "name", f"`{part}` says nothing: name the thing that it holds")


def length_faults(lines, raw):
    """A raw string is as wide as what it is printed to."""
    if len(lines) > FILE_LINES_MAX:
        yield Fault(1, "file-length", f"{len(lines)} lines, at most {FILE_LINES_MAX}: cut it where "
                    "the subject divides")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and number not in raw:
            yield Fault(number, "columns", f"{len(line)} columns, at most {COLUMNS_MAX}")


def cpp_faults(path, text, lines):
    relative = path.as_posix()
    code = cpp_text.without_comments_and_strings(text)
    for rule in source_rules.CPP_RULES:
        if rule.covers(relative):
            for number, line in enumerate(code.splitlines(), 1):
                if rule.pattern.search(line):
                    yield Fault(number, rule.name, rule.message)
    for first, last, name in cpp_text.functions(code):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield Fault(first, "function-length", f"{name} has {last - first + 1} lines, at most "
                        f"{FUNCTION_LINES_MAX}: name its steps")
    if path.suffix == ".h":
        yield from header_faults(lines)


def header_faults(lines):
    if not lines or lines[0] != "#pragma once":
        yield Fault(1, "pragma-once", "a header begins with #pragma once")
        return
    following = next((line for line in lines[1:] if line.strip()), "")
    if not following.startswith("//"):
        yield Fault(2, "header-comment", "after #pragma once, say what this is, who owns it, what "
                    "it limits and what it does not do")


def files_under(root):
    """Every source file of the project; build folders and what git ignores are not sources."""
    found = [path for folder in FOLDERS for path in (root / folder).rglob("*")]
    found += [root / "dev"]
    for path in sorted(found):
        known = path.suffix in CODE or path.name in {"dev", "run", "CMakeLists.txt"}
        if path.is_file() and known and "node_modules" not in path.parts:
            yield path


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    root = pathlib.Path(arguments[0])
    count = broken = 0
    for path in files_under(root):
        count += 1
        relative = path.relative_to(root).as_posix()
        for fault in faults_of(relative, path.read_text()):
            broken += 1
            print(f"{relative}:{fault.line}: {fault.rule}: {fault.message}")
    if not broken:
        print(f"source rules: {count} files, no fault")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
