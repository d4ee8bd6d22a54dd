#pragma once
// Prewarm: fetches a list of URLs into the cache before clients ask for them. A PrewarmJob is
// shared by the shards that work on it, each with some workers, which bounds how many fetches run
// at a time; it counts what came of them. Nothing is fetched that is stored and fresh.

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "edge/edge_shard.h"

namespace weir::edge {

enum class Prewarmed : uint8_t {
  stored,        // fetched, and whole in the cache
  present,       // it was there already, or somebody else fetches it
  not_storable,  // fetched, but the answer may not be stored
  failed,        // the origin did not answer, or not with the whole
  unknown,       // no URL, or of no site here
  count,         // how many there are; not an outcome
};

class PrewarmJob {
 public:
  static constexpr size_t urls_max = 1'000'000;
  static constexpr size_t workers_max = 256;

  explicit PrewarmJob(std::vector<std::string> urls) : urls_(std::move(urls)) {}

  // --- any thread ---
  size_t total() const { return urls_.size(); }
  size_t done() const;
  uint64_t count(Prewarmed outcome) const {
    return counts_[static_cast<size_t>(outcome)].load(std::memory_order_relaxed);
  }
  // {"total":...,"done":...,"stored":...}
  std::string json() const;
  // No further URL is begun.
  void stop() { next_.store(urls_.size(), std::memory_order_relaxed); }

  // --- workers ---
  // The next URL; nullptr: none is left.
  const std::string* take();
  void note(Prewarmed outcome) {
    counts_[static_cast<size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  }

 private:
  const std::vector<std::string> urls_;
  std::atomic<size_t> next_{0};
  std::array<std::atomic<uint64_t>, static_cast<size_t>(Prewarmed::count)> counts_{};
};

// Whoever ends last: a worker, or the console that shows how far it is.
using PrewarmJobPtr = std::shared_ptr<PrewarmJob>;  // allow(shared-ptr): see above

// Starts `workers` of the job on this shard; they end with it, or with the shard.
void work_on(EdgeShard& edge, const PrewarmJobPtr& job, size_t workers);

}  // namespace weir::edge
