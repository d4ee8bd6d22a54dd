"""Sites by host: fixed answers, rewrites, redirects, CORS, header edits, limits, error pages."""
import json
import time

from support import origin, process, raw, weir
from support.case import Case


def echo(connection, request):
    """Answers with the request as it arrived."""
    head = "".join(f"{name}: {value}\n" for name, value in request.fields)
    connection.send(origin.plain(f"{request.first_line}\n{head}", fields="X-Powered-By: py\r\n"
                                 "Server: its-own\r\nCache-Control: no-store\r\n"))


def open_to_all(connection, _request):
    """Answers, to be stored, what every page may read."""
    connection.send(origin.plain(
        "read me", fields="Cache-Control: max-age=60\r\nAccess-Control-Allow-Origin: *\r\n"
        "access-control-allow-credentials: true\r\nAccess-Control-Expose-Headers: x\r\n"
        "Access-Control-Allow-Private-Network: true\r\n"))


def sites(port, file):
    return f"""\
edge:
  sites:
    - host: [api.test, "*.api.test"]
      origins: [{{url: "http://127.0.0.1:{port}"}}]
      headers:
        request_set: {{X-From: edge}}
        request_remove: [Cookie]
        response_set: {{X-Frame-Options: DENY}}
        response_remove: [Server, X-Powered-By]
      paths:
        - {{prefix: /v1, to: /v2}}
        - {{prefix: /old, to: "https://new.test/base", redirect: 301}}
        - {{prefix: /go, to: /, redirect: 302}}
      cors: {{allow_origins: ["https://app.test"], allow_methods: [GET, PUT]}}
      body_bytes_max: 1KiB
    - host: [short.test]
      origins: [{{url: "http://127.0.0.1:{port}"}}]
      headers:
        response_set: {{Cache-Control: max-age=5, CDN-Cache-Control: max-age=6, Location: /nowhere,
                        Content-Type: image/png, Content-Encoding: br, X-Frame-Options: DENY}}
      paths: [{{prefix: /old, to: /new, redirect: 301}}]
      request_timeout: 300ms
      pass_host: false
    - host: [fixed.test]
      respond: {{status: 418, headers: {{content-type: text/plain, x-y: z}}, body: "teapot\\n"}}
    - host: [file.test]
      respond: {{body_file: "{file}"}}
"""


