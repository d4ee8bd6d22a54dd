#include "telemetry/exemplar.h"

#include <thread>

#include <doctest/doctest.h>

namespace weir::telemetry {

TEST_CASE("the newest exemplar of a bucket is kept, bounds belonging to the bucket below") {
  Exemplars exemplars;
  CHECK_FALSE(exemplars.at(0));
  exemplars.put({{1, 1}, {1}, 4'000'000, 10});
  exemplars.put({{2, 2}, {2}, 5'000'000, 20});
  exemplars.put({{3, 3}, {3}, 5'000'001, 30});
  exemplars.put({{4, 4}, {4}, 3'600'000'000'000, 40});
  CHECK(exemplars.at(0)->trace == TraceId{2, 2});
  CHECK(exemplars.at(1)->value_ns == 5'000'001);
  CHECK(exemplars.at(Exemplars::count - 1)->time_ns == 40);
}

TEST_CASE("an exemplar is read whole or not at all") {
  Exemplars exemplars;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (uint64_t i = 1; !done; ++i)
      exemplars.put({{i, i}, {i}, 1000, static_cast<int64_t>(i)});
  });
  uint64_t seen = 0;
  for (int i = 0; i < 5'000'000 && seen < 10'000; ++i) {
    const auto exemplar = exemplars.at(0);
    if (!exemplar) {
      // A writer that lost its core in the midst must get one again.
      std::this_thread::yield();
      continue;
    }
    ++seen;
    REQUIRE(exemplar->trace == TraceId{exemplar->span.value, exemplar->span.value});
    REQUIRE(exemplar->time_ns == static_cast<int64_t>(exemplar->span.value));
  }
  done = true;
  writer.join();
  CHECK(seen > 0);
}

}  // namespace weir::telemetry
