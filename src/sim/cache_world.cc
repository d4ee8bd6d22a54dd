#include "sim/cache_world.h"

#include "edge/cache_metrics.h"
#include "sim/simulated_edge.h"
#include "sim/versioned.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::SimProcess;
using runtime::SimWorld;

const Address edge_address = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");
const Address origin_address = *Address::parse("10.0.1.1:8000");
constexpr Duration run_limit = hours(12);
constexpr Duration drain_limit = minutes(10);
// A fetch that was under way when the version changed: what the origin may take to answer.
constexpr Duration fetch_limit = seconds(20);

uint64_t assembled(const telemetry::Registry& registry) {
  return registry.total(edge::cache_assembled_decl);
}

double maybe(Random& random, double most) {
  return random.below(3) == 0 ? random.unit() * most : 0;
}

SimulatedEdgeOptions edge_options(const CacheWorldPlan& plan, size_t shards) {
  SimulatedEdgeOptions options{.address = edge_address, .shards = shards};
  options.origin_urls = {"http://" + origin_address.to_string()};
  options.request_timeout = fetch_limit;
  options.origin_timeout = fetch_limit / 2;
  options.cache_bytes = plan.cache_bytes;
  options.disk_bytes = plan.disk_bytes;
  options.disk_takes_all = plan.disk_takes_all;
  options.range_bytes_max = plan.range_bytes_max;
  return options;
}

// One process of the edge, from its begin to its end.
void live(SimWorld& world, const CacheWorldPlan& plan, size_t shards, VersionedClients& clients,
          CacheWorldOutcome& outcome) {
  SimulatedEdge edge(world, edge_options(plan, shards));
  SimProcess asking(world, client_host, 1, [&](Shard& shard) { return clients.run(shard); });
  clients.watch(edge.service().store());
  if (world.random().unit() < plan.power_loss) {
    world.run_until(world.now() + milliseconds(world.random().below(60'000)));
    world.disk(edge_address).cut_power();
    clients.set_durable(false);
  }
  outcome.tasks_left += !asking.join(run_limit);
  outcome.assembled += assembled(edge.registry());
  edge.drain(drain_limit);
  outcome.tasks_left += !edge.process().join(drain_limit);
}

}  // namespace

CacheWorldPlan CacheWorldPlan::draw(uint64_t seed) {
  Random random(seed);
  CacheWorldPlan plan{.seed = seed};
  plan.client_link = runtime::SimLinkFaults::draw(random);
  plan.origin_link = runtime::SimLinkFaults::draw(random);
  plan.shard = runtime::SimShardFaults::draw(random);
  plan.shards = 1 + random.below(3);
  plan.clients = 2 + random.below(10);
  plan.requests = 10 + random.below(40);
  plan.keys = 1 + random.below(8);
  plan.client_pause = milliseconds(1 + random.below(random.below(2) == 0 ? 50 : 8'000));
  plan.period = seconds(1 + static_cast<int64_t>(random.below(60)));
  plan.max_age = static_cast<int64_t>(random.below(20));
  if (random.below(2) == 0) plan.stale_while_revalidate = static_cast<int64_t>(random.below(20));
  if (random.below(2) == 0) plan.stale_if_error = static_cast<int64_t>(random.below(60));
  plan.must_revalidate = random.below(4) == 0;
  plan.body_bytes_max = uint64_t{100} << random.below(13);
  plan.slow = maybe(random, 0.5);
  plan.cut = maybe(random, 0.3);
  plan.error = maybe(random, 0.5);
  plan.hang_up = maybe(random, 0.3);
  plan.false_304 = maybe(random, 0.3);
  plan.chunked = random.unit();
  plan.purge = maybe(random, 0.2);
  plan.whole_instead = maybe(random, 0.3);
  plan.ignores_if_range = maybe(random, 0.5);
  plan.false_range = maybe(random, 0.3);
  plan.weak = random.below(4) == 0;
  plan.part = maybe(random, 1);
  if (random.below(2) == 0) plan.range_bytes_max = random.below(plan.body_bytes_max);
  if (random.below(3) == 0) plan.cache_bytes = 1 << 20;
  return plan;
}

CacheWorldPlan CacheWorldPlan::draw_with_disk(uint64_t seed) {
  CacheWorldPlan plan = draw(seed);
  Random random(seed ^ 0x6469736b);
  plan.disk_bytes = 6 << 20;
  plan.disk_takes_all = random.below(2) == 0;
  if (random.below(3) != 0) plan.disk = runtime::SimDiskFaults::draw(random);
  plan.lives = 2 + random.below(2);
  plan.power_loss = maybe(random, 1);
  plan.keys = 1 + random.below(60);
  plan.max_age = static_cast<int64_t>(random.below(120));
  plan.cache_bytes = 1 << 20;
  // From one process to the next, time is what the wall clock says.
  plan.shard.wall_jump_chance = 0;
  return plan;
}

Duration CacheWorldPlan::grace() const {
  const int64_t stale = must_revalidate ? 0 : std::max(stale_while_revalidate, stale_if_error);
  return seconds(max_age + stale) + fetch_limit;
}

std::string CacheWorldOutcome::fault(const CacheWorldPlan& plan) const {
  if (violations > 0) return first_violation;
  if (held_bytes_max > plan.cache_bytes)
    return "the cache held " + std::to_string(held_bytes_max) + " bytes of " +
           std::to_string(plan.cache_bytes);
  if (tasks_left > 0) return "a process did not end";
  if (sockets_left > 0) return std::to_string(sockets_left) + " sockets were never closed";
  return {};
}

CacheWorldOutcome run(const CacheWorldPlan& plan) {
  CacheWorldOutcome outcome;
  SimWorld world(plan.seed, {.link = plan.origin_link, .shard = plan.shard, .disk = plan.disk});
  world.network().set_faults(edge_address, plan.client_link);
  VersionedOrigin origin(*world.network().open_listener(origin_address), plan, outcome);
  VersionedClients clients(edge_address, plan, outcome);
  {
    SimProcess behind(world, origin_address, 1, [&](Shard& shard) { return origin.run(shard); });
    for (size_t i = 0; i < plan.lives; ++i) {
      live(world, plan, i == 0 ? plan.shards : 1 + (plan.shards + i) % 3, clients, outcome);
      world.disk(edge_address).start_up();
      clients.set_durable(true);
    }
  }
  outcome.sockets_left = world.network().sockets();
  return outcome;
}

}  // namespace weir::sim
