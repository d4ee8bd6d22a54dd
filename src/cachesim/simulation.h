#pragma once
// Simulation: a trace through caches of some sizes under each policy, and the table of what missed.

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cachesim/request_trace.h"

namespace weir::cachesim {

struct Misses {
  uint64_t objects = 0;
  uint64_t bytes = 0;
};

// One row: a cache size, and each policy's misses in the order of policy_choices().
struct SizeResult {
  uint64_t capacity = 0;
  std::string label;  // as it was asked for
  std::vector<Misses> misses;
};

struct CacheSize {
  std::string label;
  uint64_t bytes;
};

// "1%" of the trace's distinct bytes, or "64MiB".
std::expected<CacheSize, std::string> parse_cache_size(std::string_view text,
                                                       uint64_t distinct_bytes);

struct SimulationProgress {
  // To a terminal, where each line takes the last one's place; nullptr: nothing is said.
  void (*say)(std::string_view line) = nullptr;
  const std::atomic<bool>* stop = nullptr;  // ends early, with the rows that are whole
};

std::vector<SizeResult> simulate(const RequestTrace& trace, const std::vector<CacheSize>& sizes,
                                 const SimulationProgress& progress);

// At most 100 columns.
std::string miss_table(const RequestTrace& trace, const std::vector<SizeResult>& results);

}  // namespace weir::cachesim
