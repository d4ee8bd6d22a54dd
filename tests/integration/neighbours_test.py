"""While one client attacks, the others are answered as fast as beside one that is only busy."""
import pathlib
import statistics
import sys
import threading
import time

from support import hostile, http2, process, raw, weir
from support.case import Case

SECONDS = 3
CONFIG = f"""\
edge:
  sites:
    - host: ["{hostile.LARGE_HOST}"]
      respond:
        status: 200
        body: "{'x' * 65_000}"
    - host: ["*"]
      respond:
        status: 200
        body: "small"
"""


class Probe(threading.Thread):
    """Asks, waits for the answer, rests a little, and asks again; keeps how long each took."""

    def __init__(self, port, until):
        super().__init__(daemon=True)
        self.port, self.until = port, until
        self.took = []
        self.failure = None
        self.start()

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.ask_some()
        except Exception as error:  # looked at by whoever joins
            self.failure = error

    def timed(self, ask):
        start = time.monotonic()
        ask()
        self.took.append(time.monotonic() - start)
        time.sleep(0.002)


class Http1Probe(Probe):
    def ask_some(self):
        connection = raw.connect(self.port)

        def ask():
            connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.read_response().body == b"small"
        while time.monotonic() < self.until:
            self.timed(ask)
        connection.close()


class Http2Probe(Probe):
    def ask_some(self):
        client = http2.Client(self.port)
        for stream in range(1, 2001, 2):  # as long as the connection's window lasts
            if time.monotonic() >= self.until:
                break
            self.timed(lambda number=stream: self.ask(client, number))
        client.close()

    @staticmethod
    def ask(client, stream):
        client.request(stream)
        assert client.answer(stream) == (200, b"small")
        client.frames.clear()


class Neighbours(Case):
    """The ratio has room for a busy machine: an attack that works makes others wait for seconds."""
    SECONDS = 60

    @classmethod
    def setUpClass(cls):
        cls.edge = weir.Weir(config=CONFIG, options={"telemetry.access_log.rate": "0.01"})
        cls.addClassCleanup(cls.edge.end)
        cls.beside_busy = max(cls.p99_beside("busy")[0] for _ in range(2))

    @classmethod
    def p99_beside(cls, attack):
        """(the p99 of others in seconds, most resident bytes, connections that the attack took)"""
        attacker = process.Process("hostile", [sys.executable, pathlib.Path(hostile.__file__),
                                               cls.edge.port, attack, SECONDS])
        until = time.monotonic() + SECONDS
        probes = [kind(cls.edge.port, until) for kind in (Http1Probe, Http2Probe) * 3]
        resident = 0
        while time.monotonic() < until:
            resident = max(resident, cls.resident_bytes())
            time.sleep(0.1)
        for probe in probes:
            probe.join(20)
            assert probe.failure is None and probe.took, f"{attack}: {probe.failure!r}"
        assert attacker.wait(20) == 0, attacker.output()
        worst = max(statistics.quantiles(
            [took for probe in probes if isinstance(probe, kind) for took in probe.took],
            n=100)[98] for kind in (Http1Probe, Http2Probe))
        return worst, resident, int(attacker.output())

    @classmethod
    def resident_bytes(cls):
        with open(f"/proc/{cls.edge.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096

    def test_no_attack_makes_others_wait_or_memory_grow(self):
        for attack in hostile.ATTACKS:
            if attack == "busy":
                continue
            with self.subTest(attack):
                before = self.resident_bytes()
                p99, resident, connections = self.p99_beside(attack)
                self.assertLess(p99, 3 * self.beside_busy + 0.020, f"busy: {self.beside_busy}")
                self.assertLess(resident - before, 64 << 20)
                self.assertGreater(connections, 1, "the first was never shut")
                self.assertEqual(self.edge.status_of("/health/live"), 200)
