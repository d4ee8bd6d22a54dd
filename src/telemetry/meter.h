#pragma once
// Meter: the CPU time that recording costs one shard, found by timing one call in 1,024, drawn at
// random so that calls which take turns are all met. A call is the scope of a Metered: the part of
// a request's step that records, or what is recorded of many requests when their step ends. What
// took longer than so many requests can take was interrupted, and counts as the samples before it:
// it would stand for a thousand calls. The clock of the thread's own CPU time would not do, since
// interrupts are in it. One writer; any thread reads.
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
  // The longest that a call takes: for itself, and for each request of which it records.
  static constexpr int64_t call_ns_max = 10'000;
  static constexpr int64_t request_ns_max = 500;

  explicit Meter(uint64_t seed) : random_(seed), left_(draw()) {}

  bool due() {
    if (--left_ != 0) [[likely]]
      return false;
    left_ = draw();
    return true;
  }
  // What a clock read gives, in nanoseconds.
  static int64_t clock_ns();
  // One call, which recorded of so many requests, took so long, clock included.
  void sample(int64_t ns, uint64_t requests);

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
  explicit Metered(Meter& meter, uint64_t requests = 1)
      : meter_(meter.due() ? &meter : nullptr), requests_(requests) {
    if (meter_) [[unlikely]]
      begin_ns_ = Meter::clock_ns();
  }
  Metered(const Metered&) = delete;
  Metered& operator=(const Metered&) = delete;
  ~Metered() {
    if (meter_) [[unlikely]]
      meter_->sample(Meter::clock_ns() - begin_ns_, requests_);
  }

 private:
  Meter* meter_;  // nullptr: not this time
  uint64_t requests_;
  int64_t begin_ns_ = 0;
};

}  // namespace weir::telemetry
