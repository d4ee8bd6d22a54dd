#include "otlp/otlp_settings.h"

#include <array>

#include "base/units.h"
#include "wire/http1_write.h"
#include "wire/scan.h"
#include "wire/url.h"

namespace weir::otlp {
namespace {

bool is_base_url(std::string_view text) {
  if (text.empty()) return true;
  const Result<wire::Url> url = wire::parse_url(text);
  return url && !url->has_query;
}

bool is_url(std::string_view text) {
  return text.empty() || wire::parse_url(text).has_value();
}

// Those that the exporter writes itself.
bool is_ours(std::string_view name) {
  using wire::KnownField;
  static constexpr wire::KnownFieldSet ours(
      KnownField::host, KnownField::content_length, KnownField::content_type,
      KnownField::content_encoding, KnownField::transfer_encoding, KnownField::connection,
      KnownField::user_agent, KnownField::expect, KnownField::te);
  return ours.contains(wire::known_field(name)) ||
         wire::equal_ignoring_case(name.substr(0, 5), "grpc-");
}

const SignalSettings& own_of(const OtlpSettings& settings, Signal signal) {
  switch (signal) {
    case Signal::traces:
      return settings.traces;
    case Signal::metrics:
      return settings.metrics;
    case Signal::logs:
      break;
  }
  return settings.logs;
}

Protocol protocol_of(const OtlpSettings& all, const SignalSettings& own) {
  if (own.protocol == OwnProtocol::as_all) return all.protocol;
  return own.protocol == OwnProtocol::grpc ? Protocol::grpc : Protocol::http_protobuf;
}

constexpr std::array all_signals{std::pair{Signal::traces, "traces"},
                                 std::pair{Signal::metrics, "metrics"},
                                 std::pair{Signal::logs, "logs"}};

// In gRPC the path of a request is its method; whatever an endpoint names would be ignored.
bool fits_grpc(std::string_view endpoint) {
  if (endpoint.empty()) return true;
  const Result<wire::Url> url = wire::parse_url(endpoint);
  return url && !url->has_query && (url->path.empty() || url->path == "/");
}

std::optional<std::string> check_grpc(const OtlpSettings& s) {
  constexpr const char* wanted = ": with protocol grpc it is http://HOST[:PORT] without a path";
  for (const auto& [signal, name] : all_signals) {
    const OtlpSettings one = for_signal(s, signal);
    if (one.protocol != Protocol::grpc) continue;
    const std::string& own = own_of(s, signal).endpoint;
    if (!fits_grpc(own)) return std::string(name) + ".endpoint" + wanted;
    if (own.empty() && !fits_grpc(s.endpoint)) return std::string("endpoint") + wanted;
  }
  return std::nullopt;
}

std::optional<std::string> check_headers(const settings::TextMap& headers) {
  for (const auto& [name, value] : headers) {
    if (!wire::is_token(name)) return "headers: \"" + name + "\" is no header name";
    if (is_ours(name)) return "headers: " + name + " is written by the exporter itself";
    if (!wire::is_field_value(value)) return "headers: the value of " + name + " cannot be sent";
  }
  return std::nullopt;
}

std::optional<std::string> check_identity(const auto& s) {
  if (s.client_certificate.empty() == s.client_key.empty()) return std::nullopt;
  return "client_certificate and client_key go together; one of them is empty";
}

std::optional<std::string> check_signal(const SignalSettings& s) {
  if (auto problem = check_headers(s.headers)) return problem;
  return check_identity(s);
}

std::optional<std::string> check(const OtlpSettings& s) {
  if (auto problem = check_headers(s.headers)) return problem;
  if (auto problem = check_identity(s)) return problem;
  if (s.retry.initial > s.retry.max) return std::string("retry: initial is above max");
  return check_grpc(s);
}

const settings::Group<SignalSettings>& signal_settings() {
  using S = SignalSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "What differs for one signal; what is empty, auto or as_all is as for all of them.",
      {field(&S::send, "send", true, "Send this signal, where it has an endpoint."),
       field(&S::endpoint, "endpoint", "", "The whole URL, in place of what follows from endpoint.")
           .like(is_url, "http://HOST[:PORT][/PATH] or https://...")
           .secret_query(),
       field(&S::protocol, "protocol", OwnProtocol::as_all,
             {{"as_all", OwnProtocol::as_all},
              {"http/protobuf", OwnProtocol::http_protobuf},
              {"grpc", OwnProtocol::grpc}},
             "How its receiver is spoken to."),
       field(&S::headers, "headers", "Header fields for its receiver, in place of those for all.")
           .secret(),
       field(&S::ca_file, "ca_file", "", "Authorities that its receiver is checked against."),
       field(&S::client_certificate, "client_certificate", "", "Our certificate for its receiver."),
       field(&S::client_key, "client_key", "", "That certificate's private key."),
       field(&S::compression, "compression", OwnCompression::as_all,
             {{"as_all", OwnCompression::as_all},
              {"none", OwnCompression::none},
              {"gzip", OwnCompression::gzip}},
             "How its requests are compressed."),
       field(&S::timeout, "timeout", settings::automatic, "How long one attempt may take.")
           .between(milliseconds(1), minutes(10)),
       field(&S::elapsed_max, "elapsed_max", settings::automatic,
             "In place of retry.elapsed_max: after this time a request is dropped and counted.")
           .between(seconds(0), hours(24))},
      check_signal};
  return group;
}

const settings::Group<BackoffSettings>& backoff_settings() {
  using S = BackoffSettings;
  using settings::field;
  static const settings::Group<S> group{
      "",
      "What happens to a batch that the receiver could not take at this moment (429, 502, 503, "
      "504, or no connection; in gRPC the codes that OTLP names).",
      {field(&S::initial, "initial", seconds(1),
             "Pause before the second attempt; then it doubles.")
           .between(milliseconds(1), minutes(10)),
       field(&S::max, "max", seconds(30),
             "Longest pause, unless the receiver asks for a longer one.")
           .between(milliseconds(1), hours(1)),
       field(&S::elapsed_max, "elapsed_max", minutes(5),
             "After this time the batch is dropped and counted; 0 never tries again.")
           .between(seconds(0), hours(24))}};
  return group;
}

struct SignalTarget {
  std::string_view path;    // behind the endpoint of all
  std::string_view method;  // of gRPC
};
SignalTarget target_of(Signal signal) {
  switch (signal) {
    case Signal::traces:
      return {"/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"};
    case Signal::metrics:
      return {"/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"};
    case Signal::logs:
      break;
  }
  return {"/v1/logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export"};
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size) allow(function-length): a table reads best as one
const settings::Group<OtlpSettings>& otlp_settings() {
  using S = OtlpSettings;
  using settings::field;
  static const settings::Group<S> group{
      "otlp",
      "Where spans, metrics and logs are sent, over OTLP.",
      {field(&S::endpoint, "endpoint", "",
             "The receiver, such as http://127.0.0.1:4318; v1/traces, v1/metrics and v1/logs are "
             "appended, but not with protocol=grpc, whose receivers are at port 4317; empty sends "
             "nothing.")
           .like(is_base_url, "http://HOST[:PORT][/PATH] or https://...")
           .secret_query(),
       field(&S::traces, "traces", signal_settings(), "For traces alone."),
       field(&S::metrics, "metrics", signal_settings(), "For metrics alone."),
       field(&S::logs, "logs", signal_settings(), "For logs alone."),
       field(&S::protocol, "protocol", Protocol::http_protobuf,
             {{"http/protobuf", Protocol::http_protobuf}, {"grpc", Protocol::grpc}},
             "How the receiver is spoken to; grpc is HTTP/2, in clear by prior knowledge, over TLS "
             "by ALPN."),
       field(&S::headers, "headers", "Header fields for the receiver, such as an API key.")
           .secret(),
       field(&S::ca_file, "ca_file", "",
             "PEM file of the authorities that an https receiver is checked against; empty: the "
             "system's."),
       field(&S::client_certificate, "client_certificate", "",
             "PEM file of our certificate, for an https receiver that asks for one (mTLS)."),
       field(&S::client_key, "client_key", "", "PEM file of that certificate's private key."),
       field(&S::compression, "compression", Compression::none,
             {{"none", Compression::none}, {"gzip", Compression::gzip}},
             "gzip sends about a fifth of the bytes, at some CPU."),
       field(&S::timeout, "timeout", seconds(10), "How long one attempt to send may take.")
           .between(milliseconds(1), minutes(10)),
       field(&S::interval, "interval", seconds(60),
             "How often spans and log events are sent; a queue that is half full is sent at once.")
           .between(milliseconds(10), hours(1)),
       field(&S::metrics_interval, "metrics_interval", seconds(60),
             "How often all metrics are sent.")
           .between(milliseconds(10), hours(1)),
       field(&S::logs_interval, "logs_interval", settings::automatic,
             "How often log events are sent, where that is not interval.")
           .between(milliseconds(10), hours(1)),
       field(&S::flush_timeout, "flush_timeout", seconds(5),
             "How long a stop may take to send what is left.")
           .between(seconds(0), minutes(10)),
       field(&S::batch_spans_max, "batch_spans_max", 1000u,
             "Most spans, or log events, in one request.")
           .between(8, 100'000)
           .unit("spans"),
       field(&S::batch_logs_max, "batch_logs_max", settings::automatic,
             "Most log events in one request, where that is not batch_spans_max.")
           .between(8, 100'000)
           .unit("events"),
       field(&S::batch_bytes_max, "batch_bytes_max", 3 * MiB,
             "Most bytes in one request before compression; many receivers refuse 4 MiB.")
           .in_bytes()
           .between(64 * KiB, 4 * MiB - 1 * KiB),
       field(&S::concurrent_exports_max, "concurrent_exports_max", 1u,
             "Requests of one signal under way at once, each with what other shards recorded, so "
             "never more than there are shards; metrics go one at a time. Raise it for a receiver "
             "that is far away when telemetry_spans_dropped_total grows with reason queue_full.")
           .between(1, 64)
           .unit("requests"),
       field(&S::retry, "retry", backoff_settings(), "Further attempts."),
       field(&S::resource, "resource", "Further resource attributes; they win over all others.")},
      check};
  return group;
}

OtlpSettings for_signal(const OtlpSettings& settings, Signal signal) {
  OtlpSettings one = settings;
  const SignalSettings& own = own_of(settings, signal);
  one.protocol = protocol_of(settings, own);
  if (own.compression != OwnCompression::as_all)
    one.compression =
        own.compression == OwnCompression::gzip ? Compression::gzip : Compression::none;
  one.timeout = own.timeout.value_or(settings.timeout);
  one.retry.elapsed_max = own.elapsed_max.value_or(settings.retry.elapsed_max);
  if (!own.headers.empty()) one.headers = own.headers;
  if (!own.ca_file.empty()) one.ca_file = own.ca_file;
  if (!own.client_certificate.empty()) {
    one.client_certificate = own.client_certificate;
    one.client_key = own.client_key;
  }
  if (signal == Signal::logs) {
    one.interval = settings.logs_interval.value_or(settings.interval);
    one.batch_spans_max = settings.batch_logs_max.value_or(settings.batch_spans_max);
  }
  return one;
}

std::optional<Endpoint> endpoint_of(const OtlpSettings& settings, Signal signal) {
  const SignalSettings& own = own_of(settings, signal);
  if (!own.send) return std::nullopt;
  const std::string& text = own.endpoint.empty() ? settings.endpoint : own.endpoint;
  const auto [path, method] = target_of(signal);
  if (text.empty()) return std::nullopt;
  const Result<wire::Url> url = wire::parse_url(text);
  if (!url) return std::nullopt;
  Endpoint endpoint;
  endpoint.origin = url->scheme == wire::Scheme::https ? "https://" : "http://";
  endpoint.origin += url->authority.text;
  if (protocol_of(settings, own) == Protocol::grpc) {
    endpoint.target = method;
    return endpoint;
  }
  endpoint.target = url->path;
  if (own.endpoint.empty()) {
    if (endpoint.target.ends_with('/')) endpoint.target.pop_back();
    endpoint.target += path;
  }
  if (endpoint.target.empty()) endpoint.target = "/";
  if (url->has_query) endpoint.target.append("?").append(url->query);
  return endpoint;
}

net::OriginSettings receiver_of(const OtlpSettings& settings, const Endpoint& endpoint) {
  net::OriginSettings receiver = net::origin_with_defaults(endpoint.origin);
  receiver.connect_timeout = settings.timeout;
  receiver.response_timeout = settings.timeout;
  receiver.body_timeout = settings.timeout;
  // One more, for when a broken one has not been noticed yet.
  receiver.connections_max = settings.concurrent_exports_max + 1;
  receiver.idle_max = settings.concurrent_exports_max;
  receiver.idle_timeout = seconds(30);
  receiver.retry = {.share = 0, .attempts_max = 1};
  receiver.breaker.failures_in_row = 0;
  receiver.breaker.failure_share = 1;
  receiver.breaker.window_requests_min = 1'000'000;
  receiver.tls.ca_file = settings.ca_file;
  receiver.tls.certificate = settings.client_certificate;
  receiver.tls.key = settings.client_key;
  if (settings.protocol == Protocol::grpc) receiver.http2.use = net::Http2Use::on;
  return receiver;
}

}  // namespace weir::otlp
