#include "telemetry/meter.h"

#include <algorithm>
#include <time.h>

namespace weir::telemetry {

namespace {

// Between two readings of the clock with nothing between them.
int64_t clock_cost_ns() {
  static const int64_t cost = [] {
    int64_t least = INT64_MAX;
    for (int i = 0; i < 100; ++i) {
      const int64_t begin = Meter::clock_ns();
      least = std::min(least, Meter::clock_ns() - begin);
    }
    return least;
  }();
  return cost;
}

}  // namespace

int64_t Meter::clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Meter::sample(int64_t ns, uint64_t requests) {
  if (ns > call_ns_max + static_cast<int64_t>(requests) * request_ns_max) {
    ns = usual_ns_;
  } else {
    ns = std::max<int64_t>(ns - clock_cost_ns(), 0);
    usual_ns_ += (ns - usual_ns_) / 16;
  }
  spent_ns_.store(
      spent_ns_.load(std::memory_order_relaxed) + static_cast<uint64_t>(ns) * calls_a_sample,
      std::memory_order_relaxed);
}

}  // namespace weir::telemetry
