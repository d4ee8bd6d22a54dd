#include "net/retry_budget.h"

#include <doctest/doctest.h>

namespace weir::net {

// allow(function-length): a table of cases
TEST_CASE("only a request that cannot have had an effect is sent again") {
  struct Row {
    const char* what;
    FailedAttempt attempt;
    bool safe;
  };
  using enum ErrorCode;
  const Row rows[] = {
      {"nobody listens", {.error = refused, .body_replayable = true}, true},
      {"no connection in time", {.error = timed_out, .body_replayable = true}, true},
      {"no TLS", {.error = tls, .body_replayable = true}, true},
      {"reset while connecting", {.error = reset, .body_replayable = true}, true},
      {"a body that is gone", {.error = refused, .body_replayable = false}, false},
      {"the client left", {.error = cancelled, .body_replayable = true}, false},
      {"the pool is full", {.error = overloaded, .body_replayable = true}, false},
      {"an idle connection ended",
       {.error = closed,
        .connected = true,
        .reused = true,
        .idempotent = true,
        .body_replayable = true},
       true},
      {"an idle connection was reset",
       {.error = reset,
        .connected = true,
        .reused = true,
        .idempotent = true,
        .body_replayable = true},
       true},
      {"a POST met the end of an idle connection",
       {.error = closed,
        .connected = true,
        .reused = true,
        .idempotent = false,
        .body_replayable = true},
       false},
      {"a new connection ended",
       {.error = closed,
        .connected = true,
        .reused = false,
        .idempotent = true,
        .body_replayable = true},
       false},
      {"an answer had begun",
       {.error = closed,
        .connected = true,
        .reused = true,
        .response_started = true,
        .idempotent = true,
        .body_replayable = true},
       false},
      {"the origin was slow",
       {.error = timed_out,
        .connected = true,
        .reused = true,
        .idempotent = true,
        .body_replayable = true},
       false},
      {"the answer was broken",
       {.error = invalid,
        .connected = true,
        .reused = true,
        .idempotent = true,
        .body_replayable = true},
       false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(is_safe_to_retry(row.attempt) == row.safe);
  }
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
