#pragma once
// Arrivals: when the requests of an open loop are due, whatever the server does. Pure arithmetic:
// the profile says how many requests are expected until a time, and an arrival is the time at which
// that number reaches the next step: steps of one for uniform arrivals, exponentially distributed
// ones for a Poisson process (time rescaling: it stays exact while the rate changes).
//
//   rate
//    to  |            ________
//        |          /
//   from |_________/
//        +---------+--+-------- time
//         level_time  ramp_time

#include <cstdint>
#include <optional>

#include "base/random.h"
#include "base/time.h"

namespace weir::load {

enum class Arrival : uint8_t { poisson, uniform };

// Requests per second over time: `from` for a while (the warm-up), then linearly to `to`, then
// level.
struct RateProfile {
  double from = 0;
  double to = 0;
  Duration level_time{};
  Duration ramp_time{};

  double rate_at(Duration since_start) const;
  // How many requests are expected from the start until then.
  double expected_until(Duration since_start) const;
  // The inverse: when that many are expected; nothing if they never are (a ramp down to zero).
  std::optional<Duration> time_of(double expected) const;
  // The part of one of `parts` generators.
  RateProfile share(uint32_t parts) const;
};

class Arrivals {
 public:
  // `phase` in [0, 1) is where in its own interval uniform arrivals lie, so that several generators
  // interleave.
  Arrivals(const RateProfile& profile, Arrival kind, double phase, uint64_t seed)
      : profile_(profile),
        kind_(kind),
        expected_(kind == Arrival::uniform ? phase : 0),
        random_(seed) {}

  // The next one, from the start; not before the one before. Nothing when no more come.
  std::optional<Duration> next();

 private:
  RateProfile profile_;
  Arrival kind_;
  double expected_;
  Random random_;
  bool first_ = true;
};

}  // namespace weir::load
