"""A program that was started is always stopped; an answer is read to its end."""
import os
import socket
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from runner import probe
from runner.problem import Problem
from runner.process import Process, free_ports


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class ProcessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = Path(folder.name) / "out"

    def test_it_is_gone_after_the_context_even_when_that_fails(self):
        with self.assertRaises(KeyError), Process(["sleep", "60"], "0", self.output) as process:
            pid = process.pid
            self.assertTrue(alive(pid))
            raise KeyError
        self.assertFalse(alive(pid))

    def test_one_that_ended_is_reported_with_its_last_words(self):
        command = ["sh", "-c", "echo no such thing; exit 3"]
        with Process(command, "0", self.output) as process:
            process.child.wait()
            with self.assertRaisesRegex(Problem, "status 3: no such thing"):
                process.complain_if_ended()

    def test_the_port_of_one_that_listens_is_free_no_more(self):
        port = free_ports(1)[0]
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
        with Process(command, "0", self.output) as process:
            probe.wait_until_listening(process, port)
            self.assertNotIn(port, free_ports(1))

    def test_nobody_waits_for_one_that_ended(self):
        with Process(["false"], "0", self.output) as process:
            process.child.wait()
            with self.assertRaises(Problem):
                probe.wait_until_listening(process, free_ports(1)[0])

    def test_free_ports_differ_and_can_be_listened_on(self):
        ports = free_ports(3)
        self.assertEqual(len(set(ports)), 3)
        for port in ports:
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))


class ProbeTest(unittest.TestCase):
    def test_an_answer_in_pieces_is_read_whole(self):
        ours, theirs = socket.socketpair()
        pieces = [b"HTTP/1.1 200 OK\r\nconte", b"nt-length: 5\r\n\r", b"\nhe", b"llo"]

        def answer():
            theirs.recv(1000)
            for piece in pieces:
                theirs.sendall(piece)
        thread = threading.Thread(target=answer)
        thread.start()
        found = probe.ask(ours, "/", "a")
        thread.join()
        ours.close()
        theirs.close()
        self.assertEqual((found.status, found.body_bytes), (200, 5))

    def test_an_answer_without_a_length_is_a_problem(self):
        with self.assertRaises(Problem):
            probe.parse_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")


if __name__ == "__main__":
    unittest.main()
