// The whole proxy under a mixture of faults from each seed: never a torn body taken for whole,
// never one user's answer to another, every request answered or its connection closed in time.
//
//   WEIR_SIM_SEEDS=5000   how many seeds (500 unless told)
//   WEIR_SIM_FROM=1       the first of them
//   WEIR_SIM_SEED=42      this one alone
#include <cstdlib>

#include <doctest/doctest.h>

#include "base/units.h"
#include "sim/edge_world.h"

namespace weir::sim {
namespace {

uint64_t number_from(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? parse_u64(text).value_or(otherwise) : otherwise;
}

EdgeWorldPlan peaceful(uint64_t seed) {
  EdgeWorldPlan plan{.seed = seed};
  plan.clients = {.pipelined = 0.5, .body = 0.5, .expect_continue = 0.3, .shared = 0.3};
  return plan;
}

}  // namespace

TEST_CASE("in a world without faults the edge answers everything right") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const EdgeWorldOutcome outcome = run(peaceful(seed));
    CHECK(outcome.fault() == "");
    CHECK(outcome.clients.right == outcome.clients.requests);
    CHECK(outcome.clients.requests > 20);
  }
}

TEST_CASE("whatever fails, no answer is wrong and none is late") {
  const uint64_t one = number_from("WEIR_SIM_SEED", 0);
  const uint64_t first = one ? one : number_from("WEIR_SIM_FROM", 1);
  const uint64_t count = one ? 1 : number_from("WEIR_SIM_SEEDS", 500);
  ClientTally sum;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const EdgeWorldOutcome outcome = run(EdgeWorldPlan::draw(seed));
    INFO("replay with WEIR_SIM_SEED=", seed);
    CHECK(outcome.fault() == "");
    sum.requests += outcome.clients.requests;
    sum.right += outcome.clients.right;
    sum.own_errors += outcome.clients.own_errors;
    sum.torn += outcome.clients.torn;
  }
  if (count < 100) return;
  // The mixtures must do harm, and not only that.
  CHECK(sum.right > sum.requests / 4);
  CHECK(sum.own_errors > count / 10);
  CHECK(sum.torn > count / 10);
}

TEST_CASE("in front of origins of HTTP/2 the edge answers everything right without faults") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    EdgeWorldPlan plan = peaceful(seed);
    plan.http2.emplace();
    const EdgeWorldOutcome outcome = run(plan);
    CHECK(outcome.fault() == "");
    CHECK(outcome.clients.right == outcome.clients.requests);
    CHECK(outcome.clients.requests > 20);
  }
}

TEST_CASE("whatever fails between the edge and origins of HTTP/2, no answer is wrong or late") {
  const uint64_t one = number_from("WEIR_SIM_SEED", 0);
  const uint64_t first = one ? one : number_from("WEIR_SIM_FROM", 1);
  const uint64_t count = one ? 1 : number_from("WEIR_SIM_SEEDS", 300);
  ClientTally sum;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const EdgeWorldOutcome outcome = run(EdgeWorldPlan::draw_http2(seed));
    INFO("replay with WEIR_SIM_SEED=", seed);
    CHECK(outcome.fault() == "");
    sum.requests += outcome.clients.requests;
    sum.right += outcome.clients.right;
    sum.own_errors += outcome.clients.own_errors;
    sum.torn += outcome.clients.torn;
  }
  if (count < 100) return;
  CHECK(sum.right > sum.requests / 4);
  CHECK(sum.own_errors > count / 10);
  CHECK(sum.torn > count / 10);
}

TEST_CASE("a seed plays the whole proxy the same way every time") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const EdgeWorldPlan plan = EdgeWorldPlan::draw(seed);
    const EdgeWorldOutcome outcome = run(plan);
    CHECK(outcome.trace_hash == run(plan).trace_hash);
    const EdgeWorldPlan http2 = EdgeWorldPlan::draw_http2(seed);
    CHECK(run(http2).trace_hash == run(http2).trace_hash);
  }
}

}  // namespace weir::sim
