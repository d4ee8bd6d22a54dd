// The whole proxy under a mixture of faults from each seed: never a torn body taken for whole,
// never one user's answer to another, every request answered or its connection closed in time.
// WEIR_SIM_SEEDS and others say which seeds (runtime/sim_seeds.h).
#include <doctest/doctest.h>

#include "runtime/sim_seeds.h"
#include "sim/edge_world.h"

namespace weir::sim {
namespace {

EdgeWorldPlan peaceful(uint64_t seed) {
  EdgeWorldPlan plan{.seed = seed};
  plan.clients = {.pipelined = 0.5, .body = 0.5, .expect_continue = 0.3, .shared = 0.3};
  return plan;
}

// Without faults everything is right.
void play_in_peace(EdgeWorldPlan plan) {
  CAPTURE(plan.seed);
  const EdgeWorldOutcome outcome = run(plan);
  CHECK(outcome.fault() == "");
  CHECK(outcome.clients.right == outcome.clients.requests);
  CHECK(outcome.clients.requests > 20);
}

// Plays the seeds that the environment names, or so many.
void play_with_faults(EdgeWorldPlan (*draw)(uint64_t seed), uint64_t seeds) {
  const auto [first, count] = runtime::SimSeeds::of(seeds);
  ClientTally sum;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const EdgeWorldOutcome outcome = run(draw(seed));
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

}  // namespace

TEST_CASE("in a world without faults the edge answers everything right") {
  for (uint64_t seed = 1; seed <= 20; ++seed)
    play_in_peace(peaceful(seed));
}

TEST_CASE("whatever fails, no answer is wrong and none is late") {
  play_with_faults(EdgeWorldPlan::draw, 500);
}

TEST_CASE("in front of origins of HTTP/2 the edge answers everything right without faults") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EdgeWorldPlan plan = peaceful(seed);
    plan.http2.emplace();
    play_in_peace(plan);
  }
}

TEST_CASE("whatever fails between the edge and origins of HTTP/2, no answer is wrong or late") {
  play_with_faults(EdgeWorldPlan::draw_http2, 300);
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
