"""Tests of tidy.py with a clang-tidy-19 of our own on the PATH."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class Tidy(unittest.TestCase):
    def run_on(self, script, *arguments):
        """(exit status, stdout) with `script` in place of clang-tidy-19."""
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "clang-tidy-19"
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
            path = f"{folder}:{os.environ['PATH']}"
            done = subprocess.run([sys.executable, HERE / "tidy.py", "--build", folder, *arguments],
                                  capture_output=True, text=True, check=False, timeout=30,
                                  env={**os.environ, "PATH": path})
            return done.returncode, done.stdout

    def test_without_a_limit_every_file_is_looked_at(self):
        status, output = self.run_on("exit 0\n", "--seconds", "0", "a.cc", "b.cc")
        self.assertEqual((status, output), (0, "clang-tidy: 2 files, 0 with findings\n"))

    def test_a_finding_in_a_header_is_printed_once(self):
        finding = "x.h:1:1: error: bad [some-check]"
        status, output = self.run_on(f"echo '{finding}'; exit 1\n", "a.cc", "b.cc")
        self.assertEqual((status, output.count(finding)), (1, 1))

    def test_what_is_long_in_a_test_is_none_of_its_business(self):
        script = ('case "$*" in *-readability-function-size*_test.cc) exit 0;; esac\n'
                  'echo bad\nexit 1\n')
        self.assertEqual(self.run_on(script, "a_test.cc")[0], 0)
        self.assertEqual(self.run_on(script, "a.cc")[0], 1)

    def test_files_that_the_time_did_not_reach_are_named(self):
        status, output = self.run_on("exec sleep 20\n", "--seconds", "0.2", "a.cc")
        self.assertEqual(status, 0)
        self.assertIn("no time left for a.cc", output)


if __name__ == "__main__":
    unittest.main()
