#include "edge/origin_choice.h"

#include <algorithm>

namespace weir::edge {

SiteOrigin& choose_origin(EdgeShard& edge, ShardGeneration& generation, size_t site_index) {
  auto& origins = generation.clients[site_index];
  if (origins.size() == 1) return origins.front();
  const MonoTime now = edge.shard().now();
  const size_t first = edge.shard().reactor().random().below(origins.size());
  SiteOrigin* best = nullptr;
  std::pair<bool, uint32_t> best_rank;
  for (size_t i = 0; i < origins.size(); ++i) {
    SiteOrigin& origin = origins[(first + i) % origins.size()];
    net::OriginShare& share = origin.client->pool().share();
    const bool open = share.breaker().state(now) == net::BreakerState::open;
    const std::pair rank(open,
                         share.connections() - std::min(share.connections(), share.idle_count()));
    if (best && rank >= best_rank) continue;
    best = &origin;
    best_rank = rank;
  }
  return *best;
}

uint16_t status_for(ErrorCode code) {
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
