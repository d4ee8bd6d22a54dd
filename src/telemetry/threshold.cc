#include "telemetry/threshold.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weir::telemetry {

uint64_t threshold_of(double rate) {
  if (!(rate > 0)) return randomness_end;
  if (rate >= 1) return 0;
  const auto exact = static_cast<uint64_t>(std::llround((1 - rate) * 0x1p56));
  // Leading f's of the 14 hexadecimal digits, then four more.
  const int leading = std::countl_one(exact << 8) / 4;
  const int digits = std::min(14, leading + 4);
  const uint64_t unit = uint64_t{1} << (4 * (14 - digits));
  return std::min((exact + unit / 2) / unit * unit, randomness_end - 1);
}

uint64_t raised(uint64_t threshold, double share) {
  if (share >= 1) return threshold;
  return std::max(threshold, threshold_of(probability_of(threshold) * share));
}

}  // namespace weir::telemetry