class Sites(Case):
    @classmethod
    def setUpClass(cls):
        cls.script = staticmethod(echo)
        cls.scripted = origin.ScriptedOrigin(lambda *arguments: cls.script(*arguments))
        cls.addClassCleanup(cls.scripted.close)
        file = process.new_folder("body") / "body.txt"
        file.write_text("from a file")
        cls.edge = weir.Weir(config=sites(cls.scripted.port, file))
        cls.addClassCleanup(cls.edge.end)

    def script_for_a_while(self, script):
        type(self).script = staticmethod(script)
        self.addCleanup(setattr, type(self), "script", staticmethod(echo))

    def get(self, host, path="/", **options):
        headers = {"Host": host, **options.pop("headers", {})}
        return self.edge.get(path, headers=headers, **options)

    def test_a_host_and_all_below_it_lead_to_their_site(self):
        for host in ("api.test", "API.test:8080", "a.b.api.test", "api.test."):
            self.assertEqual(self.get(host)[0], 200, host)
        status, _, body = self.get("other.test")
        self.assertEqual(status, 404)
        self.assertNotIn(b"api.test", body)

    def test_a_fixed_answer_is_given_whatever_is_asked(self):
        status, fields, body = self.get("fixed.test", "/any?x", method="POST", body=b"ignored")
        self.assertEqual((status, fields["x-y"], body), (418, "z", b"teapot\n"))
        self.assertEqual(self.get("file.test")[2], b"from a file")
        head = self.get("fixed.test", method="HEAD")
        self.assertEqual((head[1]["content-length"], head[2]), ("7", b""))

    def test_header_fields_are_set_and_removed_on_both_ways(self):
        status, fields, body = self.get("api.test", headers={"Cookie": "a=b", "X-From": "me"})
        self.assertEqual(status, 200)
        self.assertIn(b"X-From: edge\n", body)
        self.assertEqual(body.lower().count(b"\nx-from:"), 1)
        self.assertNotIn(b"Cookie", body)
        self.assertEqual(fields["x-frame-options"], "DENY")
        self.assertNotIn("server", fields)
        self.assertNotIn("x-powered-by", fields)

    def test_a_path_is_rewritten_with_its_rest_and_query(self):
        self.assertIn(b"GET /v2/x?q=1 HTTP/1.1\n", self.get("api.test", "/v1/x?q=1")[2])
        self.assertIn(b"GET /v10 HTTP/1.1\n", self.get("api.test", "/v10")[2])

    def test_a_redirect_keeps_the_rest_and_asks_no_origin(self):
        before = len(self.scripted.requests)
        status, fields, _ = self.get("api.test", "/old/a?q=1")
        self.assertEqual((status, fields["location"]), (301, "https://new.test/base/a?q=1"))
        self.assertEqual(len(self.scripted.requests), before)

    def test_a_redirect_and_an_error_get_the_fields_of_the_site(self):
        self.script_for_a_while(lambda connection, _request: connection.close())
        for path, wanted in (("/old", 301), ("/", 502)):
            with self.subTest(path):
                status, fields, _ = self.get("api.test", path,
                                             headers={"Origin": "https://app.test"})
                self.assertEqual(status, wanted)
                self.assertEqual(fields["x-frame-options"], "DENY")
                self.assertEqual(fields["access-control-allow-origin"], "https://app.test")
                self.assertEqual(fields["vary"], "Origin")
                self.assertNotIn("server", fields)

    def test_a_redirect_can_be_stored_as_its_site_says_and_an_error_cannot(self):
        self.script_for_a_while(lambda connection, _request: connection.close())
        _, fields, _ = self.get("short.test", "/old")
        self.assertEqual((fields["cache-control"], fields["location"]), ("max-age=5", "/new"))
        status, fields, _ = self.get("short.test")
        self.assertEqual((status, fields["cache-control"]), (502, "no-store"))
        self.assertEqual(fields["content-type"], "text/html; charset=utf-8")
        self.assertEqual(fields["x-frame-options"], "DENY")
        for name in ("content-encoding", "location", "cdn-cache-control"):
            self.assertNotIn(name, fields)

    def test_a_redirect_never_leads_to_a_host_that_the_client_chose(self):
        for path in ("/go//evil.test/x", "/go/\\evil.test/x", "/go///evil.test/x"):
            status, fields, _ = self.get("api.test", path)
            self.assertEqual((status, fields["location"]), (302, "/evil.test/x"), path)

    def test_a_preflight_is_answered_for_the_origins_that_are_named(self):
        asks = {"Origin": "https://app.test", "Access-Control-Request-Method": "PUT"}
        status, fields, _ = self.get("api.test", method="OPTIONS", headers=asks)
        self.assertEqual((status, fields["access-control-allow-origin"]), (204, "https://app.test"))
        self.assertEqual(fields["access-control-allow-methods"], "GET, PUT")
        asks["Origin"] = "https://evil.test"
        _, fields, _ = self.get("api.test", method="OPTIONS", headers=asks)
        self.assertNotIn("access-control-allow-origin", fields)
        self.assertEqual(fields["vary"], "Origin")

    def test_an_answer_can_be_read_by_the_pages_that_are_named(self):
        _, fields, _ = self.get("api.test", headers={"Origin": "https://app.test"})
        self.assertEqual(fields["access-control-allow-origin"], "https://app.test")
        _, fields, _ = self.get("api.test", headers={"Origin": "https://evil.test"})
        self.assertNotIn("access-control-allow-origin", fields)

    def test_what_an_origin_says_of_cors_is_not_passed_on_beside_the_site_s_own(self):
        self.script_for_a_while(open_to_all)
        for path, host, page, allowed in (
                ("/1", "api.test", "https://app.test", "https://app.test"),
                ("/2", "api.test", "https://evil.test", None),
                ("/3", "short.test", "https://evil.test", "*")):
            before = len(self.scripted.requests)
            for _fetched_then_stored in range(2):
                _, fields, _ = self.get(host, path, headers={"Origin": page})
                self.assertEqual(fields.get("access-control-allow-origin"), allowed)
                for of_origin in ("credentials", "private-network"):
                    self.assertEqual("access-control-allow-" + of_origin in fields, allowed == "*")
            self.assertEqual(len(self.scripted.requests), before + 1)

    def test_an_interim_answer_is_without_what_the_origin_says_of_cors_as_well(self):
        def hinting(connection, _request):
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
                            b"Access-Control-Allow-Origin: *\r\n\r\n" + origin.plain("done"))
        self.script_for_a_while(hinting)
        for host, allowed in (("api.test", None), ("short.test", "*")):
            for method in ("GET", "DELETE"):
                with self.subTest(host=host, method=method):
                    client = raw.connect(self.edge.port)
                    self.addCleanup(client.close)
                    client.send(f"{method} /hints HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                    hints = client.read_response(interim=True)
                    self.assertEqual((hints.status, hints.get("link")), (103, "</a>"))
                    self.assertEqual(hints.get("access-control-allow-origin"), allowed)

    def test_a_body_above_the_limit_of_its_site_is_413_however_it_is_framed(self):
        before = len(self.scripted.requests)
        self.assertEqual(self.get("api.test", method="POST", body=b"x" * 1024)[0], 200)
        self.assertEqual(self.get("api.test", method="POST", body=b"x" * 1025)[0], 413)
        chunked = raw.ask(self.edge.port, b"POST / HTTP/1.1\r\nHost: api.test\r\n"
                          b"Transfer-Encoding: chunked\r\n\r\n500\r\n" + b"x" * 0x500 + b"\r\n")
        self.assertEqual(chunked.status, 413)
        self.assertEqual(len(self.scripted.requests), before + 1)

    def test_the_time_of_a_site_bounds_its_requests(self):
        def late(connection, request):
            time.sleep(1)
            echo(connection, request)
        self.script_for_a_while(late)
        self.assertEqual(self.get("short.test")[0], 504)

    def test_the_origin_can_be_given_its_own_name(self):
        body = self.get("short.test")[2].decode()
        self.assertIn(f"\nHost: 127.0.0.1:{self.scripted.port}\n", body)
        self.assertIn("\nX-Forwarded-Host: short.test\n", body)

    def test_an_error_is_a_page_for_people_and_json_for_programs(self):
        _, fields, body = self.get("other.test", headers={"Accept": "text/html,*/*;q=0.8"})
        self.assertEqual(fields["content-type"], "text/html; charset=utf-8")
        self.assertIn(fields["x-request-id"].encode(), body)
        _, fields, body = self.get("other.test", headers={"Accept": "application/json"})
        told = json.loads(body)
        self.assertEqual((told["status"], told["request_id"]), (404, fields["x-request-id"]))

    def test_methods_that_would_show_or_tunnel_are_refused(self):
        answer = raw.ask(self.edge.port, b"TRACE / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        self.assertEqual(answer.status, 501)
        answer = raw.ask(self.edge.port, b"CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n")
        self.assertEqual(answer.status, 501)


class ReloadedSites(Case):
    def test_a_stored_answer_has_the_origin_s_cors_only_while_the_site_has_none(self):
        scripted = self.origin(open_to_all)
        site = ("edge:\n  sites:\n    - host: '*'\n"
                f"      origins: [{{url: 'http://127.0.0.1:{scripted.port}'}}]\n")
        own = "      cors: {allow_origins: ['https://app.test']}\n"
        edge = self.weir(config=site)
        for config, allowed in ((site, "*"), (site + own, "https://app.test"), (site, "*")):
            edge.config.write_text(config)
            self.assertEqual(edge.get("/config/reload", edge.admin, method="POST")[0], 200)
            _, fields, body = edge.get("/", headers={"Origin": "https://app.test"})
            self.assertEqual((fields["access-control-allow-origin"], body), (allowed, b"read me"))
        self.assertEqual(len(scripted.requests), 1)


class BrokenSites(Case):
    def test_what_would_break_a_message_is_an_error_of_the_configuration(self):
        for setting, complaint in {
                "edge.sites[0].headers.request_set={Content-Length: '1'}": "written by the edge",
                "edge.sites[0].headers.response_set={Transfer-Encoding: x}": "written by the edge",
                "edge.sites[0].paths=[{prefix: /a, to: '/b c'}]": "cannot stand in a request",
                "edge.health.live_path=live": "/PATH"}.items():
            status, _, errors = weir.run_weir(
                "config", "check", "--set", "edge.sites[0].host=a.test", "--set",
                "edge.sites[0].origins[0].url=http://127.0.0.1:9", "--set", setting)
            self.assertEqual(status, 1, setting)
            self.assertIn(complaint, errors)
