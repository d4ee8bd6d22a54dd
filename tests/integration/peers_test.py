"""Load generators and proxies of others, in front of weir and behind it."""
import re
import shutil
import subprocess
import time

from support import keys, origin, process
from support.case import Case, NginxCase

HAPROXY = """\
defaults
  mode tcp
  timeout connect 2s
  timeout client 5s
  timeout server 5s
listen front
  bind 127.0.0.1:{front}
  server edge 127.0.0.1:{edge} {option}
"""


def program(test, name):
    found = shutil.which(name, path="/usr/sbin:/usr/local/bin:/usr/bin:/bin")
    if not found:
        test.skipTest(f"{name} is not installed")
    return found


class LoadGenerators(NginxCase):
    PEERS = True

    def output(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def url(self):
        return f"http://127.0.0.1:{self.edge.port}/small.txt"

    def test_wrk_sees_no_error(self):
        out = self.output(program(self, "wrk"), "-t1", "-c32", "-d3s", self.url())
        self.assertGreater(int(re.search(r"(\d+) requests in", out)[1]), 100)
        self.assertNotIn("Non-2xx", out)
        self.assertNotIn("Socket errors", out)

    def test_h2load_over_http_1_gets_every_answer(self):
        out = self.output(program(self, "h2load"), "--h1", "-n2000", "-c10", self.url())
        self.assertRegex(out, r"2000 succeeded, 0 failed, 0 errored, 0 timeout")


class Haproxy(Case):
    PEERS = True

    def test_the_proxy_protocol_of_haproxy_is_understood(self):
        haproxy = program(self, "haproxy")
        for option in ("send-proxy", "send-proxy-v2"):
            with self.subTest(option):
                edge, scripted = self.behind(origin.echoing_target, options={
                    keys.PROXY_PROTOCOL_FROM: "127.0.0.0/8"})
                (front,) = process.free_ports(1)
                config = process.new_folder("haproxy") / "haproxy.cfg"
                config.write_text(HAPROXY.format(front=front, edge=edge.port, option=option))
                proxy = process.Process("haproxy", [haproxy, "-db", "-f", config])
                self.addCleanup(proxy.end)
                process.wait_until(lambda port=front: edge.status_of("/", port) == 200, 10,
                                   "an answer through haproxy")
                self.assertEqual(scripted.requests[-1].get("x-forwarded-for"), "127.0.0.1")


class Soak(NginxCase):
    PEERS = True

    def test_the_process_does_not_grow_under_load(self):
        wrk = program(self, "wrk")
        url = f"http://127.0.0.1:{self.edge.port}/small.txt"
        sizes = []
        for _ in range(3):
            subprocess.run([wrk, "-t1", "-c64", "-d4s", url], capture_output=True, timeout=30,
                           check=True)
            time.sleep(0.5)
            sizes.append(self.resident_bytes())
        # The first round touches the rings and buffers for the first time; from then on it is flat.
        self.assertLess(sizes[2], sizes[1] * 1.05 + (1 << 20), f"resident bytes: {sizes}")

    def resident_bytes(self):
        with open(f"/proc/{self.edge.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
