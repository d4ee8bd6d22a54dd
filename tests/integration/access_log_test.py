"""The access log: a JSON object a line, complete, whatever clients send."""
import json

from support import keys, origin, process, raw
from support.case import Case


class AccessLog(Case):
    def setUp(self):
        self.log = process.new_folder("log") / "access.json"
        self.edge, self.scripted = self.behind(origin.echoing_target,
                                               options={keys.ACCESS_LOG: self.log})

    def lines(self, count):
        """Waits for `count` lines, and finds no more."""
        def enough():
            return self.log.exists() and self.log.read_bytes().count(b"\n") >= count
        process.wait_until(enough, 5, f"{count} lines in the access log")
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        self.assertEqual(len(lines), count)
        return lines

    def test_every_request_is_a_line_with_method_path_and_status(self):
        for number in range(20):
            self.edge.get(f"/page/{number}")
        lines = self.lines(20)
        self.assertEqual(sorted(line["path"] for line in lines),
                         sorted(f"/page/{number}" for number in range(20)))
        self.assertEqual({(line["method"], line["status"]) for line in lines}, {("GET", 200)})

    def test_whatever_clients_send_the_line_is_json(self):
        hostile = b'"}\\\xff\xfe\xc3( \xe2\x80\xa8 </script>\t'
        raw.ask(self.edge.port, b'GET /%22"\\q?a=' + b"\xc3\xa9" + b" HTTP/1.1\r\nHost: a\r\n"
                b"User-Agent: " + hostile + b"\r\nReferer: " + hostile + b"\r\n\r\n")
        self.assertEqual(len(self.lines(1)), 1)

    def test_a_refused_request_is_a_line_too(self):
        raw.ask(self.edge.port, b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.lines(1)[0]["status"], 400)

    def test_a_line_has_the_request_id_that_the_client_saw(self):
        self.scripted.close()
        _, fields, _ = self.edge.get("/")
        (line,) = self.lines(1)
        self.assertIn(fields["x-request-id"], line.values())

    def test_the_log_is_complete_when_the_process_has_ended(self):
        for number in range(50):
            self.edge.get(f"/{number}")
        self.assertEqual(self.edge.stop(), 0)
        self.assertEqual(len(self.lines(50)), 50)
