"""Every question that is kept can be asked, and a broken one says what is wrong with it."""
import tempfile
import unittest
from pathlib import Path

from runner import question, servers
from runner.problem import Problem

QUESTIONS = Path(__file__).resolve().parent.parent / "questions"


class KeptQuestionsTest(unittest.TestCase):
    def test_each_loads_and_all_its_templates_can_be_filled_in(self):
        for folder in sorted(QUESTIONS.iterdir()):
            with self.subTest(folder.name):
                asked = question.load(folder)
                self.assertTrue((folder / "README.md").exists())
                for server in asked.servers:
                    self._fill_in(asked, server)

    def _fill_in(self, asked, server):
        values = servers._values(asked, server, Path("/nowhere"), [1, 2, 3, 4, 5])
        for template in servers.templates(asked, server).values():
            self.assertNotRegex(servers.fill_in(template, values), r"@[a-z_]+@")


class BrokenQuestionTest(unittest.TestCase):
    def complaint(self, text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "question.toml").write_text(text)
            with self.assertRaises(Problem) as caught:
                question.load(Path(folder))
            return str(caught.exception)

    def test_unknown_keys_are_named(self):
        text = 'question = "?"\nkind = "idle"\n[workload]\nconections = 3\n'
        self.assertIn("unknown key 'conections'", self.complaint(text))
        self.assertIn("unknown key 'kinds'", self.complaint('question = "?"\nkinds = "idle"\n'))

    def test_unknown_kinds_and_servers_are_named(self):
        self.assertIn("kind 'idel'", self.complaint('question = "?"\nkind = "idel"\n'))
        text = 'question = "?"\nkind = "idle"\n[servers.a]\nkind = "apache"\n'
        self.assertIn("unknown kind 'apache'", self.complaint(text))
        text = ('question = "?"\nkind = "idle"\n[[goals]]\nfigure = "x"\n'
                'subject = "b"\nat_most = 1.0\n')
        self.assertIn("'b', which is no server", self.complaint(text))

    def test_a_goal_without_a_limit_is_refused(self):
        text = ('question = "?"\nkind = "idle"\n[[goals]]\nfigure = "x"\n'
                '[servers.weir]\nkind = "weir"\n')
        self.assertIn("at_most or at_least", self.complaint(text))

    def test_a_missing_key_is_named(self):
        self.assertIn("question", self.complaint('kind = "idle"\n'))


class OriginShareTest(unittest.TestCase):
    def wrong(self, share: float, **workload) -> bool:
        asked = question.Question(Path(), "?", "closed_loop", question.Workload(**workload), [], [])
        return asked.origin_share_is_wrong(share)

    def test_hits_must_not_come_from_the_origin(self):
        self.assertFalse(self.wrong(0.001, origin_max_age_s=60))
        self.assertTrue(self.wrong(0.1, origin_max_age_s=60))

    def test_misses_must_come_from_the_origin(self):
        self.assertFalse(self.wrong(1.0, origin_max_age_s=60, numbers=1000))
        self.assertTrue(self.wrong(0.5, origin_max_age_s=60, numbers=1000))

    def test_what_no_cache_may_keep_may_come_from_anywhere(self):
        self.assertFalse(self.wrong(1.0))


class TemplatesTest(unittest.TestCase):
    def test_a_folder_is_many_files_and_a_file_is_one_without_a_name(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "one.in").write_text("1")
            (folder / "many").mkdir()
            (folder / "many" / "a.config.in").write_text("a")
            (folder / "many" / "b.yaml.in").write_text("b")
            asked = question.Question(folder, "?", "idle", question.Workload(), [], [])
            found = [servers.templates(asked, question.Server("s", "ats", config))
                     for config in ("one.in", "many", "")]
            self.assertEqual(found, [{"": "1"}, {"a.config": "a", "b.yaml": "b"}, {}])


class FillInTest(unittest.TestCase):
    def test_a_value_may_hold_a_variable(self):
        filled = servers.fill_in("log @log@;", {"log": "@dir@/a", "dir": "/d"})
        self.assertEqual(filled, "log /d/a;")

    def test_an_unknown_variable_is_a_problem(self):
        with self.assertRaises(Problem):
            servers.fill_in("@nothing@", {"dir": "/d"})


if __name__ == "__main__":
    unittest.main()
