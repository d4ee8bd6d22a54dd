#include "net/retry_budget.h"

namespace weir::net {

bool is_safe_to_retry(const FailedAttempt& attempt) {
  if (attempt.response_started || !attempt.body_replayable) return false;
  switch (attempt.error) {
    case ErrorCode::breaker_open:
      return attempt.elsewhere;
    case ErrorCode::cancelled:
    case ErrorCode::overloaded:
      return false;
    case ErrorCode::refused:
      return true;
    case ErrorCode::unsupported:
      return attempt.connected && attempt.idempotent;
    case ErrorCode::closed:
    case ErrorCode::reset:
      return !attempt.connected || (attempt.idempotent && (attempt.reused || attempt.elsewhere));
    default:
      return !attempt.connected;
  }
}

}  // namespace weir::net
