#include "client/histogram.h"

#include <doctest/doctest.h>

namespace weir::bench {

TEST_CASE("a quantile is at most one part in 128 above the true value") {
  Histogram histogram;
  for (uint64_t ns = 1; ns <= 1'000'000; ++ns)
    histogram.record(ns);
  for (double share : {0.5, 0.9, 0.99, 0.999}) {
    const double truth = share * 1e6;
    const auto found = static_cast<double>(histogram.quantile(share));
    CHECK(found >= truth);
    CHECK(found <= truth * (1 + 1.0 / 128) + 1);
  }
  CHECK(histogram.quantile(1) == 1'000'000);
  CHECK(histogram.max() == 1'000'000);
}

TEST_CASE("the extremes have a bucket, and an empty histogram says 0") {
  Histogram histogram;
  CHECK(histogram.quantile(0.99) == 0);
  histogram.record(0);
  CHECK(histogram.quantile(0.5) == 0);
  histogram.record(UINT64_MAX);
  CHECK(histogram.quantile(1) == UINT64_MAX);
  histogram.clear();
  CHECK(histogram.total() == 0);
}

}  // namespace weir::bench
