#include "telemetry/histogram.h"

#include <cmath>
#include <thread>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::telemetry {

namespace {

HistogramData read(const HistogramCell& cell) {
  HistogramData data;
  cell.read(data);
  return data;
}

uint64_t exact_quantile(std::vector<uint64_t> values, double q) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::max<size_t>(rank, 1) - 1];
}

// Skewed values over the whole range: 1 ns to about an hour.
uint64_t any_value(Random& random) {
  return std::max<uint64_t>(1, random() >> (22 + random.below(42)));
}

}  // namespace

TEST_CASE("every bucket follows its neighbour and holds the values that are mapped to it") {
  uint64_t end = 0;
  for (uint32_t bucket = 0; bucket < buckets_max; ++bucket) {
    const BucketBounds bounds = bounds_of(bucket);
    REQUIRE(bounds.lower == end);
    REQUIRE(bucket_of(bounds.lower + 1) == bucket);
    REQUIRE(bucket_of(bounds.upper) == bucket);
    REQUIRE((bounds.upper - bounds.lower) * 128 <= std::max<uint64_t>(bounds.upper, 128));
    end = bounds.upper;
  }
  CHECK(end == value_max);
  CHECK(bucket_of(UINT64_MAX) == buckets_max - 1);
}

TEST_CASE("count, sum, min and max are exact and quantiles are within 0.4 percent") {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    CellArena arena;
    HistogramCell cell(arena);
    std::vector<uint64_t> values;
    uint64_t sum = 0;
    for (int i = 0; i < 20'000; ++i) {
      values.push_back(any_value(random));
      sum += values.back();
      cell.record(values.back());
    }
    const HistogramData data = read(cell);
    CHECK(data.count() == values.size());
    CHECK(data.sum == sum);
    CHECK(data.min == *std::min_element(values.begin(), values.end()));
    CHECK(data.max == *std::max_element(values.begin(), values.end()));
    for (const double q : {0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
      const auto exact = static_cast<double>(exact_quantile(values, q));
      CHECK(std::abs(static_cast<double>(data.quantile(q)) - exact) <= exact * 0.004);
    }
  }
}

TEST_CASE("zero and values above the range are counted and keep sum and max exact") {
  CellArena arena;
  HistogramCell cell(arena);
  CHECK(read(cell).quantile(0.5) == 0);
  cell.record(0);
  cell.record(uint64_t{1} << 50);
  const HistogramData data = read(cell);
  CHECK(data.count() == 2);
  CHECK(data.zeros == 1);
  CHECK(data.min == 0);
  CHECK(data.max == uint64_t{1} << 50);
  CHECK(data.sum == uint64_t{1} << 50);
}

TEST_CASE("merging shards equals recording everything in one place") {
  Random random(7);
  CellArena arena;
  HistogramCell parts[3] = {HistogramCell(arena), HistogramCell(arena), HistogramCell(arena)};
  HistogramCell whole(arena);
  for (int i = 0; i < 30'000; ++i) {
    const uint64_t value = any_value(random);
    parts[i % 3].record(value);
    whole.record(value);
  }
  HistogramData merged;
  for (const HistogramCell& part : parts)
    merged.merge(read(part));
  const HistogramData expected = read(whole);
  CHECK(merged.count() == expected.count());
  CHECK(merged.sum == expected.sum);
  REQUIRE(merged.runs.size() == expected.runs.size());
  for (size_t i = 0; i < merged.runs.size(); ++i)
    CHECK((merged.runs[i].index == expected.runs[i].index &&
           merged.runs[i].counts == expected.runs[i].counts));
}

