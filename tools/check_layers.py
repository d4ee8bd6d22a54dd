#!/usr/bin/env python3
"""Fails when an include goes against src/LAYERS.

Usage: check_layers.py SRC_DIR. Each fault is a line `file:line: message`; exit status 1 if any.
A line `module : a b` lets `module` include itself, a and b. It may name only lines above it, so the
table cannot hold a cycle. Of two folders that are named, `edge` and `edge/rules`, the longer wins.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]*)"')
LINE = re.compile(r"([a-z][a-z0-9_/]*)\s*:((?:\s+[a-z][a-z0-9_/]*)*)\s*")


def read_table(text, name):
    """The modules with what each may include, and the faults of the table itself."""
    table, faults = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        match = LINE.fullmatch(line)
        if not match:
            faults.append(f"{name}:{number}: not of the form `module : module module`")
            continue
        module, below = match[1], match[2].split()
        faults += [f"{name}:{number}: {fault}" for fault in faults_of_line(module, below, table)]
        table[module] = {one for one in below if one in table}
    return table, faults


def faults_of_line(module, below, above):
    if module in above:
        yield f"{module} stands here for the second time"
    for one in below:
        if one not in above:
            yield f"{module} names {one}, which is not a line above it"
        if below.count(one) > 1:
            yield f"{module} names {one} twice"


def module_of(relative, table):
    """The longest folder of this path that is a module; None when there is none."""
    folders = (parent.as_posix() for parent in pathlib.PurePosixPath(relative).parents)
    return next((folder for folder in folders if folder in table), None)


def faults_of_file(relative, text, table):
    """Pairs of line number and message."""
    own = module_of(relative, table)
    if own is None:
        yield 1, "this folder is not in LAYERS: add a line for it, below all that it includes"
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        fault = fault_of_include(own, match[1], table) if match else None
        if fault:
            yield number, fault


def fault_of_include(own, path, table):
    if ".." in path.split("/") or "/" not in path:
        return f'include "{path}" by its path from src/'
    other = module_of(path, table)
    if other is None:
        return f'"{path}" is in no module of LAYERS; system headers go in <>'
    if other == own or other in table[own]:
        return None
    may = " ".join(name for name in table if name in table[own]) or "only itself"
    return f"{own} must not include {other} (LAYERS lets it include: {may})"


def check(src):
    layers = src / "LAYERS"
    table, faults = read_table(layers.read_text(), layers)
    files = sorted(path for path in src.rglob("*") if path.suffix in {".h", ".cc"})
    for path in files:
        found = faults_of_file(path.relative_to(src).as_posix(), path.read_text(), table)
        faults += [f"{path}:{number}: {message}" for number, message in found]
    return faults, f"layers: {len(files)} files in {len(table)} modules, no fault"


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    faults, summary = check(pathlib.Path(arguments[0]))
    print("\n".join(faults) or summary)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
