#pragma once
// MetricCollector: reads all metrics of the process every `metrics_interval`, encodes and
// compresses them, and lays them into an outbox. On a thread that serves nobody, since a thousand
// points take milliseconds.

#include <functional>

#include "otlp/metric_encoder.h"
#include "otlp/metric_outbox.h"
#include "otlp/otlp_settings.h"
#include "telemetry/path_aggregation.h"
#include "wire/gzip.h"

namespace weir::otlp {

inline constexpr telemetry::CounterDecl metric_points_left_out{
    .name = "otlp.metrics.left_out",
    .unit = "{data_point}",
    .help =
        "Data points that were not sent because their metric alone exceeds otlp.batch_bytes_max "
        "(raise it), and those by path of an interval whose next one came before they were sent."};

class MetricCollector {
 public:
  // `registry` and `outbox` outlive it. `start`: of the process.
  MetricCollector(telemetry::Registry& registry, MetricOutbox& outbox, const OtlpSettings& settings,
                  const Resource& resource, WallTime start);

  // Durations by path go with the rest. `ask_shards` has every shard turn (path_aggregation.h),
  // now or soon. Before the first tick; `paths` outlives this.
  void use_paths(telemetry::PathAggregation& paths, std::function<void()> ask_shards);

  // Exemplars go with the histogram that they name. Before the first tick.
  void use_examples(std::function<telemetry::HistogramExamples()> examples) {
    examples_ = std::move(examples);
  }

  // Collects when it is time; about once a second. Durations by path are those of the interval, and
  // are collected with the rest as soon as all shards have turned.
  void tick(MonoTime now, WallTime wall);
  // The last collection, of all that shards have recorded. Waits for them, a tenth of a second at
  // most.
  void finish(WallTime wall);

 private:
  // True when nothing is to be waited for.
  bool begin_turn(WallTime wall);
  void collect(WallTime wall);
  void take_turn(std::vector<MetricRequest>& requests);
  void append(const telemetry::Snapshot& snapshot, MetricTimes times,
              std::vector<MetricRequest>& requests);

  telemetry::Registry& registry_;
  MetricOutbox& outbox_;
  const OtlpSettings settings_;
  const WallTime start_;
  MetricEncoder encoder_;
  wire::Gzip gzip_;
  MonoTime due_{};
  telemetry::PathAggregation* paths_ = nullptr;
  std::function<void()> ask_shards_;
  std::function<telemetry::HistogramExamples()> examples_;
  bool turning_ = false;
  WallTime turned_at_;    // when the turn was begun
  WallTime turned_last_;  // and the one before it
  std::atomic<uint64_t> left_out_{0};
  telemetry::Observation observation_;
};

}  // namespace weir::otlp
