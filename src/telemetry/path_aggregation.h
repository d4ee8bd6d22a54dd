#pragma once
// PathAggregation: what is known of each path over an interval, for all shards: count, sum,
// minimum, maximum and distribution of the busiest, and of all others together. Every shard has two
// tables: it records into one while the other is read. The collector asks all shards to turn, and
// takes what they recorded when all have.
//
//   aggregation.record(shard, path, ns);       on the shard
//   aggregation.begin_turn();  post to every shard: aggregation.turn(shard)
//   if (aggregation.turned()) send(aggregation.take());

#include <atomic>
#include <deque>

#include "telemetry/path_table.h"
#include "telemetry/registry.h"

namespace weir::telemetry {

inline constexpr HistogramDecl path_duration{
    .name = "edge.path.duration",
    .unit = "s",
    .help =
        "Durations by path over one interval, sent over OTLP alone: of the busiest paths, a "
        "configured route counting as one, and of all others together.",
    .labels = {"path"}};
inline constexpr GaugeDecl path_quantile{
    .name = "edge.path.duration.quantile",
    .unit = "s",
    .help =
        "Quantiles of the same, within 0.4 %, which the distribution as it is sent cannot give.",
    .labels = {"path", "quantile"}};

class PathAggregation {
 public:
  PathAggregation(unsigned shards, uint32_t paths_max, uint64_t seed);
  PathAggregation(const PathAggregation&) = delete;
  PathAggregation& operator=(const PathAggregation&) = delete;

  // --- a shard ---
  void record(unsigned shard, std::string_view path, uint64_t ns) {
    pairs_[shard].recording->record(path, ns);
  }
  void turn(unsigned shard);
  // The table that it records into, another one after each turn: for whoever records often.
  PathTable* const& recording(unsigned shard) const { return pairs_[shard].recording; }

  // --- the collector ---
  // Starts a turn, unless one is under way.
  bool begin_turn();
  bool turned() const { return waiting_.load(std::memory_order_acquire) == 0; }
  // What was recorded up to the turn, as path_duration and path_quantile, busiest path first. Once
  // a turn, when turned().
  Snapshot take();

 private:
  struct Pair {
    Pair(uint32_t paths_max, uint64_t seed) : a(paths_max, seed), b(paths_max, seed + 1) {}
    PathTable a;
    PathTable b;
    PathTable* recording = &a;
    PathTable* resting = &b;
  };

  const uint32_t paths_max_;
  std::deque<Pair> pairs_;  // by shard
  std::atomic<unsigned> waiting_{0};
  bool turning_ = false;
};

}  // namespace weir::telemetry
