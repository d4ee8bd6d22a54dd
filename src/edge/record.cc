#include <algorithm>

#include "edge/access_log.h"
#include "edge/edge_shard.h"
#include "edge/grpc_call.h"
#include "edge/http_span.h"
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

constexpr bool is_told_as(wire::RequestMethod method, std::string_view name) {
  return telemetry::request_methods[static_cast<size_t>(method)] == name;
}
static_assert(is_told_as(wire::RequestMethod::get, "GET") &&
              is_told_as(wire::RequestMethod::head, "HEAD") &&
              is_told_as(wire::RequestMethod::post, "POST") &&
              is_told_as(wire::RequestMethod::put, "PUT") &&
              is_told_as(wire::RequestMethod::delete_, "DELETE") &&
              is_told_as(wire::RequestMethod::connect, "CONNECT") &&
              is_told_as(wire::RequestMethod::options, "OPTIONS") &&
              is_told_as(wire::RequestMethod::trace, "TRACE") &&
              is_told_as(wire::RequestMethod::patch, "PATCH") &&
              is_told_as(wire::RequestMethod::other, "_OTHER"));

telemetry::PaddedText name_of(const Site& site) {
  return {site.padded_name.data(),
          static_cast<uint8_t>(std::min<size_t>(site.name.size(), UINT8_MAX))};
}

telemetry::ServedRequest served(const EdgeRequest& request) {
  using telemetry::RequestRecord;
  const int flags = (request.exchange.secure() ? RequestRecord::secure : 0) |
                    (served_from_cache(request.cache.result) ? RequestRecord::hit : 0) |
                    (request.malformed ? RequestRecord::malformed : 0);
  return {.status = request.status,
          .method = static_cast<uint8_t>(request.head().method),
          .flags = static_cast<uint8_t>(flags),
          .path = request.malformed ? std::string_view() : request.head().path,
          .client = {request.client_text.data(), request.client_size},
          .site = request.site ? name_of(*request.site) : telemetry::PaddedText()};
}

// A configured route counts as one path.
std::string_view path_of(const EdgeRequest& request) {
  const uint8_t route = request.trace.route();
  return route == 0 ? request.head().path : request.generation.answered.route_name(route);
}

void log_failure(EdgeRequest& request, MonoTime now) {
  const wire::RequestHead& head = request.head();
  telemetry::LogEvent event(request.edge.tracer().logs(), failed_event, now,
                            request.trace.context(request.root));
  event.set(AttributeKey::http_response_status_code, request.status)
      .set(AttributeKey::http_request_method, head.method_text)
      .set(AttributeKey::url_path, head.path)
      .set(AttributeKey::error_type, StatusText(request.status).view());
  if (!request.client().empty()) event.set(AttributeKey::client_address, request.client());
  if (request.error) event.set(AttributeKey::reason, request.error);
}

AnsweredMetrics::Cells& answered(EdgeRequest& request) {
  return request.generation.answered.at(kind_of(request), request.status);
}

// All but how long it took.
void count(EdgeRequest& request, AnsweredMetrics::Cells& answered, uint64_t bytes_out) {
  EdgeMetrics& metrics = request.edge.metrics();
  answered.requests.add();
  metrics.bytes_out.add(bytes_out);
  if (const uint64_t bytes_in = request.exchange.body().bytes()) metrics.bytes_in.add(bytes_in);
  if (request.status >= 500) metrics.errors.add();
  if (request.grpc_status) [[unlikely]]
    metrics.count_call(*request.grpc_status);
  if (request.cache.result != CacheResult::none) metrics.cache.count(request.cache.result);
}

void end_trace(EdgeRequest& request, MonoTime now) {
  telemetry::Trace& trace = request.trace;
  if (request.status >= 500) {
    trace.status(request.root, SpanStatus::error, request.error ? request.error : "");
    trace.set(request.root, AttributeKey::error_type, StatusText(request.status).view());
    log_failure(request, now);
  } else if (request.grpc_status) {
    end_call(trace, request.root, *request.grpc_status, CallSide::answered);
  }
  trace.finish(now, served(request));
}

// Of a request that began in this step of the shard all but its duration is recorded now, and that
// when the step ends (EdgeShard::end_step()). False, without effect, where the duration is needed
// now.
bool record_with_step(EdgeRequest& request) {
  telemetry::Tracer& tracer = request.edge.tracer();
  if (request.exchange.started() != request.exchange.reactor().now() || request.status >= 500 ||
      request.grpc_status || request.edge.access_log() || !tracer.records_metrics())
    return false;
  const telemetry::Metered metered(tracer.meter());
  if (tracer.records_traces() && !request.trace.finish_with_step(served(request))) return false;
  AnsweredMetrics::Cells& cells = answered(request);
  tracer.count_with_step(cells.duration, path_of(request));
  count(request, cells, request.exchange.bytes_out());
  return true;
}

void record_now(EdgeRequest& request) {
  telemetry::Tracer& tracer = request.edge.tracer();
  const MonoTime now = request.exchange.reactor().fresh_now();
  const telemetry::Metered metered(tracer.meter());
  const Duration duration = now - request.exchange.started();
  const uint64_t bytes_out = request.exchange.bytes_out();
  if (tracer.records_metrics()) [[likely]] {
    AnsweredMetrics::Cells& cells = answered(request);
    cells.duration.record(duration);
    tracer.record_path(path_of(request), duration);
    count(request, cells, bytes_out);
  }
  if (tracer.records_traces()) [[likely]]
    end_trace(request, now);
  write_access_log(request, duration, bytes_out);
}

}  // namespace

void record(EdgeRequest& request) {
  if (!request.edge.tracer().records_metrics() && !request.edge.access_log()) [[unlikely]]
    return;
  if (!record_with_step(request)) record_now(request);
}

}  // namespace weir::edge
