"""Requests that two parsers could read in two ways: refused, closed, and never passed on."""
from support import origin, raw
from support.case import ScriptedCase

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH_5 = b"Content-Length: 5\r\n"

FRAMING = {
    "content-length and transfer-encoding":
        POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX",
    "transfer-encoding and content-length":
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX",
    "two different lengths": POST + LENGTH_5 + b"Content-Length: 6\r\n\r\nhello!",
    "two equal lengths": POST + LENGTH_5 + LENGTH_5 + b"\r\nhello",
    "a list of lengths": POST + b"Content-Length: 5, 6\r\n\r\nhello!",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a space inside": POST + b"Content-Length: 1 0\r\n\r\nhello",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "chunked that is not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked and identity in two fields":
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunked behind a vertical tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0":
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}

SYNTAX = {
    "a folded field": GET + b"X-A: one\r\n two\r\n\r\n",
    "a folded transfer-encoding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a bare LF behind the request line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "a bare LF behind a field": GET + b"X-A: one\nX-B: two\r\n\r\n",
    "a bare LF at the end of the head": GET + b"\n",
    "a bare CR in a value": GET + b"X-A: one\rX-B: two\r\n\r\n",
    "NUL in a value": GET + b"X-A: one\0two\r\n\r\n",
    "NUL in a name": GET + b"X-\0A: one\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a control character in a value": GET + b"X-A: one\x01two\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a space in a name": GET + b"X A: one\r\n\r\n",
    "a field without a colon": GET + b"X-A\r\n\r\n",
    "a field without a name": GET + b": one\r\n\r\n",
    "a space before the first field": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "two spaces in the request line": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab in the request line": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space behind the version": b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method with a forbidden character": b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a version of another protocol": b"GET / HTTQ/1.1\r\nHost: a\r\n\r\n",
    "a version in lower case": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a host that is none": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a host with user data": b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
}

# The head of these is right, so the origin may have seen it; it must not see a whole request.
CHUNKS = {
    "a NUL in a chunk extension": CHUNKED + b"5;a=\0\r\nhello\r\n0\r\n\r\n",
    "a bare LF behind a chunk size": CHUNKED + b"5\nhello\r\n0\r\n\r\n",
    "a bare LF inside a chunk extension": CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "a bare CR behind a chunk size": CHUNKED + b"5\rhello\r\n0\r\n\r\n",
    "a hexadecimal prefix": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a sign": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "an empty chunk size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "a space before a chunk size": CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"4\r\nhello\r\n0\r\n\r\n",
    "a chunk that ends in LF": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "a chunk without an end of line": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "a folded trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX-A: b\r\n c\r\n\r\n",
    "a trailer with a bare LF": CHUNKED + b"5\r\nhello\r\n0\r\nX-A: b\n\r\n",
    "a trailer without a colon": CHUNKED + b"5\r\nhello\r\n0\r\nX-A\r\n\r\n",
}

SECOND = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


class Smuggling(ScriptedCase):
    def refused(self, data):
        """Sends it with a second request behind it: only one answer, a refusal, then the end."""
        self.scripted.requests.clear()
        self.scripted.received = b""
        connection = raw.connect(self.edge.port, seconds=5)
        self.addCleanup(connection.close)
        connection.send(data + SECOND)
        answer = connection.read_response()
        # 501 is what RFC 9112 6.1 asks for when the coding is one that nobody here knows.
        statuses = (400, 501) if b"Transfer-Encoding: chunked, " in data else (400,)
        self.assertIn(answer.status, statuses)
        self.assertEqual((answer.get("connection") or "").lower(), "close")
        self.assertTrue(connection.closed_within(5), "the connection stays open")

    def each_is_refused_unseen(self, transcripts):
        for name, data in transcripts.items():
            with self.subTest(name):
                self.refused(data)
                self.assertEqual(self.scripted.received, b"", "bytes reached the origin")

    def test_a_message_with_doubtful_length_is_refused_unseen(self):
        self.each_is_refused_unseen(FRAMING)

    def test_a_message_that_breaks_the_grammar_is_refused_unseen(self):
        self.each_is_refused_unseen(SYNTAX)

    def test_a_body_that_breaks_the_chunk_grammar_is_never_complete_at_the_origin(self):
        # An edge and an origin of its own: heads reach the origin, and may do so after the refusal.
        self.edge, self.scripted = self.behind(origin.echoing_target)
        for name, data in CHUNKS.items():
            with self.subTest(name):
                self.refused(data)
                self.assertEqual(self.scripted.requests, [])
                self.assertNotIn(b"/smuggled", self.scripted.received)

    def test_an_unknown_transfer_coding_is_501(self):
        answer = raw.ask(self.edge.port, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n")
        self.assertEqual(answer.status, 501)
        self.assertEqual(self.scripted.received, b"")

    def test_another_major_version_is_505(self):
        answer = raw.ask(self.edge.port, b"GET / HTTP/3.0\r\nHost: a\r\n\r\n")
        self.assertEqual(answer.status, 505)
        self.assertEqual(self.scripted.received, b"")

    def test_an_empty_line_before_a_request_is_ignored(self):
        answer = raw.ask(self.edge.port, b"\r\n" + GET + b"\r\n")
        self.assertEqual((answer.status, answer.body), (200, b"/"))

    def test_a_sound_chunk_extension_is_read_and_not_passed_on(self):
        answer = raw.ask(self.edge.port, CHUNKED + b'5;a=b;c="d"\r\nhello\r\n0\r\n\r\n')
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.scripted.requests[0].body, b"hello")
        self.assertNotIn(b";a=b", self.scripted.received)

    def test_the_order_of_fields_and_their_spelling_do_not_matter_to_framing(self):
        data = POST + b"tRaNsFeR-eNcOdInG:\tChUnKeD \r\nX-A: b\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        self.assertEqual(raw.ask(self.edge.port, data).status, 200)
        self.assertEqual(self.scripted.requests[0].body, b"abc")
