"""WebSocket through the edge, and no other upgrade."""
import os

from support import origin, raw
from support.case import Case

HANDSHAKE = (b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def text_frame(text):
    """RFC 6455, section 5.2: a masked frame, FIN and text, up to 125 bytes.

    | 0x81 | 0x80 + length | mask: 4 bytes | payload xor mask |
    """
    payload, mask = text.encode(), os.urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([0x81, 0x80 | len(payload)]) + mask + masked


def echoing_bytes(connection, request):
    """Accepts the handshake and then sends back whatever comes, until the end."""
    if (request.get("upgrade") or "").lower() != "websocket":
        return False
    connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                    b"Upgrade: websocket\r\nSec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n")
    while connection.buffer or connection.fill():
        data, connection.buffer = connection.buffer, b""
        connection.send(data)
    connection.close()
    return True


class WebSocket(Case):
    def setUp(self):
        self.edge, self.scripted = self.behind(origin.echoing_target, on_head=echoing_bytes)
        self.client = raw.connect(self.edge.port)
        self.addCleanup(self.client.close)

    def shake_hands(self, behind=b""):
        self.client.send(HANDSHAKE + behind)
        answer = self.client.read_response()
        self.assertEqual(answer.status, 101)
        self.assertEqual(answer.get("sec-websocket-accept"), ACCEPT)
        self.assertEqual((answer.get("upgrade") or "").lower(), "websocket")
        self.assertIn("upgrade", (answer.get("connection") or "").lower())

    def test_frames_go_both_ways(self):
        self.shake_hands()
        for text in ("hello", "", "a third one"):
            frame = text_frame(text)
            self.client.send(frame)
            self.assertEqual(self.client.read_exactly(len(frame)), frame)

    def test_a_megabyte_goes_both_ways(self):
        self.shake_hands()
        data = os.urandom(1 << 20)
        for at in range(0, len(data), 1 << 16):
            self.client.send(data[at:at + (1 << 16)])
            self.assertEqual(self.client.read_exactly(1 << 16), data[at:at + (1 << 16)])

    def test_bytes_right_behind_the_handshake_are_not_lost(self):
        frame = text_frame("early")
        self.shake_hands(behind=frame)
        self.assertEqual(self.client.read_exactly(len(frame)), frame)

    def test_the_end_of_one_side_ends_the_other(self):
        self.shake_hands()
        self.client.socket.shutdown(1)
        self.assertTrue(self.client.closed_within(5))

    def test_an_origin_that_refuses_is_an_ordinary_answer(self):
        edge, _ = self.behind(origin.answering(origin.plain("no", status="403 Forbidden")))
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(HANDSHAKE)
        self.assertEqual(client.read_response().status, 403)

    def test_no_other_protocol_is_upgraded_to(self):
        self.client.send(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                         b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
        answer = self.client.read_response()
        self.assertEqual((answer.status, answer.body), (200, b"/x"))
        self.assertIsNone(self.scripted.requests[0].get("upgrade"))
        self.assertIsNone(self.scripted.requests[0].get("http2-settings"))
