"""gRPC's interoperability cases with its Go library: its client against our server, our client
against its server, and an edge between its own two ends."""
import shutil
import subprocess

import grpc_client_test as ours
from support import certificates, process
from support.case import Case

HTTP2 = {"edge.origin.http2.use": "on"}
# By whom a service says with an answer how busy it is (ORCA).
LOAD_REPORTS = ('--service_config_json={"loadBalancingConfig":'
                '[{"test_backend_metrics_load_balancer":{}}]}')
# Those of its client that need no cloud.
CASES = [*ours.UNARY, *ours.STREAMS, *ours.STATUS, *ours.CANCELLED, *ours.LATE, "rpc_soak",
         "channel_soak"]
SOAK = ["--soak_iterations=48", "--soak_num_threads=4", "--soak_overall_timeout_seconds=30"]


class GoCase(Case):
    PEERS = True

    def program(self, name):
        found = shutil.which(name)
        if not found:
            self.skipTest(f"{name} is not installed")
        return found

    def started(self, name, *command):
        """The port of a server that prints it."""
        server = process.Process(name, command)
        self.addCleanup(server.end)
        return int(process.wait_until(lambda: server.output().strip(), 10, "its port"))

    def go_server(self, *arguments):
        return self.started("grpc_go", self.program("grpc-interop-server"), *arguments)

    def edge_before(self, port):
        return self.weir(port, options=HTTP2).port

    def run_go_client(self, port, *arguments, cases=CASES):
        client = self.program("grpc-interop-client")
        for case in cases:
            with self.subTest(case):
                done = subprocess.run(
                    [client, "--server_host=127.0.0.1", f"--server_port={port}",
                     f"--test_case={case}", *SOAK, *arguments],
                    capture_output=True, text=True, timeout=50, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)


class ItsClient(GoCase):
    def our_server(self):
        server = ours.AgainstOurs.SERVER
        if not server.exists():
            self.skipTest(f"{server.name} is not built")
        return self.started("grpc_interop", server)

    def test_all_cases_against_our_server(self):
        self.run_go_client(self.our_server())

    def test_all_cases_against_our_server_through_the_edge(self):
        self.run_go_client(self.edge_before(self.our_server()))


class ItsServer(GoCase, ours.Client):
    # Each end keeps the deadline of a late call, and any may be the first to notice.
    CASES = [*ours.UNARY, *ours.STREAMS, *ours.STATUS, *ours.CANCELLED, *ours.LATE * 20]

    def test_all_cases_of_our_client(self):
        self.run_cases(self.go_server(), *self.CASES)

    def test_all_cases_of_our_client_through_the_edge(self):
        self.run_cases(self.edge_before(self.go_server()), *self.CASES)


class BothOfItsEnds(GoCase):
    """What only they say to each other passes an edge as well."""

    def test_all_cases_through_the_edge(self):
        port = self.edge_before(self.go_server())
        self.run_go_client(port)
        self.run_go_client(port, LOAD_REPORTS, cases=["orca_per_rpc"])

    def test_all_cases_through_the_edge_over_tls_on_both_sides(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("go", "127.0.0.1")
        port = self.go_server("-cert", certificate, "-key", key)
        edge_certificate, edge_key = authority.issue("edge", "127.0.0.1")
        (tls_port,) = process.free_ports(1)
        self.weir(f"https://127.0.0.1:{port}", options={
            **HTTP2, "edge.origin.tls.ca_file": authority.path,
            "edge.listen_tls": f"127.0.0.1:{tls_port}",
            "edge.tls.certificate": edge_certificate, "edge.tls.key": edge_key})
        self.run_go_client(tls_port, "--use_tls", "--use_test_ca", f"--ca_file={authority.path}")
