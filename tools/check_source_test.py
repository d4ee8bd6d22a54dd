"""What check_source.py accepts and refuses: each rule is shown to bite."""
import pathlib
import unittest

import check_source
import cpp_text

HEADER = "#pragma once\n// What it is.\n"


def rules(path, text):
    return [fault.rule for fault in check_source.faults_of(path, text)]


class LineRules(unittest.TestCase):
    # rule: a path and a line that break it
    BREAKS = {
        "shared-ptr": ("src/net/a.cc", "std::shared_ptr<int> p;"),
        "using-namespace": ("src/base/a.cc", "using namespace std;"),
        "endl": ("src/cli/a.cc", "out << std::endl;"),
        "rand": ("src/base/a.cc", "int x = rand();"),
        "sleep": ("src/net/a.cc", "std::this_thread::sleep_for(1s);"),
        "printf": ("src/net/a.cc", 'std::fprintf(stderr, "x");'),
        "throw": ("src/net/a.cc", "throw Error();"),
        "catch": ("src/net/a.cc", "} catch (...) {"),
        "iostream": ("src/base/a.cc", "#include <iostream>"),
        "std-function": ("src/edge/a.cc", "std::function<void()> f;"),
        "mutex": ("src/edge/a.cc", "std::mutex m;"),
        "pure": ("src/edge/rules/a.cc", "#include <unistd.h>"),
        "assert": ("src/base/a.cc", "assert(x);"),
        "unfinished": ("src/base/a.cc", "// TO" + "DO: later"),
        "tab": ("src/base/a.cc", "\tint x;"),
        "trailing-space": ("src/base/a.cc", "int x; "),
        "dead-code": ("src/base/a.cc", "// foo(bar);"),
        "columns": ("src/base/a.cc", "int " + "x" * 100 + ";"),
    }

    def test_every_rule_bites(self):
        for rule, (path, line) in self.BREAKS.items():
            with self.subTest(rule):
                self.assertIn(rule, rules(path, line + "\n"))

    def test_every_rule_of_the_table_is_shown_here(self):
        names = {rule.name for rule in check_source.source_rules.CPP_RULES}
        names |= {rule.name for rule in check_source.source_rules.TEXT_RULES}
        self.assertEqual(names - set(self.BREAKS), set())

    def test_a_rule_reads_neither_comments_nor_strings(self):
        text = '// never throw here, and never rand()\nconst char* a = "throw rand()";\n'
        self.assertEqual(rules("src/base/a.cc", text), [])

    def test_a_rule_holds_only_where_it_is_meant(self):
        self.assertEqual(rules("src/net/a_test.cc", "std::shared_ptr<int> p;\n"), [])
        self.assertEqual(rules("src/cli/a.cc", 'std::printf("x");\n'), [])

    def test_a_reason_allows_what_a_rule_refuses(self):
        line = "} catch (...) {"
        self.assertEqual(rules("src/a/a.cc", f"// allow(catch): yaml-cpp throws\n{line}\n"), [])
        self.assertEqual(rules("src/a/a.cc", f"// allow(catch):\n{line}\n"), ["catch"])
        self.assertEqual(rules("src/a/a.cc", f"// allow(throw): why\n{line}\n"), ["catch"])

    def test_a_raw_string_may_be_wide(self):
        text = 'auto a = R"(' + "x" * 100 + "\n" + "y" * 101 + ')";\nint b = ' + "1" * 100 + ";\n"
        faults = check_source.faults_of("src/base/a.cc", text)
        self.assertEqual([(fault.rule, fault.line) for fault in faults], [("columns", 3)])

    def test_prose_that_ends_like_code_is_not_dead_code(self):
        for line in ("// Closes the socket (see stop()).", "//   int x = f();", "// a: b; c"):
            self.assertEqual(rules("src/base/a.cc", line + "\n"), [])

    def test_statements_in_comments_are_dead_code(self):
        for line in ("// return x;", "//if (a) {", "// }", "// x = 3;", "// a->b(c);"):
            self.assertEqual(rules("src/base/a.cc", line + "\n"), ["dead-code"])


class FileRules(unittest.TestCase):
    def test_a_header_begins_with_pragma_once_and_says_what_it_is(self):
        self.assertEqual(rules("src/base/a.h", HEADER), [])
        self.assertEqual(rules("src/base/a.h", "// What.\n#pragma once\n"), ["pragma-once"])
        self.assertEqual(rules("src/base/a.h", "#pragma once\n#include <x>\n"), ["header-comment"])

    def test_a_vague_name_is_refused_for_folders_and_files(self):
        for path in ("src/util/a.cc", "src/base/helpers.cc", "src/base/common_test.cc"):
            self.assertEqual(rules(path, ""), ["name"])
        self.assertEqual(rules("src/base/utility.cc", ""), [])

    def test_a_long_file_is_refused(self):
        self.assertEqual(rules("src/base/a.cc", "\n" * 600), [])
        self.assertEqual(rules("src/base/a.cc", "\n" * 601), ["file-length"])


def body(lines):
    return "  x();\n" * lines


class FunctionLength(unittest.TestCase):
    def check(self, head, tail="}"):
        short = f"{head}\n{body(20)}{tail}\n"
        long = f"{head}\n{body(70)}{tail}\n"
        self.assertEqual(rules("src/base/a.cc", short), [])
        self.assertEqual(rules("src/base/a.cc", long), ["function-length"], head)

    def test_functions_of_every_form_are_measured(self):
        self.check("namespace weir {\nvoid f(int a) {", "}\n}")
        self.check("class A {\n  Task<int> f() const noexcept {", "}\n};")
        self.check("template <class T>\nauto f(T t) -> int {")
        self.check("A::A(int x) : a_{x}, b_(x) {")
        self.check("A::A(int x)\n    : a_(x), b_{x} {")
        self.check('TEST_CASE("a { b") {')
        self.check("bool operator==(A a, A b) {")

    def test_the_length_is_counted_from_the_signature_to_the_closing_brace(self):
        code = "int a;\n\nvoid f(int a,\n       int b) {\n  x();\n}\n"
        self.assertEqual(cpp_text.functions(code), [(3, 6, "f")])

    def test_a_long_class_or_table_is_no_function(self):
        for head, line in (("struct A {", "  int x;"), ("const int t[] = {", "  f(1),")):
            text = f"{head}\n" + f"{line}\n" * 80 + "};\n"
            self.assertEqual(rules("src/base/a.cc", text), [])

    def test_lambdas_and_loops_count_for_the_function_around_them(self):
        text = "void f() {\n  for (int i = 0; i < 3; ++i) {\n    g([&](int a) {\n" + body(3)
        self.assertEqual(cpp_text.functions(text + "    });\n  }\n}\n"), [(1, 9, "f")])

    def test_braces_in_strings_and_characters_do_not_confuse(self):
        text = "void f() {\n  g(\"}{{\", '{', R\"(}}})\");\n}\nvoid h() {\n}\n"
        found = cpp_text.functions(cpp_text.without_comments_and_strings(text))
        self.assertEqual([name for _, _, name in found], ["f", "h"])


class Project(unittest.TestCase):
    def test_every_source_folder_is_looked_at(self):
        root = pathlib.Path(__file__).parent.parent
        seen = {path.relative_to(root).parts[0] for path in check_source.files_under(root)}
        self.assertLessEqual({"src", "tests", "tools", "dev", ".ci"}, seen)


if __name__ == "__main__":
    unittest.main()
