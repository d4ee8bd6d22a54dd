#pragma once
// Passes an origin's answer on to the client, as it arrives.

#include "edge/edge_request.h"
#include "net/exchange.h"

namespace weir::edge {

// The final answer, head and body. When the origin fails in the middle, the client sees that the
// answer is not whole: a 502 if nothing of it has left yet, a reset otherwise. A call of gRPC whose
// time is over is told that as its outcome, in trailers where there can be any.
runtime::Task<> deliver(EdgeRequest& request, net::OriginExchange& origin,
                        const wire::ResponseHead& head, runtime::Wait wait);

}  // namespace weir::edge
