#pragma once
// A WebSocket through the edge: after the 101 the two connections are one tunnel of bytes, until
// either side ends it, nothing moves for too long, or the shard closes.

#include "edge/edge_request.h"
#include "net/exchange.h"

namespace weir::edge {

runtime::Task<> tunnel(EdgeRequest& request, net::OriginExchange& origin,
                       const wire::ResponseHead& head);

}  // namespace weir::edge
