#pragma once
// Backoff: how long to wait between the attempts to send one batch: twice as long each time, with
// jitter, so that the nodes of a fleet do not come back together. Pure.

#include <algorithm>
#include <optional>

#include "base/random.h"
#include "otlp/otlp_settings.h"

namespace weir::otlp {

class Backoff {
 public:
  Backoff(const BackoffSettings& settings, MonoTime now)
      : settings_(settings), until_(after(now, settings.elapsed_max)), pause_(settings.initial) {}

  // The pause before the next attempt: between half of what the doubling gives and all of it, and
  // at least `asked`; nothing when it would end behind elapsed_max.
  std::optional<Duration> next(MonoTime now, Duration asked, Random& random) {
    const auto half = static_cast<uint64_t>(pause_.count()) / 2;
    const Duration jittered = pause_ / 2 + Duration(static_cast<int64_t>(random.below(half + 1)));
    pause_ = std::min(pause_ * 2, settings_.max);
    const Duration pause = std::max(jittered, asked);
    if (after(now, pause) >= until_) return std::nullopt;
    return pause;
  }

 private:
  BackoffSettings settings_;
  MonoTime until_;
  Duration pause_;
};

}  // namespace weir::otlp
