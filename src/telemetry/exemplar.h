#pragma once
// Exemplars: examples of a duration, each with the trace that took so long, so that a bucket of a
// histogram leads to a trace. One a bucket, the newest kept trace; nothing is recorded for others,
// so that a request which is not kept pays nothing. One writer; any thread reads, in the manner of
// a seqlock. Fixed memory.

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <optional>
#include <span>
#include <vector>

#include "base/trace_id.h"
#include "telemetry/instrument.h"

namespace weir::telemetry {

struct Exemplar {
  TraceId trace;
  SpanId span;
  int64_t value_ns;
  int64_t time_ns;  // monotonic
};

// For the buckets of `seconds_bounds`.
class Exemplars {
 public:
  static constexpr size_t count = seconds_bounds.size() + 1;

  void put(const Exemplar& exemplar) {
    Slot& slot = slots_[bucket_of(exemplar.value_ns)];
    const std::array<uint64_t, words> from = std::bit_cast<std::array<uint64_t, words>>(exemplar);
    const uint32_t version = slot.version.load(std::memory_order_relaxed);
    slot.version.store(version + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (size_t i = 0; i < words; ++i)
      slot.words[i].store(from[i], std::memory_order_relaxed);
    slot.version.store(version + 2, std::memory_order_release);
  }

  // Of one bucket; nothing where there is none, or where it is being written.
  std::optional<Exemplar> at(size_t bucket) const {
    const Slot& slot = slots_[bucket];
    const uint32_t version = slot.version.load(std::memory_order_acquire);
    if (version == 0 || version % 2 != 0) return std::nullopt;
    std::array<uint64_t, words> copy;
    for (size_t i = 0; i < words; ++i)
      copy[i] = slot.words[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot.version.load(std::memory_order_relaxed) != version) return std::nullopt;
    return std::bit_cast<Exemplar>(copy);
  }

  static size_t bucket_of(int64_t value_ns) {
    const double value = static_cast<double>(value_ns) * 1e-9;
    const auto at = std::lower_bound(seconds_bounds.begin(), seconds_bounds.end(), value);
    return static_cast<size_t>(at - seconds_bounds.begin());
  }

 private:
  static constexpr size_t words = sizeof(Exemplar) / 8;
  struct Slot {
    std::atomic<uint32_t> version{0};
    std::array<std::atomic<uint64_t>, words> words{};
  };
  std::array<Slot, count> slots_;
};

}  // namespace weir::telemetry
