#pragma once
// MetricCollector: reads all metrics of the process every `metrics_interval`, encodes and
// compresses them, and lays them into an outbox. On a thread that serves nobody, since a thousand
// points take milliseconds.

#include "otlp/gzip.h"
#include "otlp/metric_encoder.h"
#include "otlp/metric_outbox.h"
#include "otlp/otlp_settings.h"

namespace weir::otlp {

inline constexpr telemetry::CounterDecl metric_points_left_out{
    .name = "otlp.metrics.left_out",
    .unit = "{data_point}",
    .help =
        "Data points that were not sent because their metric alone exceeds "
        "otlp.batch_bytes_max; raise it."};

class MetricCollector {
 public:
  // `registry` and `outbox` outlive it. `start`: of the process.
  MetricCollector(telemetry::Registry& registry, MetricOutbox& outbox, const OtlpSettings& settings,
                  const Resource& resource, WallTime start);

  // Collects when it is time; about once a second.
  void tick(MonoTime now, WallTime wall);
  void collect(WallTime wall);

 private:
  telemetry::Registry& registry_;
  MetricOutbox& outbox_;
  const OtlpSettings settings_;
  const WallTime start_;
  MetricEncoder encoder_;
  Gzip gzip_;
  MonoTime due_{};
  std::atomic<uint64_t> left_out_{0};
  telemetry::Observation observation_;
};

}  // namespace weir::otlp
