"""Slow readers on both sides: what was received for them waits, in bounded memory."""
import socket
import threading

from support import nginx, origin, process, raw
from support.case import Case

STREAMS = 40
MIB = 1 << 20
# What a connection may hold (runtime.stream_bytes), and what may be under way when reading stops.
HELD_BYTES_MAX = 256 * 1024 + 32 * 16 * 1024


class BoundedMemory(Case):
    SECONDS = 120

    def number(self, edge, name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines()
                   if line.startswith(name))

    def waiting(self, edge):
        return self.number(edge, "runtime_received_waiting")

    def stall(self, edge):
        """Uploads whose origin does not read, and downloads whose client does not."""
        connections = []
        for _ in range(STREAMS):
            upload = raw.connect(edge.port)
            upload.send(b"PUT /stalled HTTP/1.1\r\nHost: up.test\r\n"
                        b"Content-Length: 1000000000\r\n\r\n")
            upload.socket.setblocking(False)
            connections.append(upload)
            download = raw.connect(edge.port)
            download.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            download.send(b"GET /large.bin HTTP/1.1\r\nHost: down.test\r\n\r\n")
            connections.append(download)
        self.addCleanup(lambda: [each.close() for each in connections])
        block = bytes(MIB)
        for _ in range(8):
            for upload in connections[::2]:
                try:
                    upload.socket.send(block)
                except (BlockingIOError, ConnectionError):
                    pass
        return connections

    def start(self, **options):
        server = nginx.Nginx()
        self.addCleanup(server.end)
        ended = threading.Event()

        def never_reads(connection, _request):
            ended.wait(60)
            connection.close()
            return True
        stalled = self.origin(origin.echoing_target, never_reads)
        self.addCleanup(ended.set)
        sites = "".join(f"    - {{host: [{host}], origins: [{{url: 'http://127.0.0.1:{port}'}}]}}\n"
                        for host, port in (("up.test", stalled.port), ("down.test", server.port)))
        config = ("edge:\n  cache: {enabled: false}\n  sites:\n" + sites +
                  "    - {host: ['*'], respond: {status: 200, body: well}}\n")
        return self.weir(config=config, options=options)

    def test_streams_whose_readers_are_slow_hold_little_each(self):
        for reactor in ("automatic", "epoll"):
            with self.subTest(reactor):
                edge = self.start(**{"runtime.reactor": reactor})
                self.stall(edge)
                process.wait_until(lambda: self.waiting(edge) > 0, 10, "bytes to wait")
                process.wait_until(
                    lambda: self.number(edge, "runtime_streams_paused_total") >= STREAMS, 20,
                    "streams to be paused")
                self.assertLessEqual(self.waiting(edge), 2 * STREAMS * HELD_BYTES_MAX)
                self.assertEqual(self.number(edge, "runtime_streams_cut_off_total"), 0)
                self.assertEqual(edge.get("/")[2], b"well")

    def test_all_streams_together_stay_within_the_bound_of_the_process(self):
        edge = self.start(**{"runtime.received_bytes_max": "4MiB", "runtime.shards": 1})
        self.stall(edge)
        process.wait_until(lambda: self.number(edge, "runtime_streams_paused_total") > 0, 20,
                           "streams to be paused")
        self.assertLessEqual(self.waiting(edge), 4 * MIB)
        self.assertEqual(edge.get("/")[2], b"well")
        self.assertTrue(edge.running())
