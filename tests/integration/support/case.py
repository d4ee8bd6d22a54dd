"""The base of every integration test: what it starts ends with it."""
import atexit
import unittest

from . import nginx, origin, process, weir

atexit.register(process.end_all)


class Case(unittest.TestCase):
    """`SECONDS` bounds each test. `PEERS` marks tests that need other people's programs."""
    SECONDS = 60
    PEERS = False

    def weir(self, *arguments, **options):
        """A weir of this test's own."""
        started = weir.Weir(*arguments, **options)
        self.addCleanup(started.end)
        return started

    def origin(self, script, on_head=None):
        """A scripted origin; a script that failed fails the test."""
        scripted = origin.ScriptedOrigin(script, on_head)
        self.addCleanup(self.assert_script_ran_well, scripted)
        self.addCleanup(scripted.close)
        return scripted

    def assert_script_ran_well(self, scripted):
        self.assertEqual(scripted.failures, [])

    @staticmethod
    def sum_of(edge, metric):
        """Over all label sets."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines()
                   if line.startswith(metric + "{"))

    def behind(self, script, on_head=None, **options):
        """(weir, origin): a weir in front of a scripted origin."""
        scripted = self.origin(script, on_head)
        return self.weir(scripted.port, **options), scripted


class NginxCase(Case):
    """One nginx and one weir in front of it for all tests of a class."""
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        cls.nginx = nginx.Nginx()
        cls.addClassCleanup(cls.nginx.end)
        cls.edge = weir.Weir(cls.nginx.port, options=cls.OPTIONS)
        cls.addClassCleanup(cls.edge.end)


class ScriptedCase(Case):
    """One weir for all tests of a class; each test sets the script of its origin."""
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        cls.scripted = origin.ScriptedOrigin(lambda connection, request: cls.script(
            connection, request))
        cls.addClassCleanup(cls.scripted.close)
        cls.edge = weir.Weir(cls.scripted.port, options=cls.OPTIONS)
        cls.addClassCleanup(cls.edge.end)

    def setUp(self):
        self.use(origin.echoing_target)
        self.scripted.requests.clear()
        self.scripted.received = b""
        self.addCleanup(self.assert_script_ran_well, self.scripted)
        self.scripted.failures.clear()

    def use(self, script):
        type(self).script = staticmethod(script)
