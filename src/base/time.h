#pragma once
// Clock types: values only. Who reads a clock is the reactor (runtime/reactor.h), so that a
// simulated one can stand in.

#include <chrono>
#include <cstdint>

namespace weir {

using Duration = std::chrono::nanoseconds;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Tags of the two clocks; times of one cannot be compared with times of the other.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};

// Since the start of the machine; never jumps. Deadlines and latencies.
using MonoTime = MonotonicClock::time_point;
// Since 1970-01-01 UTC; may jump. Dates and log lines.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline constexpr MonoTime never = MonoTime::max();

// Nanoseconds since the clock's zero.
constexpr int64_t nanos(MonoTime t) {
  return t.time_since_epoch().count();
}
constexpr int64_t nanos(WallTime t) {
  return t.time_since_epoch().count();
}

// `t + d` that stays at `never` instead of overflowing.
constexpr MonoTime after(MonoTime t, Duration d) {
  return d > never - t ? never : t + d;
}

}  // namespace weir
