"""A real Prometheus scrapes weir, gives right answers to the queries that we promise, and its own
tool tests our alert rules."""
import json
import pathlib
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

from support import origin, process
from support.case import Case

RULES = process.ROOT / "deploy/prometheus"
CONFIG = """\
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [{rules}]
scrape_configs:
  - job_name: weir-edge
    static_configs: [{{ targets: ["127.0.0.1:{admin}"] }}]
"""
ROUNDS = 8


def program(test, name):
    found = shutil.which(name, path="/usr/bin:/usr/local/bin:/bin")
    if not found:
        test.skipTest(f"{name} is not installed: tools/packages/peers.txt")
    return found


class Prometheus(process.Process):
    def __init__(self, binary, admin):
        (self.port,) = process.free_ports(1)
        folder = process.new_folder("prometheus")
        config = folder / "prometheus.yml"
        config.write_text(CONFIG.format(rules=RULES / "weir-alerts.yaml", admin=admin))
        super().__init__("prometheus", [
            binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--enable-feature=exemplar-storage"])

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def values(self, query):
        """Results of an instant query: [(labels, number)]."""
        data = self.ask("query", query=query)
        return [(one["metric"], float(one["value"][1])) for one in data["result"]] if data else []

    def number(self, query):
        values = self.values(query)
        return values[0][1] if len(values) == 1 else None


class Scraped(Case):
    PEERS = True

    def setUp(self):
        binary = program(self, "prometheus")
        self.edge, self.scripted = self.behind(origin.answering(origin.plain(
            "x", "200 OK", "Cache-Control: max-age=600\r\n")),
            options={"telemetry.sampling.rate": "1"})
        self.prometheus = Prometheus(binary, self.edge.admin)
        self.addCleanup(self.prometheus.end)
        process.wait_until(lambda: self.prometheus.number('up{job="weir-edge"}') == 1, 20,
                           "a first scrape")

    def wait_for(self, query, accept):
        return process.wait_until(
            lambda: (number := self.prometheus.number(query)) is not None and accept(number), 20,
            f"{query}: {self.prometheus.values(query)}")

    def test_the_promised_queries_have_right_answers(self):
        for turn in range(ROUNDS):
            for _ in range(10):
                self.edge.get("/same")
            self.edge.get(f"/other/{turn}")
            time.sleep(0.5)
        sent = ROUNDS * 11
        self.wait_for("sum(http_requests_total)", lambda number: number == sent)
        self.wait_for("cache_hits_total / cache_requests_total",
                      lambda share: abs(share - (ROUNDS * 10 - 1) / sent) < 1e-9)
        self.wait_for("sum(rate(http_requests_total[1m]))", lambda rate: rate > 1)
        self.wait_for("rate(cache_hits_total[5m]) / rate(cache_requests_total[5m])",
                      lambda share: 0.8 < share < 1)
        self.wait_for("histogram_quantile(0.99, rate(http_request_duration_seconds_bucket[5m]))",
                      lambda seconds: 0 < seconds < 1)
        self.wait_for("http_requests_per_second", lambda rate: rate > 0)
        self.wait_for('sum(http_server_request_duration_count{http_request_method="GET"})',
                      lambda number: number == sent)
        self.assertEqual(self.prometheus.number("telemetry_spans_unaccounted"), 0)

    def test_the_error_rate_is_that_of_all_answers(self):
        for turn in range(ROUNDS):
            self.scripted.script = origin.answering(origin.plain(
                "x", "200 OK" if turn % 4 else "500 Internal Server Error",
                "Cache-Control: no-store\r\n"))
            for _ in range(5):
                self.edge.get("/")
            time.sleep(0.5)
        self.wait_for('sum(http_requests_total{status=~"5.."}) / sum(http_requests_total)',
                      lambda share: abs(share - 0.25) < 1e-9)
        self.wait_for('sum(rate(http_requests_total{status=~"5.."}[5m]))'
                      ' / sum(rate(http_requests_total[5m]))', lambda share: 0 < share < 0.6)

    def test_an_exemplar_leads_to_its_trace(self):
        self.edge.get("/")

        def exemplars():
            return self.prometheus.ask("query_exemplars", start=time.time() - 60,
                                       end=time.time() + 60,
                                       query="http_request_duration_seconds_bucket")

        found = process.wait_until(exemplars, 20, "exemplars")
        trace = found[0]["exemplars"][0]["labels"]["trace_id"]
        line = self.edge.get(f"/debug/traces?trace={trace}", self.edge.admin)[2]
        self.assertEqual(json.loads(line)["trace"], trace)

    def test_all_metrics_have_a_type_and_help(self):
        self.edge.get("/")
        known = self.prometheus.ask("targets/metadata", match_target='{job="weir-edge"}')
        self.assertGreater(len(known), 50)
        for one in known:
            with self.subTest(one["metric"]):
                self.assertNotEqual(one["type"], "unknown")
                self.assertTrue(one["help"])


class AlertRules(Case):
    PEERS = True

    def promtool(self, *arguments):
        done = subprocess.run([program(self, "promtool"), *map(str, arguments)],
                              capture_output=True, text=True, timeout=50, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_each_alert_fires_when_it_should_and_only_then(self):
        status, said = self.promtool("test", "rules", RULES / "weir-alerts.test.yaml")
        self.assertEqual(status, 0, said)

    def test_the_tests_notice_a_wrong_threshold(self):
        folder = pathlib.Path(process.new_folder("rules"))
        shutil.copy(RULES / "weir-alerts.test.yaml", folder)
        rules = (RULES / "weir-alerts.yaml").read_text()
        (folder / "weir-alerts.yaml").write_text(rules.replace("> 0.02", "> 0.2"))
        status, _ = self.promtool("test", "rules", folder / "weir-alerts.test.yaml")
        self.assertNotEqual(status, 0)

    def test_what_we_expose_is_what_its_linter_wants(self):
        edge, _ = self.behind(origin.echoing_target)
        edge.get("/")
        done = subprocess.run([program(self, "promtool"), "check", "metrics"],
                              input=edge.metrics(), capture_output=True, text=True, timeout=30,
                              check=False)
        self.assertNotIn("error while linting", done.stderr)
        self.assertNotIn("no help text", done.stderr)
