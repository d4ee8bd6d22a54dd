#include "telemetry/path_table.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/hash.h"

namespace weir::telemetry {

namespace {
constexpr uint32_t entries_a_path = 4;
constexpr size_t notes_expected = 256;  // paths in one step; more take memory once
}  // namespace

PathTable::PathTable(uint32_t paths_max, uint64_t seed)
    : random_(seed),
      seed_(random_()),
      sets_(std::bit_ceil(std::max<size_t>(size_t{paths_max} * entries_a_path / ways, 1))),
      mask_(sets_.size() - 1) {
  noted_.reserve(notes_expected);
}

void PathTable::record(std::string_view path, uint64_t ns) {
  const Entry* const entry = find(path, 1);
  (entry ? *entry->durations : others_).record(ns);
}

void PathTable::note(std::string_view path, uint64_t requests) {
  Entry* const entry = find(path, requests);
  if (entry && entry->noted == 0) noted_.push_back(entry);
  (entry ? entry->noted : others_noted_) += requests;
}

void PathTable::settle(uint64_t ns) {
  for (Entry* const entry : noted_)
    if (const uint64_t requests = std::exchange(entry->noted, 0))
      entry->durations->record(ns, requests);
  noted_.clear();
  if (const uint64_t requests = std::exchange(others_noted_, 0)) others_.record(ns, requests);
}

void PathTable::pass_notes_to(PathTable& other) {
  for (Entry* const entry : noted_)
    if (const uint64_t requests = std::exchange(entry->noted, 0)) other.note(entry->path, requests);
  noted_.clear();
  other.others_noted_ += std::exchange(others_noted_, 0);
}

PathTable::Entry* PathTable::find(std::string_view path, uint64_t requests) {
  path = path.substr(0, path_bytes_max);
  const uint64_t hash = weir::hash(path, seed_);
  Set& set = sets_[hash & mask_];
  for (Entry& entry : set) {
    if (entry.hash != hash || entry.weight == 0) continue;
    entry.weight += requests;
    return &entry;
  }
  return let_in(set, path, hash, requests);
}

PathTable::Entry* PathTable::let_in(Set& set, std::string_view path, uint64_t hash,
                                    uint64_t requests) {
  Entry& rarest = *std::ranges::min_element(set, {}, &Entry::weight);
  if (rarest.weight != 0) {
    if (random_.below(rarest.weight + 1) != 0) return nullptr;
    displaced_.merge(read(*rarest.durations));
    rarest.durations->clear();
    others_noted_ += std::exchange(rarest.noted, 0);
  }
  if (!rarest.durations) rarest.durations = arena_.make<HistogramCell>(arena_);
  rarest.hash = hash;
  rarest.weight += requests;
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
