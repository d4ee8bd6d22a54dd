#include "sim/edge_world.h"

#include "runtime/waiter.h"
#include "sim/simulated_edge.h"

namespace weir::sim {
namespace {

using runtime::Shard;
using runtime::SimProcess;
using runtime::SimWorld;

const Address edge_address = *Address::parse("10.0.0.1:80");
const Address client_host = *Address::parse("10.0.0.2:0");
const Address origin_addresses[2] = {*Address::parse("10.0.1.1:8000"),
                                     *Address::parse("10.0.1.2:8000")};
// What a request may take beyond the edge's own limit: the last piece on a slow link, a late FIN.
constexpr Duration grace = seconds(60);
constexpr Duration run_limit = hours(6);
constexpr Duration drain_limit = minutes(10);

runtime::SimFaults faults_of(const EdgeWorldPlan& plan) {
  return {.link = plan.origin_link, .shard = plan.shard};
}

SimulatedEdgeOptions edge_options(const EdgeWorldPlan& plan) {
  SimulatedEdgeOptions options{.address = edge_address};
  for (const Address& address : origin_addresses)
    options.origin_urls.push_back("http://" + address.to_string());
  options.request_timeout = plan.request_timeout;
  options.connections_max = plan.connections_max;
  options.origin_connections_max = plan.origin_connections_max;
  options.origin_http2 = plan.http2.has_value();
  return options;
}

ClientOptions client_options(const EdgeWorldPlan& plan) {
  ClientOptions options;
  options.service = edge_address;
  options.answer_limit = plan.request_timeout + grace;
  options.link_may_be_silent = plan.client_link.silence_chance > 0;
  return options;
}

}  // namespace

EdgeWorldPlan EdgeWorldPlan::draw(uint64_t seed) {
  Random random(seed);
  EdgeWorldPlan plan{.seed = seed};
  plan.client_link = runtime::SimLinkFaults::draw(random);
  plan.origin_link = runtime::SimLinkFaults::draw(random);
  plan.shard = runtime::SimShardFaults::draw(random);
  plan.clients = ClientMix::draw(random);
  plan.origin = OriginMix::draw(random);
  plan.stops_early = random.below(6) == 0;
  plan.request_timeout = seconds(1 + random.below(60));
  if (random.below(8) == 0) plan.connections_max = 2 + static_cast<uint32_t>(random.below(8));
  if (random.below(4) == 0)
    plan.origin_connections_max = 1 + static_cast<uint32_t>(random.below(4));
  return plan;
}

std::string EdgeWorldOutcome::fault() const {
  if (clients.violations > 0) return "clients: " + clients.first_violation;
  for (const OriginTally& origin : origins)
    if (origin.violations > 0) return "origin: " + origin.first_violation;
  if (tasks_left > 0) return "a process did not end";
  if (sockets_left > 0) return std::to_string(sockets_left) + " sockets were never closed";
  return {};
}

EdgeWorldPlan EdgeWorldPlan::draw_http2(uint64_t seed) {
  EdgeWorldPlan plan = draw(seed);
  Random random(~seed);
  plan.http2 = SimHttp2Limits::draw(random);
  return plan;
}

namespace {

// The rest of the world, behind whose origins of either kind the edge stands.
template <class Origin>
EdgeWorldOutcome run_with(const EdgeWorldPlan& plan, SimWorld& world, Origin& first,
                          Origin& second) {
  EdgeWorldOutcome outcome;
  ScriptedClients clients(client_options(plan), plan.clients);
  {
    SimProcess one(world, origin_addresses[0], 1, [&](Shard& shard) { return first.run(shard); });
    SimProcess two(world, origin_addresses[1], 1, [&](Shard& shard) { return second.run(shard); });
    SimulatedEdge edge(world, edge_options(plan));
    SimProcess asking(world, client_host, 1, [&](Shard& shard) { return clients.run(shard); });
    if (plan.stops_early) {
      world.run_until(world.now() + milliseconds(world.random().below(4'000)));
      edge.drain(drain_limit);
    }
    outcome.tasks_left += !asking.join(run_limit);
    edge.drain(drain_limit);
    outcome.tasks_left += !edge.process().join(drain_limit);
  }
  outcome.clients = clients.tally();
  outcome.origins[0] = first.tally();
  outcome.origins[1] = second.tally();
  outcome.trace_hash = world.trace_hash();
  outcome.turns = world.turns();
  outcome.sockets_left = world.network().sockets();
  return outcome;
}

}  // namespace

EdgeWorldOutcome run(const EdgeWorldPlan& plan) {
  SimWorld world(plan.seed, faults_of(plan));
  world.network().set_faults(edge_address, plan.client_link);
  const int listeners[2] = {*world.network().open_listener(origin_addresses[0]),
                            *world.network().open_listener(origin_addresses[1])};
  if (plan.http2) {
    SimHttp2Origin first(listeners[0], plan.origin, *plan.http2);
    SimHttp2Origin second(listeners[1], plan.origin, *plan.http2);
    return run_with(plan, world, first, second);
  }
  ScriptedOrigin first(listeners[0], plan.origin);
  ScriptedOrigin second(listeners[1], plan.origin);
  return run_with(plan, world, first, second);
}

}  // namespace weir::sim
