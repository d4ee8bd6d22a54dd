#include "load/arrivals.h"

#include <algorithm>
#include <cmath>

namespace weir::load {
namespace {

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Saturates: a rate of one in a century is "not in this run".
std::optional<Duration> from_seconds(double time) {
  constexpr double longest = 1e9;
  if (!(time < longest)) return std::nullopt;
  return Duration(static_cast<int64_t>(std::llround(time * 1e9)));
}

}  // namespace

double RateProfile::rate_at(Duration since_start) const {
  if (since_start < level_time) return from;
  const Duration into_ramp = since_start - level_time;
  if (into_ramp >= ramp_time) return to;
  return from + (to - from) * in_seconds(into_ramp) / in_seconds(ramp_time);
}

double RateProfile::expected_until(Duration since_start) const {
  double count = from * in_seconds(std::min(since_start, level_time));
  if (since_start <= level_time) return count;
  const Duration into_ramp = std::min(since_start - level_time, ramp_time);
  count += (from + rate_at(level_time + into_ramp)) / 2 * in_seconds(into_ramp);
  return count + to * in_seconds(since_start - level_time - into_ramp);
}

std::optional<Duration> RateProfile::time_of(double expected) const {
  const double level = from * in_seconds(level_time);
  if (expected < level) return from_seconds(expected / from);
  const double beyond = expected - level;
  const double ramp = in_seconds(ramp_time);
  const double in_ramp = (from + to) / 2 * ramp;
  if (beyond < in_ramp) {
    // from*t + slope*t^2/2 = beyond, solved in the form that survives a slope of zero.
    const double slope = (to - from) / ramp;
    const double root = std::sqrt(std::max(from * from + 2 * slope * beyond, 0.0));
    return from_seconds(in_seconds(level_time) + 2 * beyond / (from + root));
  }
  return from_seconds(in_seconds(level_time) + ramp + (beyond - in_ramp) / to);
}

RateProfile RateProfile::share(uint32_t parts) const {
  RateProfile part = *this;
  part.from /= parts;
  part.to /= parts;
  return part;
}

std::optional<Duration> Arrivals::next() {
  if (kind_ == Arrival::poisson)
    expected_ += -std::log1p(-random_.unit());
  else if (!first_)
    expected_ += 1;
  first_ = false;
  return profile_.time_of(expected_);
}

}  // namespace weir::load
