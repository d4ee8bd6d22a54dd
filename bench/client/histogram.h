#pragma once
// Histogram: counts of nanoseconds in buckets whose width is at most 1/128 of their value, the
// layout of HdrHistogram with two significant digits. 58 KiB, never allocates while recording. The
// largest value is kept exactly.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace weir::bench {

class Histogram {
 public:
  void record(uint64_t ns) {
    ++counts_[index(ns)];
    ++total_;
    max_ = std::max(max_, ns);
  }
  void clear() { *this = Histogram(); }

  uint64_t total() const { return total_; }
  uint64_t max() const { return max_; }

  // The value that `share` (0 to 1) of all are at or below: the upper end of its bucket, at most
  // max(). 0 when empty.
  uint64_t quantile(double share) const {
    const auto wanted = std::max<uint64_t>(
        1, static_cast<uint64_t>(share * static_cast<double>(total_) + 0.9999999));
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size() && total_ > 0; ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(upper(i), max_);
    }
    return max_;
  }

 private:
  static constexpr unsigned fine_bits = 7;
  static constexpr uint64_t fine = 1u << fine_bits;

  // Values below 128 have a bucket each; above, 128 buckets for every power of two.
  static size_t index(uint64_t value) {
    if (value < fine) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - fine_bits;
    return (shift + 1) * fine + ((value >> shift) - fine);
  }
  static uint64_t upper(size_t index) {
    if (index < fine) return index;
    const uint64_t shift = index / fine - 1;
    return ((index % fine + fine + 1) << shift) - 1;
  }

  std::array<uint64_t, (64 - fine_bits + 1) * fine> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace weir::bench
