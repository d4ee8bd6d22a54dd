#pragma once
// Meter: the CPU time that recording costs one shard, found by timing one call in 1,024, drawn at
// random so that calls which take turns are all met. A call is the scope of a Metered: the part of
// a request's step that records. A sample that was interrupted (over 10 us) counts as the ones
// before it. One writer; any thread reads.
//
//   const telemetry::Metered metered(tracer.meter());
//   ... record ...

#include <atomic>
#include <cstdint>

#include "base/random.h"

namespace weir::telemetry {

class Meter {
 public:
  static constexpr uint64_t calls_a_sample = 1024;  // on average
  static constexpr int64_t interrupted_ns = 10'000;

  explicit Meter(uint64_t seed) : random_(seed), left_(draw()) {}

  bool due() {
    if (--left_ != 0) [[likely]]
      return false;
    left_ = draw();
    return true;
  }
  // What a clock read gives, in nanoseconds.
  static int64_t clock_ns();
  // One call took so long, clock included.
  void sample(int64_t ns);

  // Of all calls so far, extrapolated. Any thread.
  uint64_t spent_ns() const { return spent_ns_.load(std::memory_order_relaxed); }

 private:
  uint64_t draw() { return 1 + random_.below(2 * calls_a_sample - 1); }

  Random random_;
  uint64_t left_;
  int64_t usual_ns_ = 0;  // moving mean of samples
  std::atomic<uint64_t> spent_ns_{0};
};

class Metered {
 public:
  explicit Metered(Meter& meter) : meter_(meter.due() ? &meter : nullptr) {
    if (meter_) [[unlikely]]
      begin_ns_ = Meter::clock_ns();
  }
  Metered(const Metered&) = delete;
  Metered& operator=(const Metered&) = delete;
  ~Metered() {
    if (meter_) [[unlikely]]
      meter_->sample(Meter::clock_ns() - begin_ns_);
  }

 private:
  Meter* meter_;  // nullptr: not this time
  int64_t begin_ns_ = 0;
};

}  // namespace weir::telemetry
