"""TLS on the listeners: certificates by name, protocols, sessions, client certificates, reloads."""
import json
import shutil
import signal
import socket
import ssl
import subprocess
import time

from support import certificates, origin, process
from support.case import Case
from support.weir import run_weir


def curl(*arguments):
    """(exit status, stdout, stderr)"""
    done = subprocess.run(["curl", "-s", "-S", "--max-time", "10", *map(str, arguments)],
                          capture_output=True, timeout=20, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def client_context(authority, **options):
    context = ssl.create_default_context(cafile=str(authority.path))
    if options.get("most"):
        context.maximum_version = options["most"]
    if options.get("protocols"):
        context.set_alpn_protocols(options["protocols"])
    return context


def subject(connection):
    return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]


def metric(weir, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in weir.metrics().splitlines()
               if line.startswith(name))


class TlsCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.authority = certificates.Authority()
        cls.server = cls.authority.issue("server", "edge.test", "127.0.0.1")
        cls.other = cls.authority.issue("other", "*.other.test")


class EdgeListener(TlsCase):
    def edge(self, script=origin.echoing_target, **options):
        scripted = self.origin(script)
        (self.port,) = process.free_ports(1)
        log = process.new_folder("log") / "access.log"
        config = f"""\
edge:
  listen_tls: 127.0.0.1:{self.port}
  tls:
    certificate: {self.server[0]}
    key: {self.server[1]}
    more:
      - certificate: {self.other[0]}
        key: {self.other[1]}
"""
        edge = self.weir(scripted.port, config=config,
                         options={"telemetry.access_log.path": log, **options})
        edge.access_log = log
        return edge, scripted

    def connect(self, name="edge.test", session=None, **options):
        context = options.pop("context", None) or client_context(self.authority, **options)
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection = context.wrap_socket(raw, server_hostname=name, session=session)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection, path="/"):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: edge.test\r\n\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got or not got.endswith(path.encode()):
            piece = connection.recv(65536)
            self.assertTrue(piece, got)
            got += piece
        return got

    def test_requests_come_over_tls_and_the_origin_is_told(self):
        edge, scripted = self.edge()
        status, out, err = curl("--cacert", self.authority.path,
                                f"https://127.0.0.1:{self.port}/over-tls")
        self.assertEqual((status, out), (0, "/over-tls"), err)
        head = scripted.received.lower()
        self.assertIn(b"x-forwarded-proto: https\r\n", head)
        self.assertIn(b"proto=https", head)
        lines = process.wait_until(lambda: edge.access_log.read_text().splitlines(), 5, "a line")
        self.assertEqual(json.loads(lines[0])["scheme"], "https")
        self.assertEqual(edge.get("/plain")[2], b"/plain", "the other listener speaks no TLS")

    def test_the_name_that_the_client_asks_for_chooses_the_certificate(self):
        self.edge()
        for name, expected in (("edge.test", "server"), ("a.other.test", "other"),
                               ("A.OTHER.test", "other"), ("127.0.0.1", "server")):
            with self.subTest(name):
                self.assertEqual(subject(self.connect(name)), expected)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect("a.b.other.test")

    def test_versions_and_protocols(self):
        self.edge()
        for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            both = self.connect(most=most, protocols=["http/1.1", "h2"])
            self.assertEqual(both.selected_alpn_protocol(), "h2", "the server's order counts")
            connection = self.connect(most=most, protocols=["http/1.1"])
            self.assertEqual(connection.version(), most.name.replace("_", "."))
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")
            self.ask(connection)
        with self.assertRaises(ssl.SSLError):
            self.connect(protocols=["imap"])
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.connect(context=old)

    def test_a_second_connection_resumes_whatever_shard_serves_it_and_after_a_reload(self):
        edge, _ = self.edge(**{"runtime.shards": 2})
        for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client_context(self.authority, most=most)
            first = self.connect(context=context)
            self.ask(first)
            session = first.session
            edge.signal(signal.SIGHUP)
            time.sleep(0.3)
            for _ in range(4):
                again = self.connect(context=context, session=session)
                self.ask(again)
                self.assertTrue(again.session_reused)
        self.assertEqual(metric(edge, 'tls_handshakes_total{result="resumed"}'), 8)

    def test_large_bodies_pass_both_ways(self):
        def swallow(connection, request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
            connection.send(bytes([len(request.body) % 251]) * 3_000_000)
        self.edge(swallow)
        body = process.new_folder("body") / "body"
        body.write_bytes(b"x" * 2_000_000)
        out = process.new_folder("out") / "out"
        status, _, err = curl("--cacert", self.authority.path, "-T", body, "-o", out,
                              f"https://127.0.0.1:{self.port}/")
        self.assertEqual(status, 0, err)
        self.assertEqual(out.read_bytes(), bytes([2_000_000 % 251]) * 3_000_000)

    def test_plain_http_on_the_port_for_tls_is_told_so(self):
        edge, _ = self.edge()
        status, _, body = edge.get("/", self.port)
        self.assertEqual(status, 400)
        self.assertIn(b"https://", body)
        self.assertEqual(metric(edge, 'tls_handshakes_total{result="plain_http"}'), 1)

    def test_a_slow_handshake_ends_at_its_deadline(self):
        edge, _ = self.edge(**{"edge.tls.handshake_timeout": "300ms"})
        for said in (b"", b"\x16\x03\x01\x02\x00\x01"):
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as slow:
                begin = time.monotonic()
                slow.sendall(said)
                try:
                    self.assertEqual(slow.recv(100), b"")
                except ConnectionResetError:
                    pass
                self.assertLess(time.monotonic() - begin, 3)
        self.assertEqual(metric(edge, 'tls_handshakes_total{result="timed_out"}'), 2)

    def test_handshakes_above_the_limit_are_closed_at_once(self):
        edge, _ = self.edge(**{"edge.tls.handshakes_max": 2})
        silent = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(2)]
        time.sleep(0.2)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.connect()
        for each in silent:
            each.close()
        self.assertEqual(metric(edge, 'tls_handshakes_total{result="over_limit"}'), 1)
        process.wait_until(
            lambda: metric(edge, 'tls_handshakes_total{result="left"}') == 2, 5, "the silent")
        self.ask(self.connect())

    def test_many_handshakes_at_once_all_succeed(self):
        self.edge()
        context = client_context(self.authority)
        raws = [socket.create_connection(("127.0.0.1", self.port), timeout=10)
                for _ in range(60)]
        connections = [context.wrap_socket(raw, server_hostname="edge.test",
                                           do_handshake_on_connect=False) for raw in raws]
        for connection in connections:
            self.addCleanup(connection.close)
            connection.setblocking(False)
        waiting = set(connections)
        deadline = time.monotonic() + 10
        while waiting and time.monotonic() < deadline:
            for connection in list(waiting):
                try:
                    connection.do_handshake()
                    waiting.discard(connection)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
            time.sleep(0.005)
        self.assertEqual(waiting, set())

    def test_a_new_certificate_is_shown_after_a_reload_and_a_broken_one_never(self):
        edge, _ = self.edge()
        files = {path: path.read_bytes() for path in self.server}
        self.addCleanup(lambda: [path.write_bytes(text) for path, text in files.items()])
        before = self.connect()
        renewed = self.authority.issue("renewed", "edge.test", "127.0.0.1")
        for mine, new in zip(self.server, renewed):
            shutil.copy(new, mine)
        edge.signal(signal.SIGHUP)
        process.wait_until(lambda: subject(self.connect()) == "renewed", 5, "the new certificate")
        self.ask(before)  # what was open stays open
        self.server[0].write_text("no certificate")
        status, out, _ = curl("-X", "POST", f"http://127.0.0.1:{edge.admin}/config/reload")
        self.assertEqual(status, 0)
        self.assertIn("edge.tls.certificate: ", json.loads(out)["problems"])
        self.assertEqual(subject(self.connect()), "renewed")

    def test_clients_can_be_asked_for_certificates(self):
        edge, _ = self.edge(**{"edge.tls.client_ca": self.authority.path})
        url = f"https://127.0.0.1:{self.port}/who"
        trust = ("--cacert", self.authority.path)
        self.assertNotEqual(curl(*trust, url)[0], 0)
        mine = self.authority.issue("client")
        self.assertEqual(curl(*trust, "--cert", mine[0], "--key", mine[1], url)[1], "/who")
        foreign = certificates.Authority("somebody else").issue("client")
        self.assertNotEqual(curl(*trust, "--cert", foreign[0], "--key", foreign[1], url)[0], 0)
        self.assertEqual(metric(edge, 'tls_handshakes_total{result="no_certificate"}'), 2)

    def test_a_hand_over_refuses_nobody_who_speaks_tls(self):
        edge, _ = self.edge()
        edge.signal(signal.SIGUSR2)
        for _ in range(20):
            self.ask(self.connect())
            time.sleep(0.05)


