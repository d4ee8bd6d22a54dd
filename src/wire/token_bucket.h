#pragma once
// TokenBucket: how often something may happen: at a rate, and in a burst of what it has saved up.
// Time comes in as an argument.

#include <algorithm>

#include "base/time.h"

namespace weir::wire {

class TokenBucket {
 public:
  // `burst` tokens at the start, `per_second` more a second, never more than `burst`.
  TokenBucket(double per_second, double burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // False when there are not that many; then none is taken.
  bool take(MonoTime now, double tokens = 1) {
    if (now > last_) {
      const double passed = std::chrono::duration<double>(now - last_).count();
      tokens_ = std::min(burst_, tokens_ + passed * per_second_);
      last_ = now;
    }
    if (tokens_ < tokens) return false;
    tokens_ -= tokens;
    return true;
  }
  // What somebody earned.
  void add(double tokens) { tokens_ = std::min(burst_, tokens_ + tokens); }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  MonoTime last_{};
};

}  // namespace weir::wire
