#pragma once
// Whether a request may be sent to an origin a second time: is_safe_to_retry() decides from what
// happened, RetryBudget from how many retries there have been. Both pure; one budget an origin and
// shard, so a process with N shards holds the share in each of them.

#include <algorithm>
#include <cstdint>

#include "base/result.h"

namespace weir::net {

// What is known of an attempt that failed.
struct FailedAttempt {
  ErrorCode error = ErrorCode::io;
  bool connected = false;         // false: not a byte can have been sent
  bool reused = false;            // the connection had carried a request before
  bool response_started = false;  // a byte of an answer came
  bool idempotent = false;        // the method (RFC 9110 9.2.2)
  bool body_replayable = false;   // no body, or all of it is still at hand
  bool elsewhere = false;         // the next attempt can go to another origin
};

// A request that was kept from its origin goes to another one, or nowhere: the same breaker would
// refuse it again. One that was not connected has had no effect, nor has one that the origin says
// it has not looked at (`refused`, in HTTP/2). One to which the origin said that it wants to be
// asked over HTTP/1.1 (`unsupported`) may be repeated where that does no harm. One that met the end
// of an idle connection very likely has none; where repeating it does no harm, it may be repeated,
// and so may one whose origin has gone if there is another. Any other may not.
bool is_safe_to_retry(const FailedAttempt& attempt);
// Whether the retry burdens nobody more than the first attempt would have: that has reached no
// origin, and the next one asks another. It needs no budget.
inline bool is_free_retry(const FailedAttempt& attempt) {
  return !attempt.connected && attempt.elsewhere;
}

// A token bucket: each attempt puts in `share`, a retry takes 1.
class RetryBudget {
 public:
  // So that a quiet origin may be tried again, too, and what was under way to one that was killed.
  static constexpr double tokens_max = 100;

  explicit RetryBudget(double share) : share_(share), tokens_(share > 0 ? tokens_max : 0) {}
  void attempted() { tokens_ = std::min(tokens_ + share_, tokens_max); }
  // False when it is used up.
  bool take() {
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // What was taken for a retry that was not made.
  void give_back() { tokens_ = std::min(tokens_ + 1, tokens_max); }

 private:
  double share_;
  double tokens_;
};

}  // namespace weir::net
