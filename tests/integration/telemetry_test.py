"""What is kept of traces, how services agree on it, and how an operator looks at the rest."""
import json
import threading
import time

from support import keys, origin, process, raw
from support.case import Case

PARENT = "00f067aa0ba902b7"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def metric(edge, series):
    for line in edge.metrics().splitlines():
        if line.startswith(series + " "):
            return float(line.split()[-1])
    return None


class TraceState(Case):
    def ask(self, fields, **options):
        edge, scripted = self.behind(origin.echoing_target,
                                     options={"telemetry.sampling.rate": "1", **options})
        raw.ask(edge.port, b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
        return scripted.requests[0].get("tracestate")

    def test_a_trace_that_begins_here_tells_at_which_rate(self):
        self.assertEqual(self.ask(b""), "ot=th:0")

    def test_what_a_stranger_says_of_sampling_ends_here_and_our_random_bits_go_on(self):
        state = self.ask(f"traceparent: 00-{TRACE}-{PARENT}-01\r\n".encode()
                         + b"tracestate: one=1,ot=th:8;x:y\r\ntracestate: two=2\r\n")
        self.assertRegex(state, r"^ot=th:0;rv:[0-9a-f]{14},one=1,two=2$")

    def test_a_trusted_peer_is_followed(self):
        state = self.ask(f"traceparent: 00-{TRACE}-{PARENT}-01\r\n".encode()
                         + b"tracestate: one=1,ot=x:y;rv:ffffffffffffff;th:fd70a\r\n",
                         **{keys.TRUSTED_PEERS: "127.0.0.0/8", "telemetry.sampling.rate": "0"})
        self.assertEqual(state, "ot=th:fd70a;rv:ffffffffffffff;x:y,one=1")

    def test_a_list_that_is_malformed_is_dropped_whole(self):
        self.assertEqual(self.ask(b"tracestate: one=1,=\r\n"), "ot=th:0")


class Baggage(Case):
    def seen_by_origin(self, fields, **options):
        edge, scripted = self.behind(origin.echoing_target, options=options)
        raw.ask(edge.port, b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
        self.edge = edge
        return scripted.requests[0].get("baggage")

    def test_a_strangers_baggage_ends_here(self):
        self.assertIsNone(self.seen_by_origin(b"baggage: a=1\r\n"))

    def test_a_trusted_peers_goes_on_in_one_list_without_what_is_malformed(self):
        passed = self.seen_by_origin(b"baggage: a=1 ,b=2;p\r\nBaggage: =3,c=%20\r\n",
                                     **{keys.TRUSTED_PEERS: "127.0.0.0/8"})
        self.assertEqual(passed, "a=1,b=2;p,c=%20")
        self.assertEqual(metric(self.edge, "edge_baggage_left_out_total"), 1)


class Cost(Case):
    def series(self, edge):
        values = {}
        for line in edge.metrics().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def test_spans_balance_in_every_scrape_under_load(self):
        edge, _ = self.behind(origin.echoing_target, options={"telemetry.sampling.rate": "0.5"})
        stop = threading.Event()

        def ask():
            while not stop.is_set():
                edge.get(f"/{time.monotonic_ns()}")

        crew = [threading.Thread(target=ask) for _ in range(4)]
        for thread in crew:
            thread.start()
        try:
            for _ in range(40):
                values = self.series(edge)
                gone = sum(value for name, value in values.items()
                           if name.startswith("telemetry_spans_dropped_total{"))
                known = (values["telemetry_spans_exported_total"] + values["otel_sdk_span_live"]
                         + values["otel_sdk_processor_span_queue_size"] + gone)
                self.assertEqual(values["otel_sdk_span_started_total"], known)
                self.assertEqual(values["telemetry_spans_unaccounted"], 0)
        finally:
            stop.set()
            for thread in crew:
                thread.join()
        self.assertGreater(values["otel_sdk_span_started_total"], 0)

    def test_scrapes_and_the_access_log_count_as_cost(self):
        edge, _ = self.behind(origin.echoing_target,
                              options={"telemetry.access_log.path": "stderr"})

        def cost(part):
            edge.get("/")
            return metric(edge, f'telemetry_cpu_time_total{{part="{part}"}}')

        for part in ("scrape", "access_log"):
            process.wait_until(lambda part=part: cost(part) > 0, 10, part)

    def test_what_is_too_costly_is_left_out_and_said_so(self):
        edge, _ = self.behind(origin.echoing_target,
                              options={"telemetry.cpu_share_max": "0.00001",
                                       "telemetry.sampling.rate": "1",
                                       "telemetry.access_log.path": ""})

        def shed():
            for i in range(300):
                edge.get(f"/{i}")
            return metric(edge, 'telemetry_shedding{step="sampled_traces"}') == 1

        process.wait_until(shed, 60, "everything that may be shed")
        before = metric(edge, "telemetry_traces_kept_total" + '{reason="rate"}')
        answered = metric(edge, 'http_requests_total{method="GET",status="200"}')
        edge.get("/more")
        self.assertEqual(metric(edge, 'telemetry_traces_kept_total{reason="rate"}'), before)
        self.assertEqual(metric(edge, 'http_requests_total{method="GET",status="200"}'),
                         answered + 1)
        self.assertIn("step=sampled_traces", edge.output())


class ServerDuration(Case):
    def test_requests_are_counted_by_the_conventions_attributes(self):
        edge = self.weir(config=keys.fixed_answer_site("a.test", "one")
                         + "telemetry: {sampling: {routes: [{path: /api/*}]}}\n")
        edge.get("/api/1", headers={"Host": "a.test"})
        edge.get("/api/2", headers={"Host": "a.test"})
        edge.get("/", headers={"Host": "other.test"})
        found = [line for line in edge.metrics().splitlines()
                 if line.startswith("http_server_request_duration_count{")]
        route = 'http_request_method="GET",url_scheme="http",http_response_status_code="200",'
        self.assertTrue(any(route in line and 'http_route="/api/*"' in line
                            and line.endswith(" 2") for line in found), found)
        self.assertEqual(sum(float(line.split()[-1]) for line in found), 3)


    def test_a_request_that_a_reload_overtakes_is_counted_under_its_old_route(self):
        arrived, go_on = threading.Event(), threading.Event()

        def slow(connection, request):
            arrived.set()
            go_on.wait(10)
            connection.send(origin.plain("a"))

        scripted = self.origin(slow)
        routes = "telemetry: {{sampling: {{routes: [{{path: {}}}]}}}}\n"
        edge = self.weir(scripted.port, config=routes.format("/old/*"))
        asking = threading.Thread(target=edge.get, args=("/old/1",))
        asking.start()
        self.assertTrue(arrived.wait(10))
        edge.config.write_text(routes.format("/new/*"))
        self.assertEqual(edge.get("/config/reload", edge.admin, method="POST")[0], 200)
        time.sleep(0.5)
        go_on.set()
        asking.join()
        edge.get("/new/1")
        counts = {route: [line for line in edge.metrics().splitlines() if line.startswith(
            "http_server_request_duration_count{") and f'http_route="{route}"' in line]
            for route in ("/old/*", "/new/*")}
        self.assertTrue(counts["/old/*"][0].endswith(" 1"), counts)
        self.assertTrue(counts["/new/*"][0].endswith(" 1"), counts)


class Sampling(Case):
    def kept(self, edge):
        return metric(edge, 'telemetry_traces_kept_total{reason="rate"}')

    def test_a_reload_is_in_force_within_a_second(self):
        config = keys.fixed_answer_site("a.test", "one")
        edge = self.weir(config=config + "telemetry: {sampling: {strategy: fixed, rate: 0}}\n")
        for _ in range(50):
            edge.get("/", headers={"Host": "a.test"})
        self.assertEqual(self.kept(edge), 0)
        edge.config.write_text(
            config + "telemetry: {sampling: {routes: [{path: /all/*, rate: 1}], "
            "strategy: fixed, rate: 0}}\n")
        self.assertEqual(edge.get("/config/reload", edge.admin, method="POST")[0], 200)
        time.sleep(1)
        for path in ("/all/1", "/all/2", "/other"):
            edge.get(path, headers={"Host": "a.test"})
        self.assertEqual(self.kept(edge), 2)
        self.assertEqual(metric(edge, 'telemetry_sampling_probability{route="/all/*"}'), 1)

    def test_an_operator_changes_it_without_a_reload(self):
        edge = self.weir(config=keys.fixed_answer_site("a.test", "one")
                         + "telemetry: {sampling: {strategy: fixed, rate: 0, "
                         "routes: [{path: /a/*, rate: 0}]}}\n")

        def ask(query):
            status, _, body = edge.get("/telemetry/sampling" + query, edge.admin, method="POST")
            return status, body.decode()

        status, body = ask("?rate=1&path=/a/*")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body), {"strategy": "fixed", "rate": 0, "routes": [
            {"path": "/a/*", "rate": 1}]})
        time.sleep(1)
        for path in ("/a/1", "/b"):
            edge.get(path, headers={"Host": "a.test"})
        self.assertEqual(self.kept(edge), 1)
        self.assertEqual(json.loads(ask("?rate=1&strategy=tail")[1])["strategy"], "tail")
        time.sleep(1)
        edge.get("/b", headers={"Host": "a.test"})
        self.assertEqual(self.kept(edge), 2)
        for query in ("?rate=2", "?rate=x", "?strategy=most", "?path=/c&rate=1", "?path=%2", "",
                      "?rates=1", "?rate=1&foo=2"):
            self.assertEqual(ask(query)[0], 400, query)
        in_force = json.loads(edge.get("/telemetry/sampling", edge.admin)[2])
        self.assertEqual((in_force["strategy"], in_force["rate"]), ("tail", 1))
        self.assertEqual(edge.get("/config/reload", edge.admin, method="POST")[0], 200)
        time.sleep(1)
        edge.get("/b", headers={"Host": "a.test"})
        self.assertEqual(self.kept(edge), 2)

    def test_errors_and_critical_paths_are_kept_although_the_rate_is_zero(self):
        config = ("telemetry: {sampling: {rate: 0, routes: [{path: /pay, critical: true}]}}\n"
                  + keys.fixed_answer_site("a.test", "one"))
        edge = self.weir(config=config)
        edge.get("/pay", headers={"Host": "a.test"})
        edge.get("/", headers={"Host": "a.test"})
        self.assertEqual(metric(edge, 'telemetry_traces_kept_total{reason="critical"}'), 1)
        self.assertEqual(metric(edge, 'telemetry_traces_kept_total{reason="rate"}'), 0)


