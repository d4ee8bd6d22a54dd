#pragma once
// Which origin of a site is asked, and what its failures are to clients.

#include "base/result.h"
#include "edge/edge_shard.h"

namespace weir::edge {

// The origin with the fewest connections at work whose breaker lets requests through; among equals
// any. The site has at least one.
SiteOrigin& choose_origin(EdgeShard& edge, ShardGeneration& generation, size_t site_index);

// The status that says what became of asking: 504, 503 or 502.
uint16_t status_for(ErrorCode code);

}  // namespace weir::edge
