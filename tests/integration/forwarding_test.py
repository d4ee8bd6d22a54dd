"""What the origin learns about the client, and whom it may believe."""
import re
import struct

from support import keys, origin, raw
from support.case import Case, ScriptedCase

GET = b"GET /x HTTP/1.1\r\nHost: shop.test\r\n\r\n"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT = "203.0.113.7"


def proxy_v2(source, port):
    """PROXY protocol version 2: signature, version and command, family, length, addresses."""
    addresses = b"".join(bytes(int(part) for part in ip.split(".")) for ip in (source, "127.0.0.1"))
    addresses += struct.pack("!HH", port, 80)
    return b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack("!H", len(addresses)) + addresses


class Forwarding(ScriptedCase):
    def seen_by_origin(self, fields=b""):
        data = b"GET /x HTTP/1.1\r\nHost: shop.test\r\n" + fields + b"\r\n"
        self.assertEqual(raw.ask(self.edge.port, data).status, 200)
        return self.scripted.requests[-1]

    def test_the_origin_is_told_who_asks_and_how(self):
        request = self.seen_by_origin()
        self.assertEqual(request.get("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(request.get("x-forwarded-proto"), "http")
        self.assertEqual(request.get("x-forwarded-host"), "shop.test")

    def test_the_same_stands_in_forwarded(self):
        forwarded = self.seen_by_origin().get("forwarded").lower()
        self.assertRegex(forwarded, r'for="?127\.0\.0\.1')
        self.assertIn("proto=http", forwarded)
        self.assertRegex(forwarded, r'host="?shop\.test')

    def test_via_names_the_edge_both_ways(self):
        data = b"GET /x HTTP/1.1\r\nHost: shop.test\r\nVia: 1.0 before\r\n\r\n"
        answer = raw.ask(self.edge.port, data)
        via = self.scripted.requests[-1].get("via")
        self.assertRegex(via, r"^1\.0 before, 1\.1 \S+")
        self.assertRegex(answer.get("via"), r"^1\.1 \S+")

    def test_a_client_cannot_say_where_it_comes_from(self):
        request = self.seen_by_origin(b"X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n"
                                      b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n")
        self.assertEqual(request.get("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(request.get("x-forwarded-proto"), "http")
        self.assertEqual(request.get("x-forwarded-host"), "shop.test")
        self.assertNotIn("6.6.6.6", request.get("forwarded"))

    def test_the_trace_of_the_client_goes_on_with_a_span_of_the_edge(self):
        request = self.seen_by_origin(f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n".encode())
        match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0[0-3]", request.get("traceparent"))
        self.assertEqual(match[1], TRACE)
        self.assertNotEqual(match[2], "00f067aa0ba902b7")

    def test_a_trace_begins_where_the_client_has_none_or_a_broken_one(self):
        for fields in (b"", b"traceparent: 00-zz-00-01\r\n",
                       b"traceparent: 00-" + b"0" * 32 + b"-00f067aa0ba902b7-01\r\n"):
            with self.subTest(fields):
                value = self.seen_by_origin(fields).get("traceparent")
                self.assertRegex(value, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$")
                self.assertNotIn("0" * 32, value)


class TrustedPeers(Case):
    def test_what_a_trusted_peer_says_is_kept_and_added_to(self):
        edge, scripted = self.behind(origin.echoing_target,
                                     options={keys.TRUSTED_PEERS: "127.0.0.0/8"})
        raw.ask(edge.port, b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n"
                b"X-Forwarded-Proto: https\r\n\r\n")
        request = scripted.requests[0]
        self.assertEqual([part.strip() for part in request.get("x-forwarded-for").split(",")],
                         [CLIENT, "127.0.0.1"])
        self.assertEqual(request.get("x-forwarded-proto"), "https")


class ProxyProtocol(Case):
    OPTIONS = {keys.PROXY_PROTOCOL_FROM: "127.0.0.0/8"}

    def setUp(self):
        self.edge, self.scripted = self.behind(origin.echoing_target, options=self.OPTIONS)

    def forwarded_for(self, preface):
        self.assertEqual(raw.ask(self.edge.port, preface + GET).status, 200)
        return self.scripted.requests[-1].get("x-forwarded-for").split(",")[0].strip()

    def test_version_1_names_the_client(self):
        preface = f"PROXY TCP4 {CLIENT} 127.0.0.1 40000 80\r\n".encode()
        self.assertEqual(self.forwarded_for(preface), CLIENT)

    def test_version_1_names_a_client_of_ipv6(self):
        preface = b"PROXY TCP6 2001:db8::7 ::1 40000 80\r\n"
        self.assertIn("2001:db8::7", self.forwarded_for(preface))

    def test_version_1_unknown_is_the_peer_itself(self):
        self.assertEqual(self.forwarded_for(b"PROXY UNKNOWN\r\n"), "127.0.0.1")

    def test_version_2_names_the_client(self):
        self.assertEqual(self.forwarded_for(proxy_v2(CLIENT, 40000)), CLIENT)

    def test_version_2_local_is_the_peer_itself(self):
        self.assertEqual(self.forwarded_for(b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0"), "127.0.0.1")

    def test_the_preface_may_come_byte_by_byte(self):
        client = raw.connect(self.edge.port)
        self.addCleanup(client.close)
        client.send_slowly(proxy_v2(CLIENT, 40000) + GET, 0.002)
        self.assertEqual(client.read_response().status, 200)
        self.assertTrue(self.scripted.requests[0].get("x-forwarded-for").startswith(CLIENT))

    def test_a_broken_preface_is_closed_and_goes_nowhere(self):
        for preface in (b"PROXY TCP4 203.0.113.7 127.0.0.1 99999 80\r\n",
                        b"PROXY TCP4 x y 1 2\r\n", b"PROXY TCP4" + b" " * 200 + b"\r\n",
                        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"):
            with self.subTest(preface):
                client = raw.connect(self.edge.port)
                self.addCleanup(client.close)
                client.send(preface + GET)
                self.assertNotIn(b" 200 ", client.read_to_end()[:16])
                self.assertEqual(self.scripted.received, b"")

    def test_from_a_stranger_it_is_no_request_at_all(self):
        options = {keys.PROXY_PROTOCOL_FROM: "192.0.2.0/24"}
        edge, scripted = self.behind(origin.echoing_target, options=options)
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(proxy_v2(CLIENT, 40000) + GET)
        self.assertNotIn(b" 200 ", client.read_to_end()[:16])
        self.assertEqual(scripted.received, b"")
