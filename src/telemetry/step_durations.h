#pragma once
// StepDurations: how often requests of each kind were answered within the present step of a shard,
// until it is known how long that took. To record a duration many times costs what it costs to
// record it once. Bounded by the kinds that there are, of which one step has few. One thread.

#include <vector>

#include "telemetry/instrument.h"

namespace weir::telemetry {

class StepDurations {
 public:
  StepDurations() { kinds_.reserve(kinds_expected); }

  bool empty() const { return kinds_.empty(); }
  uint64_t requests() const {
    uint64_t requests = 0;
    for (const Kind& kind : kinds_)
      requests += kind.requests;
    return requests;
  }
  // One more whose duration belongs to `durations`.
  void count(Histogram durations) {
    for (Kind& kind : kinds_)
      if (kind.durations == durations) {
        ++kind.requests;
        return;
      }
    kinds_.push_back({durations, 1});
  }
  // Each of them took so long.
  void settle(Duration took) {
    for (Kind& kind : kinds_)
      kind.durations.record(took, kind.requests);
    kinds_.clear();
  }

 private:
  static constexpr size_t kinds_expected = 16;
  struct Kind {
    Histogram durations;
    uint64_t requests;
  };

  std::vector<Kind> kinds_;
};

}  // namespace weir::telemetry
