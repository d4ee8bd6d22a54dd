"""What the variables of OpenTelemetry's specification do to a whole process."""
import ssl

from otlp_test import Receiver
from support import certificates, origin, process
from support.case import Case


class SecureReceiver(Receiver):
    """A receiver that speaks TLS and asks its clients for a certificate of the authority."""

    def __init__(self, authority, certificate, key):
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authority.path)
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.handle_error = lambda *_arguments: None  # who shows none
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)


class Environment(Case):
    def edge(self, environment, **options):
        scripted = self.origin(origin.echoing_target)
        return self.weir(scripted.port, environment=environment,
                         options={"telemetry.sampling.rate": "1", "otlp.interval": "100ms",
                                  **options})

    def receiver(self, made=None):
        made = made or Receiver()
        self.addCleanup(made.close)
        return made

    def test_a_receiver_that_asks_for_our_certificate_gets_it(self):
        authority = certificates.Authority()
        receiver = self.receiver(SecureReceiver(authority,
                                                *authority.issue("server", "127.0.0.1")))
        certificate, key = authority.issue("weir")
        common = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{receiver.port}",
                  "OTEL_EXPORTER_OTLP_CERTIFICATE": str(authority.path)}
        self.edge(common).get("/stranger")
        edge = self.edge({**common, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate),
                          "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key)})
        edge.get("/known")
        process.wait_until(lambda: receiver.spans, 10, "a span")
        paths = {span.attributes.get("url.path") for span in receiver.spans}
        self.assertIn("/known", paths)
        self.assertNotIn("/stranger", paths)

    def test_a_key_that_does_not_fit_is_told_at_the_start(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("weir")[0], authority.issue("other")[1]
        with self.assertRaises(process.NotReady) as failed:
            self.edge({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://127.0.0.1:9",
                       "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": str(certificate),
                       "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(key)})
        self.assertIn("tls.key cannot be read as the certificate's private key",
                      str(failed.exception))

    def test_signals_have_receivers_and_headers_of_their_own(self):
        all_signals, traces = self.receiver(), self.receiver()
        edge = self.edge({
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{all_signals.port}",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=all",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://127.0.0.1:{traces.port}/v1/traces",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=of%20traces",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_METRIC_EXPORT_INTERVAL": "200"})
        edge.get("/")
        process.wait_until(lambda: traces.requests and all_signals.metrics, 10, "both")
        self.assertEqual(traces.requests[0][1]["api-key"], "of traces")
        self.assertEqual((all_signals.spans, all_signals.logs), ([], []))

    def test_the_sampler_is_the_rate_and_what_is_not_known_is_warned_of(self):
        edge = self.edge({"OTEL_TRACES_SAMPLER": "traceidratio",
                          "OTEL_TRACES_SAMPLER_ARG": "0.25",
                          "OTEL_PROPAGATORS": "b3", "OTEL_SPAN_LINK_COUNT_LIMIT": "5"},
                         **{"telemetry.sampling.rate": "0.5"})
        config = edge.get("/config", edge.admin)[2].decode()
        self.assertRegex(config, r"strategy: fixed +# .*OTEL_TRACES_SAMPLER")
        self.assertRegex(config, r"rate: 0.5 ")  # --set wins
        self.assertIn("OTEL_PROPAGATORS has a value that is not supported", edge.output())
        self.assertIn("OTEL_SPAN_LINK_COUNT_LIMIT has no effect", edge.output())
