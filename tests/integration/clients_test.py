"""Clients that people use, over connections that they keep."""
import http.client
import json
import shutil
import subprocess

from support.case import NginxCase

NODE_PROGRAM = """
const http = require('node:http');
const agent = new http.Agent({keepAlive: true, maxSockets: 1});
const port = Number(process.argv[1]), count = Number(process.argv[2]);
const ports = new Set();
function ask(left) {
  if (!left) { agent.destroy(); console.log(JSON.stringify({connections: ports.size})); return; }
  http.get({port, host: '127.0.0.1', path: '/small.txt', agent}, (answer) => {
    let body = '';
    ports.add(answer.socket.localPort);
    answer.on('data', (part) => { body += part; });
    answer.on('end', () => {
      if (answer.statusCode !== 200 || body !== 'small and plain\\n') throw new Error(body);
      setImmediate(ask, left - 1);
    });
  });
}
ask(count);
"""


class Clients(NginxCase):
    def command(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def url(self, path):
        return f"http://127.0.0.1:{self.edge.port}{path}"

    def test_curl_gets_a_file(self):
        self.assertEqual(self.command("curl", "-sS", self.url("/small.txt")), "small and plain\n")

    def test_curl_uses_one_connection_for_many_files(self):
        out = self.command("curl", "-sS", "-o", "/dev/null", "-w", "%{num_connects} ",
                           *[self.url("/small.txt")] * 5)
        # -o names the first file only, so the others print their body before the number.
        self.assertEqual(sum(int(word) for word in out.split() if word.isdigit()), 1)

    def test_curl_uploads_with_expect_100_continue(self):
        out = self.command("curl", "-sS", "-T", str(self.nginx.root / "large.bin"), "-o",
                           "/dev/null", "-H", "Expect: 100-continue", "-w", "%{http_code}",
                           self.url("/uploads/curl"))
        self.assertEqual(out, "201")
        self.assertEqual(self.nginx.newest_upload(), self.nginx.large)

    def test_curl_speaks_http_1_0(self):
        out = self.command("curl", "-sS", "--http1.0", self.url("/small.txt"))
        self.assertEqual(out, "small and plain\n")

    def test_python_keeps_its_connection_over_a_hundred_requests(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=10)
        self.addCleanup(connection.close)
        connection.connect()
        local = connection.sock.getsockname()
        for _ in range(100):
            connection.request("GET", "/small.txt")
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.read()), (200, b"small and plain\n"))
            self.assertEqual(connection.sock.getsockname(), local)

    def test_node_keeps_its_connection_over_a_hundred_requests(self):
        out = self.command("node", "-e", NODE_PROGRAM, str(self.edge.port), "100")
        self.assertEqual(json.loads(out), {"connections": 1})
