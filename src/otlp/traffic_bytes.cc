#include "otlp/traffic_bytes.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "otlp/metric_encoder.h"
#include "otlp/trace_encoder.h"
#include "settings/load.h"
#include "telemetry/path_aggregation.h"
#include "telemetry/trace.h"
#include "wire/gzip.h"

namespace weir::otlp {
namespace {

using telemetry::AttributeKey;

constexpr telemetry::SpanDecl request_span{"edge.request", telemetry::SpanKind::server};
constexpr telemetry::GaugeDecl single_duration{
    .name = "edge.request.duration", .unit = "s", .help = "", .labels = {"path"}};
constexpr size_t batch = 1000;
constexpr size_t bytes_max = 3 << 20;

struct Request {
  uint32_t path;
  uint64_t ns;
};

// Paths by Zipf's law, found in sums of their weights.
class Traffic {
 public:
  Traffic(uint32_t paths, uint64_t seed) : random_(seed) {
    double sum = 0;
    for (uint32_t path = 0; path < paths; ++path)
      sums_.push_back(sum += 1.0 / (path + 1));
  }
  Request next() {
    const double at = random_.unit() * sums_.back();
    const auto path = std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin();
    // A hit takes some 50 us; one of ten is a miss and takes some 20 ms.
    const double middle = random_.below(10) == 0 ? 20e6 : 50e3;
    const double spread = std::exp(random_.unit() + random_.unit() - 1);
    return {static_cast<uint32_t>(std::min<size_t>(static_cast<size_t>(path), sums_.size() - 1)),
            static_cast<uint64_t>(middle * spread)};
  }
  uint64_t below(uint64_t bound) { return random_.below(bound); }

 private:
  Random random_;
  std::vector<double> sums_;
};

std::string name_of(uint32_t path) {
  return "/api/v1/catalogue/items/" + std::to_string(path * 7919 % 1'000'003);
}

uint64_t zipped(wire::Gzip& gzip, std::string_view message) {
  gzip.begin();
  gzip.add(message);
  return gzip.end().size();
}

// Spans as requests of a thousand.
class SpanBytes {
 public:
  explicit SpanBytes(const Resource& resource) : encoder_(resource, tracing_) {}

  void add(const Request& request, Traffic& traffic, MonoTime now) {
    telemetry::Trace trace(tracing_.tracer(0));
    const auto root = trace.start(request_span, now);
    trace.set(root, AttributeKey::http_request_method, "GET");
    trace.set(root, AttributeKey::url_scheme, "https");
    trace.set(root, AttributeKey::url_path, name_of(request.path));
    trace.set(
        root, AttributeKey::client_address,
        "10." + std::to_string(traffic.below(256)) + ".1." + std::to_string(traffic.below(256)));
    trace.set(root, AttributeKey::http_response_status_code, 200);
    trace.set(root, AttributeKey::cache_hit, request.ns < 1'000'000);
    trace.end(root, now + Duration(static_cast<int64_t>(request.ns)));
    trace.finish();
    if (++waiting_ == batch) send();
  }
  uint64_t finish() {
    send();
    return bytes_;
  }

 private:
  void send() {
    waiting_ = 0;
    telemetry::TraceQueue& queue = tracing_.tracer(0).queue();
    queue.peek(UINT64_MAX, UINT64_MAX, traces_);
    if (traces_.traces.empty()) return;
    encoder_.begin(bytes_max);
    for (const telemetry::TraceView& trace : traces_.traces)
      WEIR_ASSERT(encoder_.add(trace));
    bytes_ += zipped(gzip_, encoder_.end());
    queue.exported(traces_);
  }
  static telemetry::TelemetrySettings everything() {
    auto settings = settings::defaults(telemetry::telemetry_settings());
    settings.sampling.rate = 1;
    return settings;
  }

  telemetry::Tracing tracing_{1, everything(), 1};
  TraceEncoder encoder_;
  wire::Gzip gzip_;
  telemetry::TraceQueue::Batch traces_;
  size_t waiting_ = 0;
  uint64_t bytes_ = 0;
};

// Metrics, sent as they come.
class MetricBytes {
 public:
  explicit MetricBytes(const Resource& resource) : encoder_(resource) {}

  uint64_t of(const telemetry::Snapshot& snapshot, MetricTimes times) {
    uint64_t bytes = 0, left_out = 0;
    for (const MetricRequest& request : encoder_.encode(snapshot, times, bytes_max, left_out))
      bytes += zipped(gzip_, request.body);
    WEIR_ASSERT(left_out == 0);
    return bytes;
  }

 private:
  MetricEncoder encoder_;
  wire::Gzip gzip_;
};

}  // namespace

TrafficBytes traffic_bytes(uint64_t requests, uint32_t paths, uint64_t seed) {
  const Resource resource{.attributes = {{"service.name", "edge-service"}, {"node.id", "edge-1"}},
                          .program_version = "1"};
  TrafficBytes bytes;
  Traffic traffic(paths, seed);
  SpanBytes spans(resource);
  MetricBytes metrics(resource);
  telemetry::PathAggregation by_path(1, paths, seed);
  const MetricTimes times{WallTime(seconds(1'700'000'000)), WallTime(seconds(1'700'000'060)), true};
  telemetry::Snapshot single;
  single.metrics = {{info_of(single_duration), {}}};
  auto& points = single.metrics[0].points;
  for (uint64_t i = 0; i < requests; ++i) {
    const Request request = traffic.next();
    by_path.record(0, name_of(request.path), request.ns);
    spans.add(
        request, traffic,
        MonoTime(Duration(seconds(60)) * static_cast<int64_t>(i) / static_cast<int64_t>(requests)));
    points.push_back({{name_of(request.path)}, false, static_cast<double>(request.ns) * 1e-9});
    if (points.size() < batch && i + 1 < requests) continue;
    bytes.records += metrics.of(single, times);
    points.clear();
  }
  bytes.spans = spans.finish();
  WEIR_ASSERT(by_path.begin_turn());
  by_path.turn(0);
  bytes.by_path = metrics.of(by_path.take(), times);
  return bytes;
}

}  // namespace weir::otlp
