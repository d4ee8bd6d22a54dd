#pragma once
// KeepGate: a ceiling on what is kept a second that stays honest. Above half of the ceiling it does
// not refuse, it lowers the probability of keeping, by half for each 1/48 of the ceiling that was
// kept since; the next second starts with the share that would have met half of the ceiling. Since
// the probability follows from the past alone and goes with each kept trace, sums of adjusted
// counts stay right whatever the burst; a hard limit would make them lie. Holds the ceiling up to
// some ten million candidates a second. One thread; reads no clock.

#include <algorithm>
#include <cmath>

#include "base/time.h"
#include "telemetry/threshold.h"

namespace weir::telemetry {

class KeepGate {
 public:
  explicit KeepGate(double per_second = 0) : ceiling_(per_second) {}

  void set_ceiling(double per_second) { ceiling_ = per_second; }
  double ceiling() const { return ceiling_; }

  // One more candidate, which `threshold` would keep: the threshold, at or above that one, which
  // holds the ceiling. Call kept() if it passes.
  uint64_t raise(uint64_t threshold, MonoTime now) {
    const int64_t second = nanos(now) / 1'000'000'000;
    // What began in the second before comes a little late, and belongs to this one.
    if (second > second_) [[unlikely]]
      begin(second);
    ++candidates_;
    return share_ >= 1 ? threshold : raised(threshold, share_);
  }
  void kept() {
    kept_ += 1;
    update();
  }

 private:
  void begin(int64_t second) {
    const double half = ceiling_ / 2;
    const double before = second == second_ + 1 ? candidates_ : 0;
    start_ = before > half ? half / before : 1;
    second_ = second;
    candidates_ = kept_ = 0;
    update();
  }
  void update() {
    const double above = kept_ - ceiling_ / 2;
    share_ = above < 0 ? start_ : ceiling_ > 0 ? start_ * std::exp2(-48 * above / ceiling_) : 0;
  }

  double ceiling_;
  int64_t second_ = INT64_MIN / 2;
  double candidates_ = 0;
  double kept_ = 0;
  double start_ = 1;  // of this second
  double share_ = 1;  // now
};

}  // namespace weir::telemetry
