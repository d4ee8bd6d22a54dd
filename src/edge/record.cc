#include "edge/access_log.h"
#include "edge/edge_shard.h"
#include "edge/steps.h"
#include "telemetry/attribute.h"

namespace weir::edge {

using telemetry::AttributeKey;
using telemetry::SpanStatus;

void record(EdgeRequest& request) {
  EdgeMetrics& metrics = request.edge.metrics();
  const MonoTime now = request.exchange.reactor().fresh_now();
  const Duration duration = now - request.exchange.started();
  const uint64_t bytes_out = request.exchange.bytes_out();
  metrics.requests(request.head().method, request.status).add();
  metrics.duration.record(duration);
  metrics.bytes_out.add(bytes_out);
  if (const uint64_t bytes_in = request.exchange.body().bytes()) metrics.bytes_in.add(bytes_in);
  if (request.status >= 500) metrics.errors.add();
  if (request.cache.result != CacheResult::none) metrics.cache.count(request.cache.result);

  request.trace.set(request.root, AttributeKey::http_response_status_code, request.status);
  request.trace.set(request.root, AttributeKey::cache_hit, served_from_cache(request.cache.result));
  if (request.status >= 500)
    request.trace.status(request.root, SpanStatus::error, request.error ? request.error : "");
  request.trace.end(request.root, now);
  request.trace.finish();

  write_access_log(request, duration, bytes_out);
}

}  // namespace weir::edge
