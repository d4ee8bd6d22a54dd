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

enum class Signal : uint8_t { traces, metrics, logs };

enum class OwnProtocol : uint8_t { as_all, http_protobuf, grpc };
enum class OwnCompression : uint8_t { as_all, none, gzip };
// What one signal has for itself; what is empty, auto or as_all is as for all of them.
struct SignalSettings {
  bool send = true;
  std::string endpoint;  // as it is
  OwnProtocol protocol = OwnProtocol::as_all;
  settings::TextMap headers;
  std::string ca_file;
  std::string client_certificate;
  std::string client_key;
  OwnCompression compression = OwnCompression::as_all;
  std::optional<Duration> timeout;
  std::optional<Duration> elapsed_max;
};

struct OtlpSettings {
  std::string endpoint;  // v1/SIGNAL is appended, but in gRPC; empty: none
  SignalSettings traces;
  SignalSettings metrics;
  SignalSettings logs;
  Protocol protocol = Protocol::http_protobuf;
  settings::TextMap headers;
  std::string ca_file;
  std::string client_certificate;
  std::string client_key;
  Compression compression = Compression::none;
  Duration timeout{};
  Duration interval{};
  Duration metrics_interval{};
  std::optional<Duration> logs_interval;  // auto: interval
  Duration flush_timeout{};
  uint32_t batch_spans_max = 0;
  std::optional<uint32_t> batch_logs_max;  // auto: batch_spans_max
  uint32_t batch_bytes_max = 0;
  uint32_t concurrent_exports_max = 0;  // of one signal
  BackoffSettings retry;
  settings::TextMap resource;
};

const settings::Group<OtlpSettings>& otlp_settings();

// Where requests go.
struct Endpoint {
  std::string origin;  // "http://HOST[:PORT]"
  std::string target;  // "/v1/traces"; in gRPC the method
};
// The settings with what the signal has for itself in the place of what is for all.
OtlpSettings for_signal(const OtlpSettings& settings, Signal signal);
// Nothing when none of this signal is to be sent.
std::optional<Endpoint> endpoint_of(const OtlpSettings& settings, Signal signal);
// How the receiver of a signal is talked to, by for_signal(). Retries and leaving it alone for a
// while are the exporter's, which knows what may be repeated.
net::OriginSettings receiver_of(const OtlpSettings& settings, const Endpoint& endpoint);

}  // namespace weir::otlp