class SpanDetail(Case):
    def spans(self, edge):
        lines = edge.get("/debug/traces", edge.admin)[2].decode().splitlines()
        return [json.loads(line)["spans"][0]["attributes"] for line in lines]

    def ask(self, **options):
        edge = self.weir(config=keys.fixed_answer_site("a.test", "one")
                         + "telemetry: {sampling: {routes: [{path: /a/*}]}}\n",
                         options=options)
        raw.ask(edge.port, b"BREW /a/b?c=d HTTP/1.1\r\nHost: h.test:81\r\nUser-Agent: me\r\n\r\n")
        (span,) = [each for each in self.spans(edge) if each.get("url.path") == "/a/b"]
        return span

    def test_spans_say_what_the_conventions_require(self):
        span = self.ask()
        self.assertEqual(span["http.request.method"], "_OTHER")
        self.assertEqual(span["http.request.method_original"], "BREW")
        self.assertEqual(span["http.route"], "/a/*")
        self.assertNotIn("url.query", span)
        self.assertNotIn("user_agent.original", span)

    def test_full_spans_say_what_is_recommended_too(self):
        span = self.ask(**{"telemetry.span_detail": "full"})
        self.assertEqual((span["url.query"], span["user_agent.original"]), ("c=d", "me"))
        self.assertEqual((span["server.address"], span["server.port"]), ("h.test", 81))
        self.assertEqual((span["network.peer.address"], span["network.protocol.version"]),
                         ("127.0.0.1", "1.1"))

    def test_a_failure_says_its_type(self):
        edge = self.weir(1)  # nobody listens there
        edge.get("/")
        (span,) = [each for each in self.spans(edge) if each.get("url.path") == "/"]
        self.assertEqual((span["error.type"], span["http.response.status_code"]), ("502", 502))


