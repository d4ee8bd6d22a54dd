#include "telemetry/governor.h"

#include <algorithm>

namespace weir::telemetry {

ShedStep Governor::tick(double used) {
  if (since_down_ <= soon_seconds) ++since_down_;
  if (since_down_ > soon_seconds && step_ == 0) calm_wanted_ = calm_seconds_min;
  calm_ = used < calm_below ? calm_ + 1 : 0;
  if (used > 1 && step_ + 1 < shed_step_names.size()) {
    if (since_down_ <= soon_seconds) calm_wanted_ = std::min(calm_wanted_ * 2, calm_seconds_max);
    since_down_ = soon_seconds + 1;
    ++step_;
  } else if (step_ > 0 && calm_ >= calm_wanted_) {
    --step_;
    calm_ = since_down_ = 0;
  }
  return step();
}

}  // namespace weir::telemetry
