#include "load/arrivals.h"

#include <cmath>

#include <doctest/doctest.h>

#include "load/backlog.h"

namespace weir::load {
namespace {

RateProfile constant(double rate) {
  return {.from = rate, .to = rate, .level_time = seconds(1), .ramp_time = {}};
}

uint64_t count_until(Arrivals& arrivals, Duration end) {
  uint64_t count = 0;
  for (auto due = arrivals.next(); due && *due < end; due = arrivals.next())
    ++count;
  return count;
}

}  // namespace

TEST_CASE("a profile says the rate and the count before, on and behind its ramp") {
  const RateProfile ramp{.from = 100, .to = 300, .level_time = seconds(2), .ramp_time = seconds(4)};
  CHECK(ramp.rate_at(seconds(1)) == doctest::Approx(100));
  CHECK(ramp.rate_at(seconds(4)) == doctest::Approx(200));
  CHECK(ramp.rate_at(seconds(9)) == doctest::Approx(300));
  CHECK(ramp.expected_until(seconds(2)) == doctest::Approx(200));
  CHECK(ramp.expected_until(seconds(4)) == doctest::Approx(200 + 300));
  CHECK(ramp.expected_until(seconds(6)) == doctest::Approx(200 + 800));
  CHECK(ramp.expected_until(seconds(7)) == doctest::Approx(200 + 800 + 300));
}

namespace {

void times_of_counts(const RateProfile& profile) {
  Duration last{};
  for (double expected = 0.5; expected < 1500; expected += 7.25) {
    const auto time = profile.time_of(expected);
    if (!time) {
      CHECK(expected > profile.expected_until(hours(1)));
      continue;
    }
    CHECK(*time >= last);
    CHECK(profile.expected_until(*time) == doctest::Approx(expected).epsilon(1e-5));
    last = *time;
  }
}

}  // namespace

TEST_CASE("the time of a count is the inverse of the count at a time") {
  const RateProfile profiles[] = {
      constant(1000),
      {.from = 0, .to = 5000, .level_time = seconds(1), .ramp_time = seconds(3)},
      {.from = 800, .to = 50, .level_time = {}, .ramp_time = seconds(5)},
      {.from = 10, .to = 10, .level_time = seconds(1), .ramp_time = seconds(2)},
      {.from = 900, .to = 0, .level_time = seconds(1), .ramp_time = seconds(2)}};
  for (const RateProfile& profile : profiles)
    times_of_counts(profile);
}

TEST_CASE("a ramp down to zero ends, and says so") {
  const RateProfile down{.from = 100, .to = 0, .level_time = {}, .ramp_time = seconds(2)};
  Arrivals arrivals(down, Arrival::uniform, 0.5, 1);
  uint64_t count = 0;
  while (arrivals.next())
    ++count;
  CHECK(count == 100);
}

TEST_CASE("uniform arrivals are evenly spaced, and those of several generators interleave") {
  Arrivals alone(constant(1000), Arrival::uniform, 0, 1);
  CHECK(alone.next() == Duration(0));
  CHECK(alone.next() == milliseconds(1));
  CHECK(alone.next() == milliseconds(2));
  Arrivals first(constant(1000).share(2), Arrival::uniform, 0.25, 1);
  Arrivals second(constant(1000).share(2), Arrival::uniform, 0.75, 1);
  for (int i = 0; i < 100; ++i) {
    CHECK(first.next() == milliseconds(2 * i) + microseconds(500));
    CHECK(second.next() == milliseconds(2 * i) + microseconds(1500));
  }
}

TEST_CASE("Poisson arrivals have the profile's count and the spread of independent users") {
  const RateProfile ramp{.from = 0, .to = 2000, .level_time = seconds(1), .ramp_time = seconds(10)};
  double sum = 0, squares = 0;
  constexpr int runs = 200;
  for (uint64_t seed = 0; seed < runs; ++seed) {
    Arrivals arrivals(ramp, Arrival::poisson, 0, seed);
    const auto count = static_cast<double>(count_until(arrivals, seconds(6)));
    sum += count;
    squares += count * count;
  }
  // Expected: 2500 in the first half of the ramp; the variance of a Poisson count is its mean.
  const double mean = sum / runs;
  CHECK(mean == doctest::Approx(2500).epsilon(0.01));
  const double variance = squares / runs - mean * mean;
  CHECK(variance > 2500 * 0.6);
  CHECK(variance < 2500 * 1.5);
}

TEST_CASE("arrivals never go back in time") {
  const RateProfile ramp{
      .from = 10, .to = 100'000, .level_time = milliseconds(10), .ramp_time = seconds(1)};
  Arrivals arrivals(ramp, Arrival::poisson, 0, 42);
  Duration last{};
  for (int i = 0; i < 20'000; ++i) {
    const auto due = arrivals.next();
    REQUIRE(due);
    CHECK(*due >= last);
    last = *due;
  }
}

TEST_CASE("a backlog gives back oldest first, and counts what it had no room for") {
  Backlog backlog(3);
  const auto at = [](int64_t n) { return MonoTime(Duration(n)); };
  CHECK(!backlog.pop());
  for (int64_t i = 1; i <= 3; ++i)
    CHECK(backlog.push(at(i)));
  CHECK(!backlog.push(at(4)));
  CHECK(!backlog.push(at(5)));
  CHECK(backlog.missed() == 2);
  CHECK(backlog.pop() == at(1));
  CHECK(backlog.push(at(6)));
  CHECK(backlog.size() == 3);
  for (const int64_t expected : {2, 3, 6})
    CHECK(backlog.pop() == at(expected));
  CHECK(backlog.empty());
}

}  // namespace weir::load
