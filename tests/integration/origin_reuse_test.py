"""Connections to origins are used again, whichever shard of eight needs them."""
import http.client
import random
import threading

from support import certificates, nginx
from support.case import Case

CLIENTS, REQUESTS = 16, 150
EIGHT_SHARDS = {"runtime.shards": 8, "edge.cache.enabled": "false"}


class OriginReuse(Case):
    def load(self, edge):
        """Connections that come and go, so that all shards have some of them, at all times few."""
        failures = []

        def client(seed):
            chance = random.Random(seed)
            connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=10)
            for _ in range(REQUESTS):
                if chance.random() < 0.1:
                    connection.close()
                connection.request("GET", "/small.txt")
                answer = connection.getresponse()
                if (answer.status, answer.read()) != (200, b"small and plain\n"):
                    failures.append(answer.status)
        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def count(self, edge, name):
        return sum(float(line.rsplit(" ", 1)[1]) for line in edge.metrics().splitlines()
                   if line.startswith(name))

    def check(self, edge):
        self.load(edge)
        opened = self.count(edge, "origin_connections_opened_total")
        reused = self.count(edge, "origin_connections_reused_total")
        self.assertGreaterEqual(opened + reused, CLIENTS * REQUESTS)
        self.assertGreaterEqual(reused / (opened + reused), 0.99, f"{opened} opened")

    def test_99_of_100_requests_over_http_use_a_connection_again(self):
        server = nginx.Nginx()
        self.addCleanup(server.end)
        self.check(self.weir(server.port, options=EIGHT_SHARDS))

    def test_99_of_100_requests_over_https_use_a_connection_again(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("origin", "127.0.0.1")
        server = nginx.Nginx(tls=(certificate, key))
        self.addCleanup(server.end)
        self.check(self.weir(f"https://127.0.0.1:{server.tls_port}",
                             options={**EIGHT_SHARDS,
                                      "edge.origin.tls.ca_file": authority.path}))
