#include "otlp/otlp_settings.h"

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

// In gRPC the path of a request is its method; whatever an endpoint names would be ignored.
std::optional<std::string> check_grpc(const OtlpSettings& s) {
  for (const auto& [key, text] : {std::pair{"endpoint", &s.endpoint},
                                  {"traces_endpoint", &s.traces_endpoint},
                                  {"metrics_endpoint", &s.metrics_endpoint},
                                  {"logs_endpoint", &s.logs_endpoint}}) {
    const Result<wire::Url> url = wire::parse_url(*text);
    if (!text->empty() && (!url || url->has_query || (url->path != "" && url->path != "/")))
      return std::string(key) + ": with otlp.protocol=grpc it is http://HOST[:PORT] without a path";
  }
  return std::nullopt;
}

std::optional<std::string> check(const OtlpSettings& s) {
  for (const auto& [name, value] : s.headers) {
    if (!wire::is_token(name)) return "headers: \"" + name + "\" is no header name";
    if (is_ours(name)) return "headers: " + name + " is written by the exporter itself";
    if (!wire::is_field_value(value)) return "headers: the value of " + name + " cannot be sent";
  }
  if (s.retry.initial > s.retry.max) return std::string("retry: initial is above max");
  if (s.protocol == Protocol::grpc) return check_grpc(s);
  return std::nullopt;
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

struct SignalEndpoint {
  const std::string& own;   // empty: derived from the endpoint of all
  std::string_view path;    // then
  std::string_view method;  // of gRPC
};
SignalEndpoint signal_endpoint(const OtlpSettings& settings, Signal signal) {
  switch (signal) {
    case Signal::traces:
      return {settings.traces_endpoint, "/v1/traces",
              "/opentelemetry.proto.collector.trace.v1.TraceService/Export"};
    case Signal::metrics:
      return {settings.metrics_endpoint, "/v1/metrics",
              "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"};
    case Signal::logs:
      break;
  }
  return {settings.logs_endpoint, "/v1/logs",
          "/opentelemetry.proto.collector.logs.v1.LogsService/Export"};
}

}  // namespace

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
           .like(is_base_url, "http://HOST[:PORT][/PATH] or https://..."),
       field(&S::traces_endpoint, "traces_endpoint", "",
             "The whole URL for traces, in place of what follows from endpoint.")
           .like(is_url, "http://HOST[:PORT][/PATH] or https://..."),
       field(&S::metrics_endpoint, "metrics_endpoint", "",
             "The whole URL for metrics, in place of what follows from endpoint.")
           .like(is_url, "http://HOST[:PORT][/PATH] or https://..."),
       field(&S::logs_endpoint, "logs_endpoint", "",
             "The whole URL for logs, in place of what follows from endpoint.")
           .like(is_url, "http://HOST[:PORT][/PATH] or https://..."),
       field(&S::protocol, "protocol", Protocol::http_protobuf,
             {{"http/protobuf", Protocol::http_protobuf}, {"grpc", Protocol::grpc}},
             "How the receiver is spoken to; grpc is HTTP/2, in clear by prior knowledge, over TLS "
             "by ALPN."),
       field(&S::headers, "headers", "Header fields for the receiver, such as an API key.")
           .secret(),
       field(&S::ca_file, "ca_file", "",
             "PEM file of the authorities that an https receiver is checked against; empty are "
             "the system's."),
       field(&S::compression, "compression", Compression::none,
             {{"none", Compression::none}, {"gzip", Compression::gzip}},
             "gzip sends about a fifth of the bytes, at some CPU."),
       field(&S::timeout, "timeout", seconds(10), "How long one attempt to send may take.")
           .between(milliseconds(1), minutes(10)),
       field(&S::interval, "interval", seconds(60),
             "How often spans and log events are sent; a queue that is half full is sent at once.")
           .between(milliseconds(10), hours(1)),
       field(&S::metrics_interval, "metrics_interval", seconds(60),
             "How often metrics are sent; each time all of them, as they are then.")
           .between(milliseconds(10), hours(1)),
       field(&S::flush_timeout, "flush_timeout", seconds(5),
             "How long a stop may take to send what is left.")
           .between(seconds(0), minutes(10)),
       field(&S::batch_spans_max, "batch_spans_max", 1000u,
             "Most spans, or log events, in one request.")
           .between(8, 100'000)
           .unit("spans"),
       field(&S::batch_bytes_max, "batch_bytes_max", 3 * MiB,
             "Most bytes in one request before compression; many receivers refuse 4 MiB.")
           .in_bytes()
           .between(64 * KiB, 4 * MiB - 1 * KiB),
       field(&S::retry, "retry", backoff_settings(), "Further attempts."),
       field(&S::resource, "resource",
             "Further resource attributes, such as deployment.environment.name; they win over "
             "service.* and node.*.")},
      check};
  return group;
}

std::optional<Endpoint> endpoint_of(const OtlpSettings& settings, Signal signal) {
  const auto [own, path, method] = signal_endpoint(settings, signal);
  const std::string& text = own.empty() ? settings.endpoint : own;
  if (text.empty()) return std::nullopt;
  const Result<wire::Url> url = wire::parse_url(text);
  if (!url) return std::nullopt;
  Endpoint endpoint;
  endpoint.origin = url->scheme == wire::Scheme::https ? "https://" : "http://";
  endpoint.origin += url->authority.text;
  if (settings.protocol == Protocol::grpc) {
    endpoint.target = method;
    return endpoint;
  }
  endpoint.target = url->path;
  if (own.empty()) {
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
  receiver.connections_max = 2;
  receiver.idle_max = 1;
  receiver.idle_timeout = seconds(30);
  receiver.retry = {.share = 0, .attempts_max = 1};
  receiver.breaker.failures_in_row = 0;
  receiver.breaker.failure_share = 1;
  receiver.breaker.window_requests_min = 1'000'000;
  receiver.tls.ca_file = settings.ca_file;
  receiver.http2 = settings.protocol == Protocol::grpc;
  return receiver;
}

}  // namespace weir::otlp
