#include "runtime/timer_wheel.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

namespace weir::runtime {
namespace {

constexpr Duration tick = Duration(1 << 20);

struct Alarm {
  Alarm() : timer(&fired, this) {}
  static void fired(void* owner) { ++static_cast<Alarm*>(owner)->count; }
  Timer timer;
  MonoTime expected = never;
  int count = 0;
};

}  // namespace

TEST_CASE("timers fire once, not before their deadline and at most two ticks behind it") {
  Random random(3);
  MonoTime now(hours(5));
  TimerWheel wheel(now);
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 5000; ++i) {
    auto alarm = std::make_unique<Alarm>();
    const auto exponent = random.below(45);
    alarm->expected =
        now + Duration(static_cast<int64_t>(random.below(uint64_t{1} << exponent) + 1));
    wheel.arm(alarm->timer, alarm->expected);
    alarms.push_back(std::move(alarm));
  }
  const MonoTime end = now + hours(10);
  while (now < end && wheel.next() != never) {
    const MonoTime before = now;
    now = std::max(wheel.next(), now + Duration(static_cast<int64_t>(random.below(1 << 22))));
    wheel.advance(now);
    size_t early = 0, late = 0;
    for (auto& alarm : alarms) {
      early += alarm->expected > now && alarm->count != 0;
      late += alarm->expected + 2 * tick <= before && alarm->count != 1;
    }
    REQUIRE(early == 0);
    REQUIRE(late == 0);
  }
  for (auto& alarm : alarms)
    CHECK(alarm->count == 1);
}

TEST_CASE("a deadline that moves later costs no relinking and is honoured") {
  MonoTime now(seconds(1));
  TimerWheel wheel(now);
  Alarm alarm;
  wheel.arm(alarm.timer, now + milliseconds(50));
  for (int i = 1; i <= 100; ++i) {
    wheel.arm(alarm.timer, now + milliseconds(50));
    now += milliseconds(10);
    wheel.advance(now);
    REQUIRE(alarm.count == 0);
  }
  wheel.advance(now + milliseconds(60));
  CHECK(alarm.count == 1);
}

TEST_CASE("a deadline that moves earlier is honoured") {
  MonoTime now(seconds(1));
  TimerWheel wheel(now);
  Alarm alarm;
  wheel.arm(alarm.timer, now + hours(1));
  wheel.arm(alarm.timer, now + milliseconds(5));
  wheel.advance(now + milliseconds(8));
  CHECK(alarm.count == 1);
}

TEST_CASE("a disarmed timer and a dead timer do not fire") {
  const MonoTime now(seconds(1));
  TimerWheel wheel(now);
  Alarm kept;
  {
    Alarm dead;
    wheel.arm(dead.timer, now + milliseconds(5));
    wheel.arm(kept.timer, now + milliseconds(5));
  }
  kept.timer.disarm();
  wheel.advance(now + seconds(1));
  CHECK(kept.count == 0);
}

}  // namespace weir::runtime
