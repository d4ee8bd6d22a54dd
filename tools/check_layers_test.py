"""What check_layers.py accepts and refuses."""
import pathlib
import tempfile
import unittest

import check_layers

TABLE = "base :\nwire : base\nedge/rules : base wire\nedge : base wire edge/rules\n"


def faults_of(files, table=TABLE):
    with tempfile.TemporaryDirectory() as folder:
        src = pathlib.Path(folder)
        (src / "LAYERS").write_text(table)
        for name, text in files.items():
            (src / name).parent.mkdir(parents=True, exist_ok=True)
            (src / name).write_text(text)
        faults, _ = check_layers.check(src)
        return [fault.removeprefix(f"{src}/") for fault in faults]


class Includes(unittest.TestCase):
    def test_a_module_includes_itself_and_what_its_line_names(self):
        text = '#include <vector>\n#include "edge/a.h"\n#include "wire/b.h"\n'
        self.assertEqual(faults_of({"edge/a.cc": text}), [])

    def test_an_include_against_the_table_is_named_with_its_line(self):
        faults = faults_of({"wire/a.cc": '#include <vector>\n\n#include "edge/a.h"\n'})
        self.assertEqual(faults, ["wire/a.cc:3: wire must not include edge "
                                  "(LAYERS lets it include: base)"])

    def test_the_longest_named_folder_owns_a_file(self):
        faults = faults_of({"edge/rules/a.cc": '#include "edge/b.h"\n'})
        self.assertEqual(len(faults), 1)
        self.assertIn("edge/rules must not include edge", faults[0])

    def test_a_permission_does_not_pass_on_to_others(self):
        table = "base :\nwire : base\nnet : wire\n"
        faults = faults_of({"net/a.cc": '#include "base/a.h"\n'}, table)
        self.assertIn("net must not include base", faults[0])

    def test_a_folder_outside_the_table_is_a_fault(self):
        self.assertIn("not in LAYERS", faults_of({"other/a.cc": ""})[0])

    def test_an_include_outside_the_modules_is_a_fault(self):
        self.assertIn("no module", faults_of({"base/a.cc": '#include "vendor/a.h"\n'})[0])

    def test_an_include_that_is_not_a_path_from_src_is_a_fault(self):
        for path in ("b.h", "../wire/b.h"):
            faults = faults_of({"base/a.cc": f'#include "{path}"\n'})
            self.assertIn("by its path from src/", faults[0])

    def test_spaces_around_the_include_hide_nothing(self):
        self.assertEqual(len(faults_of({"wire/a.cc": '  #  include   "edge/a.h"\n'})), 1)


class Table(unittest.TestCase):
    def faults(self, table):
        return check_layers.read_table(table, "LAYERS")[1]

    def test_a_line_names_only_lines_above_it_so_a_cycle_cannot_be_written(self):
        self.assertEqual(self.faults("a : b\nb : a\n"),
                         ["LAYERS:1: a names b, which is not a line above it"])

    def test_a_module_does_not_name_itself(self):
        self.assertEqual(len(self.faults("a : a\n")), 1)

    def test_a_module_stands_once(self):
        self.assertIn("second time", self.faults("a :\na :\n")[0])

    def test_a_name_stands_once_in_a_line(self):
        self.assertTrue(self.faults("a :\nb : a a\n"))

    def test_a_line_of_another_form_is_a_fault(self):
        self.assertEqual(self.faults("# comment\n\na -> b\n"),
                         ["LAYERS:3: not of the form `module : module module`"])

    def test_the_table_of_this_project_has_no_fault(self):
        layers = pathlib.Path(__file__).parent.parent / "src" / "LAYERS"
        self.assertEqual(check_layers.read_table(layers.read_text(), layers)[1], [])


if __name__ == "__main__":
    unittest.main()
