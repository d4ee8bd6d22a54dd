#pragma once
// HistogramCell: the distribution of one point on one shard, log-linear: 128 buckets an octave, so
// that a bucket's middle is within 0.4 % of every value in it. Values are integers from 0 to 2^42
// (in nanoseconds 73 minutes; above it they count in the last bucket, while sum and max stay
// exact).
//
// Buckets are (lower, upper], as in Prometheus and OpenTelemetry: a power of two is the upper end
// of its bucket, values up to 256 have buckets of their own, and zero is counted apart.
//
// Memory: a directory of 144 pointers (1.2 KiB), and 128 bytes for each run of 32 buckets that a
// value has fallen into: a latency that spans three octaves takes 2.7 KiB, the most is 19.6 KiB.
// record() allocates (from the arena) when it meets a run for the first time, and once more if
// a bucket passes 2^32, never otherwise.
//
// One writer; read() may run on any thread at the same time. It sees each record() wholly or, for
// sum, min and max, up to one record late. The count is the sum of the buckets, so both always
// agree.

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "telemetry/cell_arena.h"
#include "telemetry/histogram_data.h"

namespace weir::telemetry {

class HistogramCell {
 public:
  explicit HistogramCell(CellArena& arena) : arena_(&arena) {}
  HistogramCell(const HistogramCell&) = delete;
  HistogramCell& operator=(const HistogramCell&) = delete;

  void record(uint64_t value) {
    sum_.store(sum_.load(relaxed) + value, relaxed);
    if (value < min_.load(relaxed)) min_.store(value, relaxed);
    if (value > max_.load(relaxed)) max_.store(value, relaxed);
    count(value);
  }
  // Without its sum, minimum and maximum: where only quantiles are asked for.
  void count(uint64_t value) {
    if (value == 0) [[unlikely]]
      return count_zeros(1);
    const uint32_t bucket = bucket_of(value);
    std::byte* const run = runs_[bucket / run_buckets].load(relaxed);
    if (!run || is_wide(run)) [[unlikely]]
      return count_slowly(bucket, 1);
    auto& narrow = reinterpret_cast<NarrowRun*>(run)->counts[bucket % run_buckets];
    const uint32_t count = narrow.load(relaxed) + 1;
    if (count == 0) [[unlikely]]
      return count_slowly(bucket, 1);
    narrow.store(count, relaxed);
  }

  // The same value `times` times, as when a batch is answered at once.
  void record(uint64_t value, uint64_t times);

  // Forgets everything, but keeps its memory. Nobody may be reading.
  void clear();

  // Adds what is here to `into`.
  void read(HistogramData& into) const;

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  struct NarrowRun {
    std::array<std::atomic<uint32_t>, run_buckets> counts;
  };
  struct WideRun {
    std::array<std::atomic<uint64_t>, run_buckets> counts;
  };

  void count_zeros(uint64_t n) { zeros_.store(zeros_.load(relaxed) + n, relaxed); }
  void count_slowly(uint32_t bucket, uint64_t n);
  // A pointer to a NarrowRun, or one byte behind the start of a WideRun.
  static bool is_wide(const std::byte* run) { return (reinterpret_cast<uintptr_t>(run) & 1) != 0; }
  static const WideRun& wide_run(const std::byte* run) {
    return *reinterpret_cast<const WideRun*>(run - 1);
  }
  std::byte* widen(const std::byte* run);

  std::atomic<uint64_t> sum_{0};
  std::atomic<uint64_t> min_{UINT64_MAX};
  std::atomic<uint64_t> max_{0};
  std::atomic<uint64_t> zeros_{0};
  CellArena* arena_;
  std::array<std::atomic<std::byte*>, runs_max> runs_{};
};

}  // namespace weir::telemetry
