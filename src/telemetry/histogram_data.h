#pragma once
// HistogramData: a distribution read from one or many HistogramCells. A value. Merging and
// subtracting are exact, bucket by bucket. Folding into coarser buckets (Prometheus, OpenTelemetry)
// puts a bucket that straddles a coarse bound below it, so a value equal to a bound is always
// counted at or below it and a value at most 0.8 % above may be.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace weir::telemetry {

inline constexpr uint32_t octave_bits = 7;  // 2^7 buckets an octave
inline constexpr uint64_t value_max = uint64_t{1} << 42;
inline constexpr uint32_t run_buckets = 32;
inline constexpr uint32_t buckets_max = (42 - octave_bits + 1) << octave_bits;
inline constexpr uint32_t runs_max = buckets_max / run_buckets;

// The bucket of a value above zero. A double of it is its octave and its place there, side by side,
// and costs less than to count its leading zeros where the processor has but BSR for that.
constexpr uint32_t bucket_of(uint64_t value) {
  const uint64_t x = std::min(value, value_max) - 1;
  if (x < uint64_t{1} << octave_bits) return static_cast<uint32_t>(x);
  static_assert(std::numeric_limits<double>::is_iec559);
  constexpr uint32_t mantissa_bits = 52, exponent_bias = 1023;
  constexpr uint32_t first = (exponent_bias + octave_bits - 1) << octave_bits;
  const auto bits = std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(x)));
  return static_cast<uint32_t>(bits >> (mantissa_bits - octave_bits)) - first;
}
// A bucket holds the values (lower, upper].
struct BucketBounds {
  uint64_t lower;
  uint64_t upper;
};
constexpr BucketBounds bounds_of(uint32_t bucket) {
  if (bucket < (2u << octave_bits)) return {bucket, bucket + 1};
  const uint32_t shift = (bucket >> octave_bits) - 1;
  const uint64_t mantissa = bucket - (uint64_t{shift} << octave_bits);
  return {mantissa << shift, (mantissa + 1) << shift};
}

// OpenTelemetry's exponential histogram, positive side: counts[i] is for values in
// (base^(offset+i), base^(offset+i+1)] with base = 2^(2^-scale).
struct ExponentialBuckets {
  int32_t scale = 0;
  int32_t offset = 0;
  std::vector<uint64_t> counts;
};

struct HistogramData {
  using Counts = std::array<uint64_t, run_buckets>;
  struct Run {
    uint32_t index;  // its buckets start at index * run_buckets
    Counts counts;
  };

  uint64_t zeros = 0;
  uint64_t sum = 0;
  uint64_t min = UINT64_MAX;  // of all values since the start; UINT64_MAX when there is none
  uint64_t max = 0;
  std::vector<Run> runs;  // ascending

  uint64_t count() const;
  void merge(const HistogramData& other);
  // Leaves what came after `earlier`, an older reading of the same cells. min and max become those
  // of the buckets, so they are within 0.8 %.
  void subtract(const HistogramData& earlier);

  // The value below or at which the share `q` of all values lies, within 0.4 %; 0 when empty.
  uint64_t quantile(double q) const;
  // How many values are at or below each of the ascending bounds, in recorded units.
  std::vector<uint64_t> at_or_below(std::span<const double> bounds) const;
  // Exponential buckets of value / per_unit, with the finest scale up to 7 that needs no more than
  // `size_max` buckets. With per_unit 1 or any power of two the folding is exact at powers of two.
  ExponentialBuckets exponential(double per_unit, uint32_t size_max = 160) const;

  // The counts of a run, made on first use.
  Counts& run(uint32_t index);
};

}  // namespace weir::telemetry