TEST_CASE("subtracting an earlier reading leaves the interval") {
  CellArena arena;
  HistogramCell cell(arena);
  cell.record(1000);
  cell.record(5'000'000);
  const HistogramData earlier = read(cell);
  cell.record(70'000);
  cell.record(80'000);
  HistogramData interval = read(cell);
  interval.subtract(earlier);
  CHECK(interval.count() == 2);
  CHECK(interval.sum == 150'000);
  CHECK(static_cast<double>(interval.min) == doctest::Approx(70'000).epsilon(0.008));
  CHECK(static_cast<double>(interval.max) == doctest::Approx(80'000).epsilon(0.008));
}

TEST_CASE("folding to Prometheus buckets counts a value that equals a bound at or below it") {
  CellArena arena;
  HistogramCell cell(arena);
  for (const uint64_t ms : {5u, 5u, 10u, 11u, 1000u, 10'000u, 20'000u})
    cell.record(ms * 1'000'000);
  const double bounds[] = {5e6, 10e6, 25e6, 1e9, 10e9};
  CHECK(read(cell).at_or_below(bounds) == std::vector<uint64_t>{2, 3, 4, 5, 6});
}

TEST_CASE("exponential buckets are upper inclusive and exact at powers of two") {
  for (int power = 0; power <= 41; ++power) {
    CellArena arena;
    HistogramCell cell(arena);
    const uint64_t value = uint64_t{1} << power;
    cell.record(value);
    cell.record(value + 1);
    const ExponentialBuckets buckets = read(cell).exponential(1);
    // The last bucket that is not above 2^power, and the next.
    const int32_t at = (power << buckets.scale) - 1;
    REQUIRE(buckets.offset == at);
    REQUIRE(buckets.counts.front() == 1);
    REQUIRE(buckets.counts.size() >= 2);
  }
}

TEST_CASE("exponential buckets keep to their number and hold every value where it belongs") {
  Random random(3);
  for (const double per_unit : {1.0, 1e6, 1e9}) {
    CellArena arena;
    HistogramCell cell(arena);
    for (int i = 0; i < 5000; ++i)
      cell.record(any_value(random));
    const HistogramData data = read(cell);
    const ExponentialBuckets buckets = data.exponential(per_unit);
    CHECK(buckets.counts.size() <= 160);
    uint64_t total = data.zeros;
    for (const uint64_t n : buckets.counts)
      total += n;
    CHECK(total == data.count());
    const double base = std::exp2(std::exp2(-buckets.scale));
    const double lowest = std::pow(base, buckets.offset);
    const double highest = std::pow(base, buckets.offset + static_cast<int>(buckets.counts.size()));
    CHECK(lowest <= static_cast<double>(data.min) / per_unit);
    CHECK(highest * 1.008 >= static_cast<double>(data.max) / per_unit);
  }
}

TEST_CASE("one value has the finest scale, none has no bucket") {
  CellArena arena;
  HistogramCell cell(arena);
  CHECK(read(cell).exponential(1).counts.empty());
  cell.record(12'345);
  CHECK(read(cell).exponential(1).scale == 7);
  CHECK(read(cell).exponential(1).counts.size() == 1);
}

TEST_CASE("memory grows with the octaves that are used, not with the values") {
  CellArena arena;
  HistogramCell cell(arena);
  Random random(1);
  for (int i = 0; i < 1000; ++i)
    cell.record(100'000 + random.below(700'000));
  const uint64_t after_first = arena.bytes();
  CHECK(after_first == 64 * 1024);  // one chunk
  for (int i = 0; i < 100'000; ++i)
    cell.record(100'000 + random.below(700'000));
  CHECK(arena.bytes() == after_first);
}

TEST_CASE("a bucket counts on beyond 2^32 without losing its neighbours") {
  CellArena arena;
  HistogramCell cell(arena);
  cell.record(1000);
  cell.record(1030, 5);
  cell.record(1000, UINT32_MAX - 1);
  CHECK(read(cell).count() == uint64_t{UINT32_MAX} + 5);
  for (int i = 0; i < 3; ++i)
    cell.record(1000);
  cell.record(1030);
  cell.record(1000, uint64_t{1} << 40);
  cell.record(0, 7);
  const HistogramData data = read(cell);
  CHECK(data.count() == uint64_t{UINT32_MAX} + 5 + 4 + (uint64_t{1} << 40) + 7);
  CHECK(data.zeros == 7);
  uint64_t neighbours = 0;
  for (const auto& run : data.runs)
    if (run.index == bucket_of(1030) / run_buckets)
      neighbours = run.counts[bucket_of(1030) % run_buckets];
  CHECK(neighbours == 6);
}

TEST_CASE("a reader beside the writer sees counts that only grow and end exact") {
  CellArena arena;
  HistogramCell cell(arena);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    Random random(11);
    for (int i = 0; i < 200'000; ++i)
      cell.record(any_value(random));
    done = true;
  });
  uint64_t last = 0;
  while (!done) {
    const uint64_t count = read(cell).count();
    REQUIRE(count >= last);
    last = count;
  }
  writer.join();
  CHECK(read(cell).count() == 200'000);
}

}  // namespace weir::telemetry
