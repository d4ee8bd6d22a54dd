#pragma once
// OtlpSettings: where spans, metrics and logs are sent, and how. The table with prose and bounds is
// in otlp_settings.cc; the OTEL_* variables that mean the same are in otel_environment.h.

#include <optional>
#include <string>

#include "net/origin_settings.h"
#include "settings/field.h"

namespace weir::otlp {

enum class Protocol : uint8_t { http_protobuf, grpc };
enum class Compression : uint8_t { none, gzip };

struct BackoffSettings {
  Duration initial{};
  Duration max{};
  Duration elapsed_max{};
};

struct OtlpSettings {
  std::string endpoint;          // v1/SIGNAL is appended, but in gRPC; empty: none
  std::string traces_endpoint;   // as it is; empty: derived from endpoint
  std::string metrics_endpoint;  // likewise
  std::string logs_endpoint;     // likewise
  Protocol protocol = Protocol::http_protobuf;
  settings::TextMap headers;
  std::string ca_file;
  Compression compression = Compression::none;
  Duration timeout{};
  Duration interval{};
  Duration metrics_interval{};
  Duration flush_timeout{};
  uint32_t batch_spans_max = 0;
  uint32_t batch_bytes_max = 0;
  BackoffSettings retry;
  settings::TextMap resource;
};

const settings::Group<OtlpSettings>& otlp_settings();

// Where requests go.
struct Endpoint {
  std::string origin;  // "http://HOST[:PORT]"
  std::string target;  // "/v1/traces"; in gRPC the method
};
enum class Signal : uint8_t { traces, metrics, logs };
// Nothing when none of this signal is to be sent.
std::optional<Endpoint> endpoint_of(const OtlpSettings& settings, Signal signal);
// How the receiver is talked to. Retries and leaving it alone for a while are the exporter's, which
// knows what may be repeated.
net::OriginSettings receiver_of(const OtlpSettings& settings, const Endpoint& endpoint);

}  // namespace weir::otlp
