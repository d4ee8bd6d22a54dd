#include "telemetry/threshold.h"

#include <array>
#include <cmath>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::telemetry {

namespace {
constexpr std::array rates{0.0001, 0.001, 0.01, 0.1, 0.5, 1.0};
}

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

TEST_CASE("of ten million traces a rate keeps what it says, and a higher rate keeps all of them") {
  constexpr int traces = 10'000'000;
  std::array<uint64_t, rates.size()> thresholds{};
  std::array<int, rates.size()> kept{};
  for (size_t i = 0; i < rates.size(); ++i)
    thresholds[i] = threshold_of(rates[i]);
  Random random(5);
  int inconsistent = 0;
  for (int trace = 0; trace < traces; ++trace) {
    const uint64_t randomness = random() & (randomness_end - 1);
    bool lower = false;
    for (size_t i = 0; i < rates.size(); ++i) {
      const bool keep = randomness >= thresholds[i];
      inconsistent += lower && !keep;
      kept[i] += keep;
      lower = keep;
    }
  }
  CHECK(inconsistent == 0);
  for (size_t i = 0; i < rates.size(); ++i) {
    const double expected = traces * rates[i], sigma = std::sqrt(expected * (1 - rates[i]));
    CHECK(std::abs(kept[i] - expected) <= 4 * sigma);
    const double total = kept[i] * adjusted_count(thresholds[i]);
    CHECK(std::abs(total - traces) <= 4 * sigma / rates[i]);
  }
}

TEST_CASE("a raised threshold passes the share of what passed before") {
  CHECK(raised(0, 1) == 0);
  CHECK(raised(0, 0.5) == 0x80000000000000);
  CHECK(raised(0x80000000000000, 0.5) == 0xc0000000000000);
  CHECK(raised(threshold_of(0.01), 2) == threshold_of(0.01));
  CHECK(probability_of(raised(threshold_of(0.01), 0.1)) == doctest::Approx(0.001).epsilon(1e-3));
  CHECK(raised(0, 0) == randomness_end);
  for (double share = 1; share > 1e-6; share *= 0.7)
    CHECK(raised(threshold_of(0.3), share) >= threshold_of(0.3));
}

TEST_CASE("a trace whose probability is not known stands for none") {
  CHECK(adjusted_count(randomness_end) == 0);
  CHECK(adjusted_count(UINT64_MAX) == 0);
  CHECK(adjusted_count(0) == 1);
}

}  // namespace weir::telemetry
