// The caching edge under a mixture of faults from each seed: never an answer that is older than the
// rules allow, never one user's to another, never a torn or mixed body taken for whole, memory
// within its bound, one fetch for a herd.
// WEIR_SIM_SEEDS and others say which seeds (runtime/sim_seeds.h).
#include <doctest/doctest.h>

#include "runtime/sim_seeds.h"
#include "sim/cache_world.h"

namespace weir::sim {

TEST_CASE("in a world without faults every answer of the cache is right, and most come from it") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const CacheWorldPlan plan{.seed = seed};
    const CacheWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.right == outcome.requests);
    CHECK(outcome.fetched < outcome.requests * 2 / 3);
    CHECK(outcome.validated > 0);
  }
}

TEST_CASE("parts are stored, served and completed, without a byte of another version") {
  CacheWorldOutcome sum;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    CacheWorldPlan plan{.seed = seed, .requests = 60, .keys = 2};
    plan.part = 0.95;
    plan.range_bytes_max = 0;
    plan.max_age = 20;
    plan.period = seconds(40);
    plan.ignores_if_range = seed % 2 == 0 ? 0.5 : 0;
    const CacheWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.right == outcome.requests);
    CHECK(outcome.fetched < outcome.requests * 9 / 10);
    sum.parts += outcome.parts;
    sum.assembled += outcome.assembled;
  }
  CHECK(sum.parts > 500);
  CHECK(sum.assembled > 30);
}

TEST_CASE("a herd on one cold key is one fetch, on however many shards") {
  for (size_t shards = 1; shards <= 4; ++shards) {
    CAPTURE(shards);
    CacheWorldPlan plan{.seed = shards, .shards = shards, .clients = 200, .requests = 1, .keys = 1};
    plan.client_pause = milliseconds(50);
    plan.max_age = 60;
    plan.slow = 1;
    const CacheWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.right == outcome.requests);
    // A fifth of the clients ask for what is their own, each for itself.
    CHECK(outcome.fetched < outcome.requests / 3);
  }
}

TEST_CASE("whatever fails, the cache gives nobody what it may not") {
  const auto [first, count] = runtime::SimSeeds::of(150);
  CacheWorldOutcome sum;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const CacheWorldPlan plan = CacheWorldPlan::draw(seed);
    const CacheWorldOutcome outcome = run(plan);
    INFO("replay with WEIR_SIM_SEED=", seed);
    CHECK(outcome.fault(plan) == "");
    sum.requests += outcome.requests;
    sum.right += outcome.right;
    sum.errors += outcome.errors;
    sum.unanswered += outcome.unanswered;
    sum.validated += outcome.validated;
    sum.parts += outcome.parts;
    sum.assembled += outcome.assembled;
  }
  if (count < 100) return;
  // The mixtures must do harm, and not only that.
  CHECK(sum.right > sum.requests / 3);
  CHECK(sum.errors > count / 10);
  CHECK(sum.unanswered > count / 10);
  CHECK(sum.validated > count / 10);
  CHECK(sum.parts > count);
  CHECK(sum.assembled > count / 10);
}

TEST_CASE("a connection that reaches a shard which has stopped in the meantime is closed") {
  const CacheWorldPlan plan = CacheWorldPlan::draw(10'900);
  CHECK(run(plan).fault(plan) == "");
}

TEST_CASE("what one process stored the next one answers from disk, without asking the origin") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    CacheWorldPlan plan{.seed = seed, .keys = 40, .period = hours(24), .max_age = 7200};
    plan.disk_bytes = 6 << 20;
    plan.lives = 3;
    const CacheWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.right == outcome.requests);
    CHECK(outcome.from_disk > plan.keys);
    // Besides what everybody asks for himself: each key once, in the first life.
    CHECK(outcome.fetched < outcome.requests / 5 + outcome.requests / 20 + plan.keys);
  }
}

TEST_CASE("what was changed through the edge is never seen again, in no process after it") {
  uint64_t from_disk = 0;
  const auto [first, count] = runtime::SimSeeds::of(20);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    CacheWorldPlan plan{.seed = seed, .keys = 12, .period = hours(24), .max_age = 7200};
    plan.purge = 0.05;
    plan.disk_bytes = 6 << 20;
    plan.disk_takes_all = seed % 2 == 0;
    plan.lives = 4;
    plan.power_loss = 0.5;
    plan.changes_are_certain = true;
    const CacheWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.right > outcome.requests * 9 / 10);
    from_disk += outcome.from_disk;
  }
  CHECK(from_disk > 10 * count);
}

// Between the tiers: who looks on disk while a change makes void what is stored must not bring it
// back into memory behind the change. Shards that stand still now and then give him the time.
TEST_CASE("what was changed while many ask for it does not come back from disk") {
  const auto [first, count] = runtime::SimSeeds::of(16);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    CacheWorldPlan plan{.seed = seed, .shards = 3, .clients = 100, .requests = 100, .keys = 1};
    plan.client_pause = milliseconds(20);
    plan.shard.stall_chance = 0.2;
    plan.shard.stall_spread = milliseconds(5);
    plan.period = hours(24);
    plan.max_age = 7200;
    plan.body_bytes_max = 500;
    plan.purge = 0.001;
    plan.disk_bytes = 6 << 20;
    plan.changes_are_certain = true;
    const CacheWorldOutcome outcome = run(plan);
    CHECK(outcome.fault(plan) == "");
    CHECK(outcome.right == outcome.requests);
  }
}

TEST_CASE("whatever the disk does and however the edge ends, nobody gets what he may not") {
  const auto [first, count] = runtime::SimSeeds::of(60);
  CacheWorldOutcome sum;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const CacheWorldPlan plan = CacheWorldPlan::draw_with_disk(seed);
    const CacheWorldOutcome outcome = run(plan);
    INFO("replay with WEIR_SIM_SEED=", seed);
    CHECK(outcome.fault(plan) == "");
    sum.requests += outcome.requests;
    sum.right += outcome.right;
    sum.from_disk += outcome.from_disk;
  }
  if (count < 50) return;
  CHECK(sum.right > sum.requests / 3);
  CHECK(sum.from_disk > count);
}

}  // namespace weir::sim
