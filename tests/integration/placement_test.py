"""A client's connection is served where its packets arrive, and the shards have alike many."""
import os
import socket
import threading
import unittest

from support import keys
from support.case import Case

CONNECTIONS, ROUNDS = 48, 40
REQUEST = b"GET / HTTP/1.1\r\nHost: here.test\r\n\r\n"
BODY = "here and nowhere else"
CORES = sorted(os.sched_getaffinity(0))[:2]


def answer(connection):
    data = b""
    while not data.endswith(BODY.encode()):
        received = connection.recv(65536)
        if not received:
            raise EOFError("the connection ended")
        data += received
    if data.count(b"HTTP/1.1 200 OK\r\n") != 1:
        raise ValueError(f"not an answer: {data!r}")


class Client(threading.Thread):
    """Opens all its connections, and asks on one after the other, all from one core."""

    def __init__(self, core, port):
        super().__init__()
        self.core, self.port, self.failure = core, port, None
        self.opened, self.may_ask = threading.Event(), threading.Event()

    def run(self):
        os.sched_setaffinity(0, {self.core})  # of this thread
        connections = [socket.create_connection(("127.0.0.1", self.port), timeout=10)
                       for _ in range(CONNECTIONS)]
        self.opened.set()
        self.may_ask.wait(10)
        try:
            for _ in range(ROUNDS):
                for connection in connections:
                    connection.sendall(REQUEST)
                    answer(connection)
        except (OSError, ValueError, EOFError) as error:
            self.failure = error
        for connection in connections:
            connection.close()


@unittest.skipIf(len(CORES) < 2, "there is one core, so that nothing can move")
class Placement(Case):
    def count(self, edge, name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines()
                   if line.startswith(name))

    def test_connections_from_two_cores_change_places_and_lose_nothing(self):
        edge = self.weir(config=keys.fixed_answer_site("here.test", BODY),
                         arguments=["--cores", ",".join(map(str, CORES))])
        before = self.count(edge, "http_server_connections_accepted_total")
        clients = [Client(core, edge.port) for core in CORES]
        for client in clients:
            client.start()
            self.assertTrue(client.opened.wait(10))  # the second finds the shards evenly filled
        for client in clients:
            client.may_ask.set()
        for client in clients:
            client.join(40)
            self.assertIsNone(client.failure)
        opened = self.count(edge, "http_server_connections_accepted_total") - before
        self.assertEqual(opened, len(CORES) * CONNECTIONS)
        self.assertGreater(self.count(edge, "http_server_connections_moved_total"), 4)
