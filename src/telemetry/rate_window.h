#pragma once
// RateWindow: how fast a total grew over the last 10 s. Somebody ticks it about once a second with
// the total and the time; anyone may ask for the rate. Bounded: keeps one reading a second at most.
// Reads no clock.
//
//   RateWindow rate;
//   every second:  rate.tick(now, registry.total(requests));
//   auto gauge = registry.observe(qps_decl, {}, [&] { return rate.per_second(); });

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/time.h"

namespace weir::telemetry {

class RateWindow {
 public:
  static constexpr Duration window = seconds(10);

  // Takes a reading; one that is less than half a second younger than the last is left out. A total
  // that shrinks starts the window anew. Any thread.
  void tick(MonoTime now, uint64_t total);

  // Growth a second, and growth, between the oldest reading within the window and the newest; 0
  // until there are two. As of the last tick. Any thread.
  double per_second() const { return per_second_.load(std::memory_order_relaxed); }
  uint64_t increase() const { return increase_.load(std::memory_order_relaxed); }

 private:
  struct Reading {
    MonoTime time;
    uint64_t total;
  };
  // One more than the seconds in the window at two readings a second.
  static constexpr size_t readings_max = 21;

  std::mutex mutex_;  // guards the readings
  std::array<Reading, readings_max> readings_;
  size_t first_ = 0;
  size_t count_ = 0;
  std::atomic<double> per_second_{0};
  std::atomic<uint64_t> increase_{0};
};

}  // namespace weir::telemetry
