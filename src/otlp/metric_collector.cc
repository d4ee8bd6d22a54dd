#include "otlp/metric_collector.h"

namespace weir::otlp {

MetricCollector::MetricCollector(telemetry::Registry& registry, MetricOutbox& outbox,
                                 const OtlpSettings& settings, const Resource& resource,
                                 WallTime start)
    : registry_(registry),
      outbox_(outbox),
      settings_(settings),
      start_(start),
      encoder_(resource),
      observation_(registry.observe(metric_points_left_out, {}, [this] {
        return static_cast<double>(left_out_.load(std::memory_order_relaxed));
      })) {}

void MetricCollector::tick(MonoTime now, WallTime wall) {
  if (due_ == MonoTime()) due_ = after(now, settings_.metrics_interval);
  if (now < due_) return;
  due_ = after(now, settings_.metrics_interval);
  collect(wall);
}

void MetricCollector::collect(WallTime wall) {
  uint64_t left_out = 0;
  std::vector<MetricRequest> requests =
      encoder_.encode(registry_.collect(), {start_, wall}, settings_.batch_bytes_max, left_out);
  left_out_.fetch_add(left_out, std::memory_order_relaxed);
  if (settings_.compression == Compression::gzip) {
    for (MetricRequest& request : requests) {
      gzip_.begin();
      gzip_.add(request.body);
      request.body = gzip_.end();
    }
  }
  outbox_.put(std::move(requests));
}

}  // namespace weir::otlp