class FlightRecorder(Case):
    def traces(self, edge, query=""):
        status, fields, body = edge.get("/debug/traces" + query, edge.admin)
        self.assertEqual((status, fields["content-type"]), (200, "application/x-ndjson"))
        return [json.loads(line) for line in body.decode().splitlines()]

    def test_the_last_requests_are_shown_whether_they_were_sent_or_not(self):
        edge, scripted = self.behind(origin.echoing_target,
                                     options={"telemetry.sampling.rate": "0"})
        edge.get("/a?b=1")
        (trace,) = [t for t in self.traces(edge)
                    if t["spans"][0]["attributes"].get("url.path") == "/a"]
        self.assertEqual(trace["kept"], "none")
        self.assertEqual([span["name"] for span in trace["spans"]],
                         ["edge.request", "origin.fetch"])
        self.assertEqual(trace["spans"][1]["parent"], trace["spans"][0]["id"])
        request_id = scripted.requests[0].get("x-request-id")
        self.assertEqual(self.traces(edge, f"?trace={request_id}"), [trace])

    def test_a_wrong_question_is_told_so(self):
        edge, _ = self.behind(origin.echoing_target)
        for query in ("?trace=xyz", "?seconds=0", "?seconds=a", "?second=3"):
            self.assertEqual(edge.get("/debug/traces" + query, edge.admin)[0], 400)

    def test_a_bucket_leads_to_a_trace(self):
        edge, scripted = self.behind(origin.echoing_target,
                                     options={"telemetry.sampling.rate": "1"})
        edge.get("/")
        accept = {"Accept": "application/openmetrics-text"}
        text = edge.get("/metrics", edge.admin, headers=accept)[2].decode()
        request_id = scripted.requests[0].get("x-request-id")
        lines = [line for line in text.splitlines() if request_id in line]
        self.assertTrue(any(line.startswith("http_request_duration_seconds_bucket")
                            for line in lines), lines)
        process.wait_until(lambda: metric(edge, "otel_sdk_span_live") == 0, 5, "no open span")
