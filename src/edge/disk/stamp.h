#pragma once
// Stamp: a moment, to compare what was stored with what was purged, across restarts and whatever
// the wall clock does: the number of the run that it lies in, then the run's monotonic time in
// steps of 16 us. Equal stamps may be either order. A value; 0 is before everything.

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace weir::edge::disk {

struct Stamp {
  uint64_t value = 0;

  static constexpr unsigned time_bits = 48, step_bits = 14;
  static constexpr uint32_t epoch_max = 0xffff;

  static Stamp at(uint32_t epoch, MonoTime time) {
    const int64_t since = nanos(time);
    const uint64_t steps = since > 0 ? static_cast<uint64_t>(since) >> step_bits : 0;
    return {uint64_t{epoch} << time_bits | (steps & ((uint64_t{1} << time_bits) - 1))};
  }
  uint32_t epoch() const { return static_cast<uint32_t>(value >> time_bits); }
  auto operator<=>(const Stamp&) const = default;
};

}  // namespace weir::edge::disk
