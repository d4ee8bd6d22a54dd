#include "telemetry/rate_window.h"

#include <doctest/doctest.h>

namespace weir::telemetry {

namespace {
MonoTime at(Duration since_start) {
  return MonoTime(hours(1)) + since_start;
}
}  // namespace

TEST_CASE("a rate is the growth over the last ten seconds") {
  RateWindow rate;
  CHECK(rate.per_second() == 0);
  for (int second = 0; second <= 60; ++second)
    rate.tick(at(seconds(second)), static_cast<uint64_t>(second) * 500);
  CHECK(rate.per_second() == doctest::Approx(500));
  CHECK(rate.increase() == 5000);
  for (int second = 61; second <= 70; ++second)
    rate.tick(at(seconds(second)), 30'000);
  CHECK(rate.per_second() == 0);
}

TEST_CASE("a young window is measured over the time it has") {
  RateWindow rate;
  rate.tick(at(seconds(0)), 100);
  CHECK(rate.per_second() == 0);
  rate.tick(at(seconds(2)), 300);
  CHECK(rate.per_second() == doctest::Approx(100));
}

TEST_CASE("readings in quick succession do not shorten the window") {
  RateWindow rate;
  for (int ms = 0; ms <= 20'000; ms += 10)
    rate.tick(at(milliseconds(ms)), static_cast<uint64_t>(ms));
  CHECK(rate.per_second() == doctest::Approx(1000));
  CHECK(rate.increase() >= 9500);
}

TEST_CASE("after a silence the rate is that of the silence, and a total that shrinks starts anew") {
  RateWindow rate;
  rate.tick(at(seconds(0)), 0);
  rate.tick(at(seconds(1)), 1000);
  rate.tick(at(seconds(61)), 1600);
  CHECK(rate.per_second() == 0);
  rate.tick(at(seconds(62)), 1700);
  CHECK(rate.per_second() == doctest::Approx(100));
  rate.tick(at(seconds(63)), 5);
  CHECK(rate.per_second() == 0);
}

}  // namespace weir::telemetry
