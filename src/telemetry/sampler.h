#pragma once
// Sampler: which traces are kept. Consistent probability sampling as OpenTelemetry specifies it: a
// trace has 56 random bits R (the low bits of its id), a rate p is the threshold T = (1 - p) *
// 2^56, and the trace is kept when R >= T. Whoever samples the same trace at a higher rate keeps it
// too. A kept trace stands for 2^56 / (2^56 - T) traces.
//
// One a process; every shard reads it at each trace. The rate may be changed at any time, from any
// thread.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace weir::telemetry {

inline constexpr uint64_t randomness_end = uint64_t{1} << 56;

// The threshold of a rate between 0 (never, 2^56) and 1 (always, 0). Rounded to four hexadecimal
// digits behind the leading f's, so that the th value that travels in tracestate is exact.
uint64_t threshold_of(double rate);

class Sampler {
 public:
  explicit Sampler(double rate) { set_rate(rate); }

  void set_rate(double rate) { threshold_.store(threshold_of(rate), std::memory_order_relaxed); }
  uint64_t threshold() const { return threshold_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> threshold_;
};

// At most `per_second` takings on average, and as many (but one, if that is less) at once. Reads no
// clock. One thread.
class TokenBucket {
 public:
  explicit TokenBucket(double per_second)
      : per_second_(per_second), tokens_(per_second > 0 ? std::max(per_second, 1.0) : 0) {}
  bool take(MonoTime now);

 private:
  double per_second_;
  double tokens_;
  MonoTime last_{};
};

}  // namespace weir::telemetry
