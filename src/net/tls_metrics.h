#pragma once
// What listeners with TLS count.

#include "telemetry/instrument.h"
#include "telemetry/recorder.h"

namespace weir::net {

inline constexpr telemetry::CounterDecl tls_handshakes{
    .name = "tls.handshakes",
    .unit = "{handshake}",
    .help =
        "TLS handshakes of clients, by what came of them. no_certificate: without the "
        "certificate that tls.client_ca asks for; timed_out: slower than tls.handshake_timeout; "
        "over_limit: raise tls.handshakes_max; plain_http: http:// was used on a port for "
        "https://; left: the client went away; failed: no version, cipher or protocol in "
        "common, a certificate of ours that it does not believe, or no TLS at all.",
    .labels = {"result"}};
inline constexpr telemetry::HistogramDecl tls_handshake_duration{
    .name = "tls.handshake.duration",
    .unit = "s",
    .help = "From the first byte of a client's TLS handshake to its end, of those that succeeded."};
inline constexpr telemetry::GaugeDecl tls_certificate_expires{
    .name = "tls.certificate.expires",
    .unit = "s",
    .help =
        "When the first certificate of a listener expires, in seconds since 1970; renew it and "
        "send SIGHUP before.",
    .labels = {"listener"}};

struct TlsMetrics {
  explicit TlsMetrics(telemetry::Recorder& recorder)
      : full(recorder.bind(tls_handshakes, {"full"})),
        resumed(recorder.bind(tls_handshakes, {"resumed"})),
        failed(recorder.bind(tls_handshakes, {"failed"})),
        no_certificate(recorder.bind(tls_handshakes, {"no_certificate"})),
        timed_out(recorder.bind(tls_handshakes, {"timed_out"})),
        over_limit(recorder.bind(tls_handshakes, {"over_limit"})),
        plain_http(recorder.bind(tls_handshakes, {"plain_http"})),
        left(recorder.bind(tls_handshakes, {"left"})),
        duration(recorder.bind(tls_handshake_duration)) {}

  telemetry::Counter full;
  telemetry::Counter resumed;
  telemetry::Counter failed;
  telemetry::Counter no_certificate;
  telemetry::Counter timed_out;
  telemetry::Counter over_limit;
  telemetry::Counter plain_http;
  telemetry::Counter left;
  telemetry::Histogram duration;
};

}  // namespace weir::net
