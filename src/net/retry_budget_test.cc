#include "net/retry_budget.h"

#include <doctest/doctest.h>

namespace weir::net {

// allow(function-length): a table of cases
namespace {

struct Row {
  const char* what;
  FailedAttempt attempt;
  bool safe;
};

// Of a request that is replayable and has never reached the origin.
FailedAttempt not_connected(ErrorCode error) {
  return {.error = error, .body_replayable = true};
}

// Of an idempotent, replayable request over a connection that had carried one before.
FailedAttempt on_reused(ErrorCode error) {
  return {.error = error,
          .connected = true,
          .reused = true,
          .idempotent = true,
          .body_replayable = true};
}

FailedAttempt but(FailedAttempt attempt, bool FailedAttempt::* member, bool value) {
  attempt.*member = value;
  return attempt;
}

}  // namespace

TEST_CASE("only a request that cannot have had an effect is sent again") {
  using enum ErrorCode;
  using A = FailedAttempt;
  const Row rows[] = {
      {"the breaker refused it", not_connected(breaker_open), false},
      {"it did, and there is another origin", but(not_connected(breaker_open), &A::elsewhere, true),
       true},
      {"nobody listens", not_connected(refused), true},
      {"no connection in time", not_connected(timed_out), true},
      {"no TLS", not_connected(tls), true},
      {"reset while connecting", not_connected(reset), true},
      {"a body that is gone", but(not_connected(refused), &A::body_replayable, false), false},
      {"the client left", not_connected(cancelled), false},
      {"the pool is full", not_connected(overloaded), false},
      {"an idle connection ended", on_reused(closed), true},
      {"an idle connection was reset", on_reused(reset), true},
      {"a POST over it", but(on_reused(closed), &A::idempotent, false), false},
      {"a new connection ended", but(on_reused(closed), &A::reused, false), false},
      {"it did, and there is another origin",
       but(but(on_reused(closed), &A::reused, false), &A::elsewhere, true), true},
      {"a POST over it, and there is another origin",
       but(but(on_reused(closed), &A::idempotent, false), &A::elsewhere, true), false},
      {"an answer had begun", but(on_reused(closed), &A::response_started, true), false},
      {"the origin was slow", on_reused(timed_out), false},
      {"the answer was broken", on_reused(invalid), false},
      {"it wants HTTP/1.1", on_reused(unsupported), true},
      {"a POST to it", but(on_reused(unsupported), &A::idempotent, false), false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(is_safe_to_retry(row.attempt) == row.safe);
  }
}

TEST_CASE("only what reached no origin is asked of another one for nothing") {
  FailedAttempt attempt = not_connected(ErrorCode::refused);
  CHECK(!is_free_retry(attempt));
  attempt.elsewhere = true;
  CHECK(is_free_retry(attempt));
  attempt.connected = true;
  CHECK(!is_free_retry(attempt));
}

TEST_CASE("retries stay below their share of attempts once the first few are used up") {
  RetryBudget budget(0.2);
  int retries = 0;
  for (int i = 0; i < 10'000; ++i) {
    budget.attempted();
    if (budget.take()) ++retries;
  }
  CHECK(retries >= 2000);
  CHECK(retries <= 2000 + static_cast<int>(RetryBudget::tokens_max));
}

TEST_CASE("a budget that was saved up is bounded, and a share of nothing allows nothing") {
  RetryBudget saved(0.5);
  for (int i = 0; i < 1000; ++i)
    saved.attempted();
  int retries = 0;
  while (saved.take())
    ++retries;
  CHECK(retries == static_cast<int>(RetryBudget::tokens_max));
  RetryBudget none(0);
  none.attempted();
  CHECK(!none.take());
}

}  // namespace weir::net
