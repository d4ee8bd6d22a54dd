#include "telemetry/keep_gate.h"

#include <cmath>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::telemetry {

namespace {

struct Kept {
  double count = 0;
  double most_in_a_second = 0;
  double sum_of_counts = 0;
};

// `per_second(second)` candidates in each second, spread evenly.
template <class PerSecond>
Kept run(KeepGate& gate, uint64_t seed, int seconds_long, PerSecond per_second) {
  Random random(seed);
  Kept all;
  for (int second = 0; second < seconds_long; ++second) {
    double here = 0;
    const int candidates = per_second(second);
    for (int i = 0; i < candidates; ++i) {
      const MonoTime now{seconds(second) + Duration(seconds(1)) * i / candidates};
      const uint64_t threshold = gate.raise(0, now);
      if ((random() & (randomness_end - 1)) < threshold) continue;
      gate.kept();
      ++here;
      all.sum_of_counts += adjusted_count(threshold);
    }
    all.count += here;
    all.most_in_a_second = std::max(all.most_in_a_second, here);
  }
  return all;
}

}  // namespace

TEST_CASE("below half of the ceiling everything is kept, as itself alone") {
  KeepGate gate(100);
  const Kept kept = run(gate, 1, 20, [](int) { return 49; });
  CHECK(kept.count == 20 * 49);
  CHECK(kept.sum_of_counts == 20 * 49);
}

TEST_CASE("a storm never exceeds the ceiling in any second, and goes on being seen") {
  KeepGate gate(100);
  const auto storm = [](int second) { return second < 3 ? 10 : 200'000; };
  const Kept kept = run(gate, 2, 10, storm);
  CHECK(kept.most_in_a_second <= 100);
  CHECK(kept.count > 7 * 30);
}

TEST_CASE("sums of adjusted counts are right through a burst from nothing to 100,000 a second") {
  double sum = 0, square = 0;
  constexpr int seeds = 60;
  const auto burst = [](int second) { return second < 3 ? second * 33'000 : 100'000; };
  const double truth = 33'000 + 66'000 + 100'000;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    KeepGate gate(100);
    const Kept kept = run(gate, seed, 4, burst);
    CHECK(kept.most_in_a_second <= 100);
    sum += kept.sum_of_counts;
    square += kept.sum_of_counts * kept.sum_of_counts;
  }
  const double mean = sum / seeds;
  const double error = std::sqrt((square / seeds - mean * mean) / seeds);
  CHECK(std::abs(mean - truth) <= 4 * error);
}

TEST_CASE("a ceiling of zero keeps nothing") {
  KeepGate gate(0);
  CHECK(run(gate, 3, 2, [](int) { return 1000; }).count == 0);
}

TEST_CASE("what comes late from the second before does not begin the ceiling anew") {
  KeepGate gate(100);
  Random random(6);
  int kept = 0;
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t threshold = gate.raise(0, MonoTime(seconds(10 - i % 2)));
    if ((random() & (randomness_end - 1)) < threshold) continue;
    gate.kept();
    ++kept;
  }
  CHECK(kept <= 100);
}

TEST_CASE("a second without candidates ends a storm") {
  KeepGate gate(10);
  run(gate, 4, 2, [](int) { return 10'000; });
  CHECK(gate.raise(0, MonoTime(seconds(2))) > 0);
  CHECK(gate.raise(0, MonoTime(seconds(4))) == 0);
}

}  // namespace weir::telemetry
