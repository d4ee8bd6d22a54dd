#include "telemetry/path_aggregation.h"

#include <algorithm>
#include <unordered_map>

#include "base/assert.h"

namespace weir::telemetry {

namespace {

constexpr std::array<std::pair<std::string_view, double>, 3> quantiles{
    {{"0.5", 0.5}, {"0.95", 0.95}, {"0.99", 0.99}}};

struct PathDurations {
  std::string path;
  HistogramData durations;
};

void add_point(Snapshot& snapshot, const PathDurations& one, bool overflow) {
  std::vector<std::string> values;
  if (!overflow) values.push_back(one.path);
  snapshot.metrics[0].points.push_back({values, overflow, one.durations});
  if (overflow) return;
  for (const auto& [name, q] : quantiles)
    snapshot.metrics[1].points.push_back(
        {{one.path, std::string(name)},
         false,
         static_cast<double>(one.durations.quantile(q)) / path_duration.per_unit});
}

}  // namespace

PathAggregation::PathAggregation(unsigned shards, uint32_t paths_max, uint64_t seed)
    : paths_max_(paths_max) {
  Random seeds(seed);
  for (unsigned shard = 0; shard < shards; ++shard)
    pairs_.emplace_back(paths_max, seeds());
}

bool PathAggregation::begin_turn() {
  if (turning_) return false;
  turning_ = true;
  waiting_.store(static_cast<unsigned>(pairs_.size()), std::memory_order_release);
  return true;
}

void PathAggregation::turn(unsigned shard) {
  Pair& pair = pairs_[shard];
  std::swap(pair.recording, pair.resting);
  pair.resting->pass_notes_to(*pair.recording);
  waiting_.fetch_sub(1, std::memory_order_acq_rel);
}

Snapshot PathAggregation::take() {
  WEIR_ASSERT(turning_ && turned());
  turning_ = false;
  std::unordered_map<std::string, HistogramData> paths;
  PathDurations others;
  for (Pair& pair : pairs_) {
    pair.resting->each([&](std::string_view path, const HistogramData& durations) {
      paths[std::string(path)].merge(durations);
    });
    others.durations.merge(pair.resting->others());
    pair.resting->clear();
  }
  std::vector<PathDurations> busiest;
  for (auto& [path, durations] : paths)
    busiest.push_back({path, std::move(durations)});
  std::ranges::sort(busiest, [](const PathDurations& a, const PathDurations& b) {
    const uint64_t counts[2] = {a.durations.count(), b.durations.count()};
    return counts[0] != counts[1] ? counts[0] > counts[1] : a.path < b.path;
  });
  Snapshot snapshot;
  snapshot.metrics = {{info_of(path_duration), {}}, {info_of(path_quantile), {}}};
  for (size_t i = 0; i < busiest.size(); ++i) {
    if (i < paths_max_)
      add_point(snapshot, busiest[i], false);
    else
      others.durations.merge(busiest[i].durations);
  }
  if (others.durations.count() > 0) add_point(snapshot, others, true);
  return snapshot;
}

}  // namespace weir::telemetry
