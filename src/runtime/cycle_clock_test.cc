#include "runtime/cycle_clock.h"

#include <doctest/doctest.h>

#include "runtime/reactor.h"

namespace weir::runtime {

namespace {

// Whether what the clock says now lies where the kernel's says, but for `off`.
bool agrees(const CycleClock& clock, Duration off) {
  const MonoTime before = read_monotonic_clock();
  const MonoTime fresh = clock.fresh();
  return fresh >= before - off && fresh <= read_monotonic_clock() + off;
}

}  // namespace

TEST_CASE("between two reads it goes on as the kernel's clock does") {
  CycleClock clock;
  const MonoTime end = read_monotonic_clock() + milliseconds(400);
  int wrong = 0, asked = 0;
  for (MonoTime now = clock.read(); now < end; now = clock.read())
    for (int i = 0; i < 50; ++i, ++asked)
      wrong += agrees(clock, microseconds(50)) ? 0 : 1;
  // One that was taken from its core between the two clocks is off until the next turn.
  CHECK(wrong <= asked / 100);
}

TEST_CASE("long after a read the kernel is asked") {
  CycleClock clock;
  for (const MonoTime end = read_monotonic_clock() + milliseconds(150); clock.read() < end;) {
  }
  for (const MonoTime end = read_monotonic_clock() + milliseconds(50);
       read_monotonic_clock() < end;) {
  }
  CHECK(agrees(clock, Duration(0)));
}

}  // namespace weir::runtime
