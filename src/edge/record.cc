#include <array>

#include "edge/access_log.h"
#include "edge/edge_shard.h"
#include "edge/steps.h"
#include "telemetry/attribute.h"

namespace weir::edge {

using telemetry::AttributeKey;
using telemetry::SpanStatus;

namespace {

constexpr telemetry::LogEventDecl failed_event{"request.failed", telemetry::LogLevel::error,
                                               "a request was answered with an error of ours"};

RequestKind kind_of(const EdgeRequest& request) {
  const std::string_view version = request.exchange.http_version();
  const auto index = static_cast<uint8_t>(version == "2" ? 2 : version.back() - '0');
  return {request.head().method, index, request.exchange.secure(), request.trace.route()};
}

// A configured route counts as one path.
std::string_view path_of(const EdgeRequest& request) {
  const uint8_t route = request.trace.route();
  return route == 0 ? request.head().path : request.generation.answered.route_name(route);
}

// Three digits, which are the error's type by the conventions.
struct StatusText {
  std::array<char, 3> digits;
  std::string_view view() const { return {digits.data(), digits.size()}; }
};
StatusText status_text(uint16_t status) {
  const auto digit = [](int value) { return static_cast<char>('0' + value % 10); };
  return {{digit(status / 100), digit(status / 10), digit(status)}};
}

void log_failure(EdgeRequest& request, MonoTime now) {
  const wire::RequestHead& head = request.head();
  telemetry::LogEvent(request.edge.tracer().logs(), failed_event, now,
                      request.trace.context(request.root))
      .set(AttributeKey::http_response_status_code, request.status)
      .set(AttributeKey::http_request_method, head.method_text)
      .set(AttributeKey::url_path, head.path)
      .set(AttributeKey::client_address, request.client())
      .set(AttributeKey::error_type, request.error ? request.error : "");
}

}  // namespace

void record(EdgeRequest& request) {
  EdgeMetrics& metrics = request.edge.metrics();
  const MonoTime now = request.exchange.reactor().fresh_now();
  const telemetry::Metered metered(request.edge.tracer().meter());
  const Duration duration = now - request.exchange.started();
  const uint64_t bytes_out = request.exchange.bytes_out();
  AnsweredMetrics::Cells& answered =
      request.generation.answered.at(kind_of(request), request.status);
  answered.requests.add();
  answered.duration.record(duration);
  metrics.duration.record(duration);
  request.edge.tracer().record_path(path_of(request), duration);
  metrics.bytes_out.add(bytes_out);
  if (const uint64_t bytes_in = request.exchange.body().bytes()) metrics.bytes_in.add(bytes_in);
  if (request.status >= 500) metrics.errors.add();
  if (request.cache.result != CacheResult::none) metrics.cache.count(request.cache.result);

  request.trace.set(request.root, AttributeKey::http_response_status_code, request.status);
  request.trace.set(request.root, AttributeKey::cache_hit, served_from_cache(request.cache.result));
  if (request.status >= 500) {
    request.trace.status(request.root, SpanStatus::error, request.error ? request.error : "");
    request.trace.set(request.root, AttributeKey::error_type, status_text(request.status).view());
    log_failure(request, now);
  }
  request.trace.end(request.root, now);
  request.trace.finish();

  write_access_log(request, duration, bytes_out);
}

}  // namespace weir::edge
