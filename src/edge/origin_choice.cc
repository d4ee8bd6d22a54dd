#include "edge/origin_choice.h"

#include <algorithm>

#include "edge/grpc_call.h"

namespace weir::edge {

SiteOrigin& choose_origin(EdgeShard& edge, ShardGeneration& generation, size_t site_index,
                          const SiteOrigin* failed) {
  auto& origins = generation.clients[site_index];
  if (origins.size() == 1) return origins.front();
  const MonoTime now = edge.shard().now();
  std::vector<OriginFacts>& facts = edge.origin_facts();
  facts.clear();
  for (const SiteOrigin& origin : origins) {
    net::OriginShare& share = origin.client->pool().share();
    facts.push_back({.healthy = share.healthy(),
                     .breaker_open = share.breaker().refuses(now),
                     .failed = &origin == failed,
                     .wants_probe = share.breaker().wants_probe(now),
                     .busy = share.busy(),
                     .latency = origin.estimate.at(now)});
  }
  return origins[pick_origin(facts, edge.shard().reactor().random()())];
}

bool has_elsewhere(const ShardGeneration& generation, size_t site_index, const FailedAsk& last,
                   const SiteOrigin* failed) {
  if (last.error.code == ErrorCode::breaker_open && failed) return false;
  const MonoTime now = generation.edge.shard().now();
  return std::ranges::any_of(generation.clients[site_index], [&](const SiteOrigin& origin) {
    return &origin != last.origin && !origin.client->pool().share().breaker().refuses(now);
  });
}

void settle_retry(const FailedAsk& before, bool made) {
  if (before.origin) before.origin->client->retried(before.attempt, made);
}

FailedAsk to_tell(const FailedAsk& last, const FailedAsk& before) {
  return last.error.code == ErrorCode::breaker_open && before.origin ? before : last;
}

uint16_t status_for(const EdgeRequest& request, ErrorCode code) {
  if (is_late_call(request)) return 504;
  switch (code) {
    case ErrorCode::timed_out:
      return 504;
    case ErrorCode::overloaded:
    case ErrorCode::cancelled:
      return 503;
    default:
      return 502;
  }
}

}  // namespace weir::edge
