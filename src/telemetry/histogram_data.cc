#include "telemetry/histogram_data.h"

#include <cmath>

namespace weir::telemetry {

namespace {

// Calls visit(bucket, count) for each bucket that is not empty, ascending.
template <class Visit>
void each_bucket(const HistogramData& data, Visit visit) {
  for (const auto& run : data.runs)
    for (uint32_t i = 0; i < run_buckets; ++i)
      if (run.counts[i] != 0) visit(run.index * run_buckets + i, run.counts[i]);
}

// Index of the exponential bucket (base^i, base^(i+1)] that holds `value`; exact at powers of two.
int32_t exponential_index(double value, int scale) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  if (mantissa == 0.5) return ((exponent - 1) << scale) - 1;
  return static_cast<int32_t>(std::ceil(std::ldexp(std::log2(value), scale))) - 1;
}

}  // namespace

HistogramData::Counts& HistogramData::run(uint32_t index) {
  auto at = std::lower_bound(runs.begin(), runs.end(), index,
                             [](const Run& run, uint32_t wanted) { return run.index < wanted; });
  if (at == runs.end() || at->index != index) at = runs.insert(at, Run{index, {}});
  return at->counts;
}

uint64_t HistogramData::count() const {
  uint64_t total = zeros;
  each_bucket(*this, [&](uint32_t, uint64_t n) { total += n; });
  return total;
}

void HistogramData::merge(const HistogramData& other) {
  for (const Run& theirs : other.runs) {
    Counts& ours = run(theirs.index);
    for (uint32_t i = 0; i < run_buckets; ++i)
      ours[i] += theirs.counts[i];
  }
  zeros += other.zeros;
  sum += other.sum;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

void HistogramData::subtract(const HistogramData& earlier) {
  for (const Run& theirs : earlier.runs) {
    Counts& ours = run(theirs.index);
    for (uint32_t i = 0; i < run_buckets; ++i)
      ours[i] -= theirs.counts[i];
  }
  zeros -= earlier.zeros;
  sum -= earlier.sum;
  uint64_t lowest = UINT64_MAX, highest = 0;
  each_bucket(*this, [&](uint32_t bucket, uint64_t) {
    const BucketBounds bounds = bounds_of(bucket);
    lowest = std::min(lowest, bounds.lower + 1);
    highest = bounds.upper;
  });
  if (zeros != 0) lowest = 0;
  min = lowest == UINT64_MAX ? lowest : std::max(lowest, min);
  max = std::min(highest, max);
}

uint64_t HistogramData::quantile(double q) const {
  const uint64_t total = count();
  if (total == 0) return 0;
  const auto wanted = static_cast<uint64_t>(std::ceil(q * static_cast<double>(total)));
  const uint64_t rank = std::clamp<uint64_t>(wanted, 1, total);
  uint64_t seen = zeros;
  if (seen >= rank) return 0;
  uint64_t value = 0;
  each_bucket(*this, [&](uint32_t bucket, uint64_t n) {
    if (seen >= rank) return;
    seen += n;
    const BucketBounds bounds = bounds_of(bucket);
    value = bounds.lower + (bounds.upper - bounds.lower + 1) / 2;
  });
  return min <= max ? std::clamp(value, min, max) : value;
}

std::vector<uint64_t> HistogramData::at_or_below(std::span<const double> bounds) const {
  std::vector<uint64_t> totals(bounds.size(), zeros);
  each_bucket(*this, [&](uint32_t bucket, uint64_t n) {
    const auto smallest = static_cast<double>(bounds_of(bucket).lower + 1);
    for (size_t i = bounds.size(); i > 0 && smallest <= bounds[i - 1]; --i)
      totals[i - 1] += n;
  });
  return totals;
}

ExponentialBuckets HistogramData::exponential(double per_unit, uint32_t size_max) const {
  constexpr int scale_max = octave_bits, scale_min = -10;
  ExponentialBuckets result;
  const auto value_of = [&](uint32_t bucket) {
    return static_cast<double>(bounds_of(bucket).lower + 1) / per_unit;
  };
  double lowest = 0, highest = 0;
  each_bucket(*this, [&](uint32_t bucket, uint64_t) {
    if (highest == 0) lowest = value_of(bucket);
    highest = value_of(bucket);
  });
  if (highest == 0) return result;
  // Indices at the finest scale; each step down halves them.
  int32_t first = exponential_index(lowest, scale_max),
          last = exponential_index(highest, scale_max);
  int shift = 0;
  while (static_cast<uint32_t>((last >> shift) - (first >> shift)) >= size_max &&
         scale_max - shift > scale_min)
    ++shift;
  result.scale = scale_max - shift;
  result.offset = first >> shift;
  result.counts.resize(static_cast<size_t>((last >> shift) - result.offset) + 1);
  each_bucket(*this, [&](uint32_t bucket, uint64_t n) {
    const int32_t index = exponential_index(value_of(bucket), scale_max) >> shift;
    result.counts[static_cast<size_t>(index - result.offset)] += n;
  });
  return result;
}

}  // namespace weir::telemetry
