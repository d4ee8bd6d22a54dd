#include "telemetry/sampler.h"

#include <cmath>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::telemetry {

TEST_CASE("thresholds are those of the OpenTelemetry specification") {
  CHECK(threshold_of(0) == randomness_end);
  CHECK(threshold_of(1) == 0);
  CHECK(threshold_of(0.5) == 0x80000000000000);
  CHECK(threshold_of(0.01) == 0xfd70a000000000);
  CHECK(threshold_of(0.001) == 0xffbe7700000000);
  CHECK(threshold_of(0.0001) == 0xfff97240000000);
  CHECK(threshold_of(0.00001) == 0xffff583a000000);
  CHECK(threshold_of(1e-30) == randomness_end - 1);
  CHECK(threshold_of(std::nan("")) == randomness_end);
}

TEST_CASE("a rate means what it says") {
  Random random(5);
  for (const double rate : {0.001, 0.01, 0.1, 0.5}) {
    const uint64_t threshold = threshold_of(rate);
    constexpr int traces = 1'000'000;
    int kept = 0;
    for (int i = 0; i < traces; ++i)
      kept += (random() & (randomness_end - 1)) >= threshold;
    const double sigma = std::sqrt(traces * rate * (1 - rate));
    CHECK(std::abs(kept - traces * rate) < 4 * sigma);
  }
}

TEST_CASE("a bucket gives its rate a second and no more than a second's worth at once") {
  TokenBucket bucket(10);
  const auto taken = [&](Duration time) {
    int count = 0;
    while (bucket.take(MonoTime(time)))
      ++count;
    return count;
  };
  CHECK(taken(seconds(100)) == 10);
  CHECK(taken(seconds(100)) == 0);
  CHECK(taken(milliseconds(100'500)) == 5);
  CHECK(taken(seconds(500)) == 10);
  TokenBucket none(0);
  CHECK_FALSE(none.take(MonoTime(seconds(100))));
}

}  // namespace weir::telemetry
