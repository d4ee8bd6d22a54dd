#include "telemetry/path_table.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace weir::telemetry {

namespace {
constexpr uint32_t entries_a_path = 4;
}

PathTable::PathTable(uint32_t paths_max, uint64_t seed)
    : random_(seed),
      seed_(random_()),
      sets_(std::bit_ceil(std::max<size_t>(size_t{paths_max} * entries_a_path / ways, 1))) {}

void PathTable::record(std::string_view path, uint64_t ns) {
  path = path.substr(0, path_bytes_max);
  const uint64_t hash = weir::hash(path, seed_);
  Set& set = sets_[hash & (sets_.size() - 1)];
  for (Entry& entry : set) {
    if (entry.hash != hash || entry.weight == 0 || entry.path != path) continue;
    ++entry.weight;
    return entry.durations->record(ns);
  }
  Entry* const entry = let_in(set, path, hash);
  (entry ? *entry->durations : others_).record(ns);
}

PathTable::Entry* PathTable::let_in(Set& set, std::string_view path, uint64_t hash) {
  Entry& rarest = *std::ranges::min_element(set, {}, &Entry::weight);
  if (rarest.weight != 0) {
    if (random_.below(rarest.weight + 1) != 0) return nullptr;
    displaced_.merge(read(*rarest.durations));
    rarest.durations->clear();
  }
  if (!rarest.durations) rarest.durations = arena_.make<HistogramCell>(arena_);
  rarest.hash = hash;
  ++rarest.weight;
  rarest.path.assign(path);
  return &rarest;
}

HistogramData PathTable::read(const HistogramCell& cell) {
  HistogramData data;
  cell.read(data);
  return data;
}

HistogramData PathTable::others() const {
  HistogramData data = read(others_);
  data.merge(displaced_);
  return data;
}

void PathTable::clear() {
  for (Set& set : sets_)
    for (Entry& entry : set) {
      if (entry.durations && entry.weight != 0) entry.durations->clear();
      entry.weight = 0;
    }
  others_.clear();
  displaced_ = {};
}

}  // namespace weir::telemetry
