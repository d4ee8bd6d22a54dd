#!/usr/bin/env python3
"""Answers one question of bench/questions by measuring: `bench/run.py respond_1k`."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from runner.command_line import main  # noqa: E402 (needs the path above)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
