#include "telemetry/meter.h"

#include <time.h>

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {

double thread_cpu_ns() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

// What the meter says of some work, as a share of the CPU time that it takes.
double metered_share() {
  Meter meter(7);
  const double begin = thread_cpu_ns();
  uint64_t sum = 1;
  for (int call = 0; call < 200'000; ++call) {
    const Metered metered(meter);
    for (uint64_t i = 0; i < 300; ++i) {
      sum = sum * 6364136223846793005u + i;
      asm volatile("" : "+r"(sum));
    }
  }
  return static_cast<double>(meter.spent_ns()) / (thread_cpu_ns() - begin);
}

}  // namespace

TEST_CASE("one call in 1,024 is timed, and calls that take turns are all met") {
  Meter meter(7);
  int due[2] = {0, 0};
  constexpr int calls = 2'000'000;
  for (int call = 0; call < calls; ++call)
    if (meter.due()) ++due[call % 2];
  for (const int each : due)
    CHECK(each == doctest::Approx(calls / 2.0 / Meter::calls_a_sample).epsilon(0.2));
}

TEST_CASE("a sample stands for 1,024 calls") {
  Meter meter(7);
  for (int i = 0; i < 100; ++i)
    meter.sample(9'000, 1);
  CHECK(meter.spent_ns() <= 100 * 9'000 * Meter::calls_a_sample);
  CHECK(meter.spent_ns() > 100 * 8'000 * Meter::calls_a_sample);
}

TEST_CASE("an interrupted call counts as the ones before it") {
  Meter meter(7);
  for (int i = 0; i < 1000; ++i)
    meter.sample(1000, 1);
  const uint64_t before = meter.spent_ns();
  meter.sample(50'000'000, 1);
  CHECK(meter.spent_ns() - before <= 1000 * Meter::calls_a_sample);
  CHECK(meter.spent_ns() > before);
}

TEST_CASE("a call that records of many requests may take long, and is interrupted all the same") {
  Meter meter(7);
  for (int i = 0; i < 1000; ++i)
    meter.sample(1000, 1);
  const auto counted = [&](int64_t ns, uint64_t requests) {
    const uint64_t before = meter.spent_ns();
    meter.sample(ns, requests);
    return (meter.spent_ns() - before) / Meter::calls_a_sample;
  };
  CHECK(counted(90'000, 1000) > 89'000);
  CHECK(counted(90'000, 100) < 20'000);
  CHECK(counted(50'000'000, 1000) < 20'000);
}

TEST_CASE("what is metered is near what it takes") {
  // The meter's clock goes on while others have the core, so that a busy machine gets more tries.
  double share = metered_share();
  for (int tries = 1; tries < 5 && (share <= 0.3 || share >= 1.6); ++tries)
    share = metered_share();
  CHECK(share > 0.3);
  CHECK(share < 1.6);
}

}  // namespace weir::telemetry
