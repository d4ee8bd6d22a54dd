"""What operators and their tools ask: health, metrics, configuration."""
import re

from support import origin
from support.case import ScriptedCase

SAMPLE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="(\\.|[^"\\\n])*",?)*\})? '
                    r"(NaN|[+-]Inf|[-+]?[0-9.]+([eE][-+]?[0-9]+)?)( -?[0-9]+)?")


def total(metrics, name):
    """The sum over all series of a metric."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines()
               if re.match(rf"{name}(\{{|\s)", line))


class Admin(ScriptedCase):
    def test_health_is_answered_on_both_listeners_and_never_by_the_origin(self):
        for port in (self.edge.port, self.edge.admin):
            for path in ("/health/live", "/health/ready"):
                with self.subTest(f"{port} {path}"):
                    self.assertEqual(self.edge.get(path, port)[0], 200)
        self.assertEqual(self.scripted.received, b"")

    def test_health_comes_before_any_routing(self):
        status, _, _ = self.edge.get("/health/live", headers={"Host": "nobody.invalid"})
        self.assertEqual(status, 200)
        self.assertEqual(self.scripted.received, b"")

    def test_metrics_are_in_the_text_format_of_prometheus(self):
        self.edge.get("/one")
        status, fields, body = self.edge.get("/metrics", self.edge.admin)
        self.assertEqual(status, 200)
        self.assertTrue(fields["content-type"].startswith("text/plain"))
        lines = [line for line in body.decode().splitlines() if line]
        samples = [line for line in lines if not line.startswith("#")]
        self.assertGreater(len(samples), 10)
        self.assertEqual([line for line in samples if not SAMPLE.fullmatch(line)], [])

    def test_requests_are_counted_exactly(self):
        before = total(self.edge.metrics(), "http_requests_total")
        for number in range(25):
            self.edge.get(f"/{number}")
        self.assertEqual(total(self.edge.metrics(), "http_requests_total") - before, 25)

    def test_durations_are_a_histogram_that_adds_up(self):
        before = total(self.edge.metrics(), "http_request_duration_seconds_count")
        for _ in range(10):
            self.edge.get("/")
        metrics = self.edge.metrics()
        count = total(metrics, "http_request_duration_seconds_count")
        self.assertEqual(count - before, 10)
        ends = [line for line in metrics.splitlines()
                if line.startswith("http_request_duration_seconds_bucket") and 'le="+Inf"' in line]
        self.assertEqual(sum(float(line.rsplit(" ", 1)[1]) for line in ends), count)

    def test_statuses_are_told_apart(self):
        self.use(origin.answering(origin.plain("no", status="503 Service Unavailable")))
        for _ in range(3):
            self.edge.get("/")
        series = [line for line in self.edge.metrics().splitlines()
                  if line.startswith("http_requests_total{") and 'status="503"' in line]
        self.assertEqual(sum(float(line.rsplit(" ", 1)[1]) for line in series), 3)

    def test_the_configuration_in_force_can_be_read(self):
        status, _, body = self.edge.get("/config", self.edge.admin)
        self.assertEqual(status, 200)
        self.assertIn(str(self.scripted.port).encode(), body)

    def test_the_service_listener_has_no_admin_pages(self):
        for path in ("/metrics", "/config", "/debug/"):
            self.assertEqual(self.edge.get(path)[2], path.encode(), "not answered by the origin")

    def test_an_unknown_admin_page_is_404(self):
        self.assertEqual(self.edge.get("/nothing", self.edge.admin)[0], 404)
