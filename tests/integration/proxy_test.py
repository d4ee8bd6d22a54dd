"""A real nginx behind the edge: what it says arrives, byte for byte."""
import hashlib
import http.client

from support import raw
from support.case import NginxCase


class Proxying(NginxCase):
    def ask(self, method, path, **options):
        return self.edge.get(path, method=method, **options)

    def test_a_small_file_arrives_with_the_fields_of_the_origin(self):
        status, fields, body = self.ask("GET", "/small.txt")
        self.assertEqual((status, body), (200, b"small and plain\n"))
        self.assertEqual(fields["content-length"], "16")
        self.assertIn("etag", fields)
        self.assertIn("last-modified", fields)

    def test_ten_mebibytes_arrive_unchanged(self):
        status, fields, body = self.ask("GET", "/large.bin", timeout=30)
        self.assertEqual((status, len(body)), (200, len(self.nginx.large)))
        self.assertEqual(hashlib.sha256(body).hexdigest(), self.nginx.large_hash)
        self.assertEqual(fields["content-length"], str(len(body)))

    def test_head_has_the_length_and_no_body(self):
        answer = raw.ask(self.edge.port, b"HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.get("content-length"), str(len(self.nginx.large)))

    def test_a_missing_file_is_the_404_of_the_origin(self):
        status, _, body = self.ask("GET", "/nowhere")
        self.assertEqual(status, 404)
        self.assertIn(b"nginx", body)

    def test_a_redirect_of_the_origin_is_passed_on(self):
        status, fields, _ = self.ask("GET", "/moved")
        self.assertEqual(status, 302)
        self.assertTrue(fields["location"].endswith("/small.txt"))

    def test_an_answer_without_content_leaves_the_connection_usable(self):
        connection = raw.connect(self.edge.port)
        self.addCleanup(connection.close)
        for _ in range(3):
            connection.send(b"GET /empty HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(connection.read_response().status, 204)

    def test_a_range_is_answered_by_the_origin(self):
        status, fields, body = self.ask("GET", "/large.bin", headers={"Range": "bytes=1000-1999"})
        self.assertEqual((status, body), (206, self.nginx.large[1000:2000]))
        self.assertEqual(fields["content-range"], f"bytes 1000-1999/{len(self.nginx.large)}")

    def test_a_range_beyond_the_end_is_416(self):
        status, _, _ = self.ask("GET", "/small.txt", headers={"Range": "bytes=5000-"})
        self.assertEqual(status, 416)

    def test_a_conditional_request_is_answered_304_without_a_body(self):
        etag = self.ask("GET", "/small.txt")[1]["etag"]
        status, _, body = self.ask("GET", "/small.txt", headers={"If-None-Match": etag})
        self.assertEqual((status, body), (304, b""))

    def test_a_compressed_answer_of_unknown_length_is_complete(self):
        status, fields, body = self.ask("GET", "/no-length", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(status, 200)
        self.assertEqual(fields["content-encoding"], "gzip")
        self.assertTrue(body.startswith(b"\x1f\x8b"))

    def test_an_upload_with_a_length_reaches_the_origin_whole(self):
        body = self.nginx.large[:3_000_000]
        status, _, _ = self.ask("POST", "/uploads/a", body=body, timeout=30)
        self.assertEqual(status, 201)
        self.assertEqual(self.nginx.newest_upload(), body)

    def test_a_chunked_upload_reaches_the_origin_whole(self):
        body = self.nginx.large[:3_000_000]
        pieces = (body[at:at + 70_001] for at in range(0, len(body), 70_001))
        connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("PUT", "/uploads/b", body=pieces, encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        self.assertEqual(connection.getresponse().status, 201)
        self.assertEqual(self.nginx.newest_upload(), body)

    def test_a_slow_reader_gets_everything(self):
        connection = raw.connect(self.edge.port, seconds=30)
        self.addCleanup(connection.close)
        connection.send(b"GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head = connection.read_head()
        digest, left = hashlib.sha256(), int(head.get("content-length"))
        while left:
            part = connection.read_exactly(min(left, 1 << 20))
            digest.update(part)
            left -= len(part)
        self.assertEqual(digest.hexdigest(), self.nginx.large_hash)