class AdminListener(TlsCase):
    def admin(self, **options):
        given = {"admin.tls.certificate": self.server[0], "admin.tls.key": self.server[1],
                 "admin.tls.client_ca": self.authority.path, **options}
        scripted = self.origin(origin.echoing_target)
        edge = self.weir(scripted.port, options=given, exposed=True)
        return edge, f"https://127.0.0.1:{edge.admin}"

    def test_an_exposed_listener_is_opened_by_a_client_certificate(self):
        _, url = self.admin()
        trust = ("--cacert", self.authority.path)
        mine = self.authority.issue("operator")
        certificate = ("--cert", mine[0], "--key", mine[1])
        status, out, err = curl(*trust, *certificate, f"{url}/metrics")
        self.assertEqual(status, 0, err)
        self.assertIn("http_requests_total", out)
        resolved = ("--resolve", f"edge.test:{url.rsplit(':', 1)[1]}:127.0.0.1")
        named = url.replace("127.0.0.1", "edge.test")
        self.assertEqual(
            curl(*trust, *certificate, *resolved, "-o", "/dev/null", "-w", "%{http_code}",
                 f"{named}/config")[1], "200", "a certificate stands for the name")
        self.assertNotEqual(curl(*trust, f"{url}/metrics")[0], 0)
        foreign = certificates.Authority("somebody else").issue("operator")
        self.assertNotEqual(
            curl(*trust, "--cert", foreign[0], "--key", foreign[1], f"{url}/metrics")[0], 0)
        out = curl(*trust, *certificate, f"{url}/metrics")[1]
        self.assertIn('admin_tls_handshakes_failed_total{reason="no_certificate"} 2', out)
        self.assertRegex(out, r'tls_certificate_expires\{listener="admin"\} [0-9.e+]+')

    def test_a_token_and_a_certificate_are_both_asked_for_where_both_are_set(self):
        token = process.new_folder("token") / "token"
        token.write_text("a-token-of-some-length\n")
        _, url = self.admin(**{"admin.token_file": token})
        mine = self.authority.issue("operator")
        both = ("--cacert", self.authority.path, "--cert", mine[0], "--key", mine[1], "-o",
                "/dev/null", "-w", "%{http_code}")
        self.assertEqual(curl(*both, f"{url}/metrics")[1], "401")
        self.assertEqual(curl(*both, "-H", "Authorization: Bearer a-token-of-some-length",
                              f"{url}/metrics")[1], "200")

    def test_what_is_missing_is_said(self):
        base = ("edge", "--listen", "127.0.0.1:0", "--origin", "http://127.0.0.1:9")
        exposed = ("--admin", "0.0.0.0:0")
        cases = (
            (exposed, ("admin.token_file", "admin.tls.client_ca", "admin.tls.certificate")),
            ((*exposed, "--set", f"admin.tls.client_ca={self.authority.path}"),
             ("admin.tls", "client_ca", "certificate and key are missing")),
            (("--set", f"admin.tls.certificate={self.server[0]}"), ("admin.tls", "key is missing")),
            (("--set", f"admin.tls.certificate={self.server[0]}",
              "--set", f"admin.tls.key={self.other[1]}"), ("admin.tls.key", "does not belong")),
            (("--set", "admin.tls.certificate=/nowhere.pem",
              "--set", f"admin.tls.key={self.other[1]}"),
             ("admin.tls.certificate", "/nowhere.pem", "No such file")),
            (("--set", "edge.listen_tls=127.0.0.1:0"), ("listen_tls", "edge.tls.certificate")),
        )
        for arguments, words in cases:
            with self.subTest(arguments):
                status, _, err = run_weir(*base, *arguments)
                self.assertNotEqual(status, 0)
                for word in words:
                    self.assertIn(word, err)
