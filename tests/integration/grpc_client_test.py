"""Our gRPC client in gRPC's interoperability cases: against the server of gRPC's own Python
library, and against our server. grpc_go_test.py has it against Go's."""
import pathlib
import subprocess

from support import interop, process, weir
from support.case import Case

BUILT = pathlib.Path(weir.BINARY).parent

UNARY = ["empty_unary", "large_unary", "unimplemented_method", "unimplemented_service"]
STREAMS = ["client_streaming", "server_streaming", "ping_pong", "empty_stream"]
STATUS = ["custom_metadata", "status_code_and_message", "special_status_message"]
CANCELLED = ["cancel_after_begin", "cancel_after_first_response"]
LATE = ["timeout_on_sleeping_server"]
PACKED_BY_SERVER = ["server_compressed_unary", "server_compressed_streaming"]
PACKED_BY_CLIENT = ["client_compressed_unary", "client_compressed_streaming"]


class Client(Case):
    PROGRAM = BUILT / "grpc_interop_client_program"

    def setUp(self):
        if not self.PROGRAM.exists():
            self.skipTest(f"{self.PROGRAM.name} is not built")

    def run_cases(self, port, *names):
        done = subprocess.run([self.PROGRAM, str(port), *names], capture_output=True, text=True,
                              timeout=50, check=False)
        self.assertEqual(done.stdout.splitlines(), [f"{name}: ok" for name in names], done.stderr)
        self.assertEqual(done.returncode, 0)


class AgainstPython(Client):
    def setUp(self):
        super().setUp()
        if interop.grpc is None:
            self.skipTest("the Python package grpcio is not installed")
        self.server = interop.Server()
        self.addCleanup(self.server.close)

    def port(self):
        return self.server.port

    def test_unary_calls(self):
        self.run_cases(self.port(), *UNARY)

    def test_streams_of_either_side_and_of_both(self):
        self.run_cases(self.port(), *STREAMS)

    def test_metadata_and_status(self):
        self.run_cases(self.port(), *STATUS)

    def test_messages_that_the_server_packs_or_does_not(self):
        self.run_cases(self.port(), *PACKED_BY_SERVER)

    def test_calls_that_end_before_their_answer(self):
        port = self.port()
        for name in CANCELLED:
            self.server.ended.clear()
            self.run_cases(port, name)
            self.assertTrue(self.server.ended.wait(10), f"{name} was not heard of")
        self.run_cases(port, *LATE)


class AgainstPythonThroughTheEdge(AgainstPython):
    """The same with an edge between."""

    def port(self):
        return self.weir(self.server.port, options={"edge.origin.http2.use": "on"}).port


class AgainstOurs(Client):
    SERVER = BUILT / "grpc_interop_program"

    def test_all_cases(self):
        if not self.SERVER.exists():
            self.skipTest(f"{self.SERVER.name} is not built")
        started = process.Process("grpc_interop", [self.SERVER])
        self.addCleanup(started.end)
        port = int(process.wait_until(lambda: started.output().strip(), 10, "its port"))
        self.run_cases(port, *UNARY, *STREAMS, *STATUS, *CANCELLED, *LATE, *PACKED_BY_SERVER,
                       *PACKED_BY_CLIENT)
